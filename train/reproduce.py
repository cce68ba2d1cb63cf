"""Fits recipes with several seeds and compares what comes out with what is documented."""

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import keras

from train.data import Mnist
from train.fit import Fitted, fit
from train.recipes import Recipe
from train.robust import fit_robust


@dataclass(frozen=True)
class Trial:
    """What one seed gave; `losses` are the training losses after each epoch."""

    seed: int
    train_accuracy: float
    test_accuracy: float
    test_loss: float
    losses: tuple[float, ...]
    calibration_error: float | None = None  # on the test set, in 15 bins


@dataclass(frozen=True)
class Reproduction:
    """One recipe's trials, seed by seed."""

    recipe: Recipe
    trials: tuple[Trial, ...]

    @property
    def accuracies(self) -> list[float]:
        """The test accuracies."""
        return [trial.test_accuracy for trial in self.trials]

    @property
    def mean(self) -> float:
        """The mean test accuracy."""
        return statistics.fmean(self.accuracies)

    @property
    def deviation(self) -> float:
        """The sample standard deviation of the test accuracy, 0 for a single seed."""
        return statistics.stdev(self.accuracies) if len(self.trials) > 1 else 0.0

    @property
    def train_accuracy(self) -> float:
        """The mean training accuracy of the last epoch."""
        return statistics.fmean(trial.train_accuracy for trial in self.trials)

    @property
    def test_loss(self) -> float:
        """The mean test loss."""
        return statistics.fmean(trial.test_loss for trial in self.trials)

    @property
    def calibration_error(self) -> float | None:
        """The mean calibration error on the test set, None for a recipe without calibration."""
        errors = [each.calibration_error for each in self.trials]
        given = [error for error in errors if error is not None]
        return statistics.fmean(given) if given else None

    @property
    def losses(self) -> list[float]:
        """The training loss after each epoch, averaged over the seeds."""
        epochs = zip(*(trial.losses for trial in self.trials), strict=True)
        return [statistics.fmean(losses) for losses in epochs]

    @property
    def met(self) -> bool:
        """Whether the mean test accuracy meets the recipe's minimum."""
        return self.mean >= self.recipe.min_accuracy


def reproduce(
    recipes: Iterable[Recipe],
    mnist: Mnist,
    seeds: Iterable[int],
    on_fit: Callable[[Fitted], None],
    checkpoints: Path = Path("runs"),
) -> list[Reproduction]:
    """Fit each recipe with each seed and call `on_fit` after every fit.

    Augmented recipes leave a checkpoint for each seed in a folder of `checkpoints`: what was
    fitted before a kill is not fitted again.
    """
    seeds = tuple(seeds)
    return [
        Reproduction(
            recipe, tuple(_trial(recipe, mnist, seed, on_fit, checkpoints) for seed in seeds)
        )
        for recipe in recipes
    ]


def _trial(
    recipe: Recipe,
    mnist: Mnist,
    seed: int,
    on_fit: Callable[[Fitted], None],
    checkpoints: Path,
) -> Trial:
    keras.utils.clear_session()  # or every network stays in memory until the last one is fitted
    if augmentation := recipe.augmentation:
        folder = checkpoints / f"{recipe.name}-seed-{seed}"
        folder.mkdir(parents=True, exist_ok=True)
        fitted = fit_robust(recipe, augmentation, mnist, folder, seed=seed)
    else:
        fitted = fit(recipe, mnist, seed=seed)
    on_fit(fitted)
    return Trial(
        seed,
        fitted.train_accuracy,
        fitted.test_accuracy,
        fitted.test_loss,
        tuple(fitted.history["loss"]),
        fitted.calibration.test_calibration_error if fitted.calibration else None,
    )
