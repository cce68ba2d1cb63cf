"""The command line of `train`: everything it prints is printed here."""

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from train.quiet import quiet_stderr
from train.recipes import RECIPES, Recipe

if TYPE_CHECKING:
    from train.data import Mnist
    from train.fit import Fitted
    from train.generated import Task

app = typer.Typer(
    help="Fit the documented MNIST networks, and the robust ones.",
    no_args_is_help=True,
    add_completion=False,
)

_Data = Annotated[
    str | None,
    typer.Option(
        metavar="PATH",
        help="MNIST: an .npz, or a folder with the four IDX files. "
        "Default: MNIST_DATA, Keras' cache, Keras' download.",
    ),
]

_Seed = Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Same seed, same weights.")]
_CycleEpochs = Annotated[
    int | None, typer.Option(min=1, help="Epochs of each cycle. Default: the recipe's.")
]
_Workers = Annotated[int, typer.Option(min=1, help="Processes that generate training batches.")]
_RunFolder = Annotated[Path, typer.Option(help="The run's folder.")]


def _recipe(name: str) -> Recipe:
    try:
        return RECIPES[name]
    except KeyError:
        raise typer.BadParameter(f"{name!r} is none of {', '.join(RECIPES)}.") from None


@app.command("recipes")
def recipes_command() -> None:
    """List the recipes."""
    for recipe in RECIPES.values():
        documented = ", ".join(f"{accuracy:g}" for accuracy in recipe.documented.test_accuracy)
        expected = documented or f"at least {recipe.min_accuracy:g}"
        typer.echo(
            f"{recipe.name:<12}  {recipe.all_epochs:>3} epochs  test accuracy {expected}  "
            f"{recipe.origin}"
        )


@app.command("fit")
def fit_command(
    recipe: Annotated[
        Recipe,
        typer.Argument(parser=_recipe, metavar="RECIPE", help=f"One of {', '.join(RECIPES)}."),
    ],
    seed: _Seed = 0,
    epochs: Annotated[
        int | None,
        typer.Option(min=1, help="Passes over the data, in one cycle. Default: the recipe's."),
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Images per step. Default: the recipe's.")
    ] = None,
    data: _Data = None,
    output: Annotated[
        Path | None, typer.Option(help="The run's folder. Default: runs/RECIPE.")
    ] = None,
) -> None:
    """Fit a recipe's network, say what came out, and leave a run folder."""
    recipe = replace(
        recipe,
        epochs=epochs or recipe.epochs,
        further=None if epochs else recipe.further,
        fine_tuning=None if epochs else recipe.fine_tuning,
        batch_size=batch_size or recipe.batch_size,
    )
    folder = output or Path("runs") / recipe.name
    with _failures():
        folder.mkdir(parents=True, exist_ok=True)  # before the minutes of fitting, not after
        mnist = _load_mnist(data)
        with quiet_stderr():
            from train import checkpoint, report, run
        typer.echo(report.data(mnist))
        fitted = _fit(recipe, mnist, folder, seed)
        _echo_result(fitted, mnist)
        pictures = run.save(fitted, mnist, folder)
        checkpoint.discard(folder)
    model = folder / recipe.model_file
    typer.echo(f"saved {model}, with pictures of the run: {', '.join(map(str, pictures))}")
    data_option = ["--data", data] if data else []
    command = ["python", "-m", "export", str(model), "--name", recipe.name, *data_option]
    typer.echo(f"to export it to ONNX: {shlex.join(command)}")


def _fit(recipe: Recipe, mnist: "Mnist", folder: Path, seed: int) -> "Fitted":
    """Fit a network; a terminal shows Keras' progress bar, anything else a line per epoch."""
    from train.fit import fit
    from train.progress import progress_callback
    from train.robust import fit_robust

    interactive = sys.stdout.isatty()
    progress = progress_callback(typer.echo, recipe.all_epochs, per_epoch=not interactive)
    shown: dict[str, Any] = {"verbose": int(interactive), "callbacks": [progress]}
    if augmentation := recipe.augmentation:
        return fit_robust(recipe, augmentation, mnist, folder, seed=seed, **shown)
    return fit(recipe, mnist, seed=seed, **shown)


def _echo_result(fitted: "Fitted", mnist: "Mnist") -> None:
    from train import report
    from train.fit import as_input

    typer.echo(f"test loss {fitted.test_loss:.4f}, test accuracy {fitted.test_accuracy:.4f}")
    typer.echo(report.overfitting(fitted.train_accuracy, fitted.test_accuracy))
    if count := fitted.recipe.show_predictions:
        probabilities = fitted.model.predict(as_input(mnist.x_test[:count]), verbose=0)
        typer.echo(report.predictions(probabilities, mnist.y_test[:count]))


@app.command("reproduce")
def reproduce_command(
    recipe: Annotated[
        list[Recipe] | None,
        typer.Option(parser=_recipe, metavar="RECIPE", help="Give it again for one more recipe."),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds, from 0 on.")] = 5,
    data: _Data = None,
    output: Annotated[Path, typer.Option(help="Where the table goes.")] = Path("train/results"),
) -> None:
    """Fit every documented recipe, or those given, with several seeds, and compare.

    Exits with 1 when a recipe misses its bar.
    """
    with _failures():
        output.mkdir(parents=True, exist_ok=True)
        mnist = _load_mnist(data)
        with quiet_stderr():
            from train import results, run
            from train.reproduce import reproduce
        documented = [each for each in RECIPES.values() if each.documented.test_accuracy]
        reproductions = reproduce(recipe or documented, mnist, range(seeds), _echo_fit)
        command = ["python", "-m", "train", "reproduce", "--seeds", str(seeds)]
        for each in recipe or ():
            command += ["--recipe", each.name]
        if data is not None:
            command += ["--data", data]
        results.save(reproductions, output, command=shlex.join(command), versions=run.versions())
    typer.echo(results.table(reproductions))
    if not all(reproduction.met for reproduction in reproductions):
        raise typer.Exit(1)


@app.command("rows")
def rows_command(
    seed: _Seed = 0,
    epochs: _CycleEpochs = None,
    workers: _Workers = 1,
    data: _Data = None,
    output: _RunFolder = Path("runs/rows"),
) -> None:
    """Fit the network that reads whole rows, on generated rows; goes on where a run was ended."""
    with _failures():
        with quiet_stderr():
            from train.rows.task import ROWS
        _fit_generated(ROWS, seed, epochs, workers, data, output)


@app.command("cells")
def cells_command(
    seed: _Seed = 0,
    epochs: _CycleEpochs = None,
    workers: _Workers = 1,
    data: _Data = None,
    output: _RunFolder = Path("runs/cells"),
) -> None:
    """Fit the network that judges each digit of a row; goes on where a run was ended."""
    with _failures():
        with quiet_stderr():
            from train.cells.task import CELLS
        _fit_generated(CELLS, seed, epochs, workers, data, output)


def _fit_generated(
    task: "Task", seed: int, epochs: int | None, workers: int, data: str | None, output: Path
) -> None:
    from train.generated import MODEL_FILE, fit_generated

    output.mkdir(parents=True, exist_ok=True)
    recipe = task.recipe
    if epochs:
        steps = epochs * recipe.steps_per_epoch
        cycles = tuple(replace(cycle, steps=steps) for cycle in recipe.cycles)
        warmup_steps = min(recipe.warmup_steps, steps // 2)
        recipe = replace(recipe, cycles=cycles, warmup_steps=warmup_steps)
    fit_generated(task, recipe, output, seed=seed, data=data, workers=workers)
    typer.echo(f"saved {output / MODEL_FILE}")


def _load_mnist(data: str | None) -> "Mnist":
    from train.data import load_mnist

    return load_mnist(data)


def _echo_fit(fitted: "Fitted") -> None:
    typer.echo(
        f"{fitted.recipe.name}  seed {fitted.seed}  test accuracy {fitted.test_accuracy:.4f}  "
        f"{fitted.duration_s:.1f} s"
    )


@contextmanager
def _failures() -> Iterator[None]:
    """Turn the failures that a user can put right into one line and exit code 1."""
    from train.data import DataError

    try:
        yield
    except (DataError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None
