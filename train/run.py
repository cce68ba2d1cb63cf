"""Writes what a run leaves: the network, its history, its pictures and its record."""

import csv
import json
import platform
from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from train import plots
from train.data import Mnist
from train.fit import Fitted, as_input


def save(fitted: Fitted, mnist: Mnist, folder: Path) -> list[Path]:
    """Write the run into `folder`, which is made if it is missing; return its pictures.

    Leaves the `.keras` file, `history.csv`, four pictures, and last of all `run.json`: where that
    stands, the run is whole.

    Raises:
        OSError: the folder can't be made or written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    record = folder / "run.json"
    record.unlink(missing_ok=True)
    fitted.model.save(folder / fitted.recipe.model_file)
    _write_history(fitted, folder / "history.csv")
    pictures = _draw(fitted, mnist, folder)
    record.write_text(json.dumps(describe(fitted, mnist), indent=2) + "\n", encoding="utf-8")
    return pictures


def describe(fitted: Fitted, mnist: Mnist) -> dict[str, object]:
    """Return the content of `run.json`, the record that `export` reads."""
    return {
        "recipe": fitted.recipe.name,
        "seed": fitted.seed,
        "epochs": fitted.recipe.all_epochs,
        "batch_size": fitted.recipe.batch_size,
        "parameters": fitted.model.count_params(),
        "model": fitted.recipe.model_file,
        "dataset": "MNIST",
        "data_source": mnist.source,
        "versions": versions(),
        "results": {
            "train_loss": fitted.train_loss,
            "train_accuracy": fitted.train_accuracy,
            "test_loss": fitted.test_loss,
            "test_accuracy": fitted.test_accuracy,
        },
        **({"calibration": asdict(fitted.calibration)} if fitted.calibration else {}),
        "duration_s": round(fitted.duration_s, 3),
    }


def versions() -> dict[str, str]:
    """Return the versions that decide the numbers."""
    return {
        "python": platform.python_version(),
        "keras": keras.__version__,
        "tensorflow": tf.__version__,
        "numpy": np.__version__,
    }


def _write_history(fitted: Fitted, path: Path) -> None:
    metrics = sorted(fitted.history, key=lambda name: (name.startswith("val_"), "loss" not in name))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["epoch", *metrics])
        values = zip(*(fitted.history[metric] for metric in metrics), strict=True)
        writer.writerows([epoch, *row] for epoch, row in enumerate(values, start=1))


def _draw(fitted: Fitted, mnist: Mnist, folder: Path) -> list[Path]:
    probabilities = fitted.model.predict(as_input(mnist.x_test), batch_size=1000, verbose=0)
    test = {"loss": fitted.test_loss, "accuracy": fitted.test_accuracy}
    validated_on = "held out" if fitted.recipe.augmentation else "test"
    pictures = {
        "architecture": plots.architecture(fitted.model),
        "curves": plots.curves(fitted.history, test, validated_on),
        "confusion": plots.confusion(mnist.y_test, probabilities.argmax(axis=1)),
        "mistakes": plots.mistakes(mnist.x_test, mnist.y_test, probabilities),
    }
    paths = [folder / f"{name}.png" for name in pictures]
    for path, figure in zip(paths, pictures.values(), strict=True):
        figure.savefig(path)
    return paths
