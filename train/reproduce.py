"""Fits recipes with several seeds and compares what comes out with what is documented."""

import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import keras

from train.data import Mnist
from train.fit import Fitted, fit
from train.recipes import Recipe


@dataclass(frozen=True)
class Trial:
    """What one seed gave; `losses` are the training losses after each epoch."""

    seed: int
    train_accuracy: float
    test_accuracy: float
    test_loss: float
    losses: tuple[float, ...]


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
    def losses(self) -> list[float]:
        """The training loss after each epoch, averaged over the seeds."""
        epochs = zip(*(trial.losses for trial in self.trials), strict=True)
        return [statistics.fmean(losses) for losses in epochs]

    @property
    def met(self) -> bool:
        """Whether the mean test accuracy meets the recipe's bar."""
        return self.mean >= self.recipe.bar


def reproduce(
    recipes: Iterable[Recipe],
    mnist: Mnist,
    seeds: Iterable[int],
    on_fit: Callable[[Fitted], None],
) -> list[Reproduction]:
    """Fits each recipe with each seed and calls `on_fit` after every fit."""
    seeds = tuple(seeds)
    return [
        Reproduction(recipe, tuple(_trial(recipe, mnist, seed, on_fit) for seed in seeds))
        for recipe in recipes
    ]


def _trial(recipe: Recipe, mnist: Mnist, seed: int, on_fit: Callable[[Fitted], None]) -> Trial:
    keras.utils.clear_session()  # or every network stays in memory until the last one is fitted
    fitted = fit(recipe, mnist, seed=seed)
    on_fit(fitted)
    losses = tuple(fitted.history["loss"])
    return Trial(seed, fitted.train_accuracy, fitted.test_accuracy, fitted.test_loss, losses)
