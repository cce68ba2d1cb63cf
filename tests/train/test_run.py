import csv
import json
from dataclasses import replace

import keras
import numpy as np
import pytest
from PIL import Image

from train import run
from train.fit import as_input, fit

PICTURES = ("architecture.png", "confusion.png", "curves.png", "mistakes.png")


@pytest.fixture(scope="module")
def fitted(digits, quick):
    return fit(replace(quick, validate=True), digits, seed=7)


@pytest.fixture(scope="module")
def folder(fitted, digits, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "new" / "folder"
    run.save(fitted, digits, folder)
    return folder


def test_a_run_leaves_these_files(folder):
    expected = {"model.keras", "history.csv", "run.json", *PICTURES}
    assert {file.name for file in folder.iterdir()} == expected


def test_the_record_says_what_was_fitted_and_how_well(folder, fitted):
    record = json.loads((folder / "run.json").read_text())
    assert list(record) == [
        "recipe",
        "seed",
        "epochs",
        "batch_size",
        "parameters",
        "model",
        "dataset",
        "data_source",
        "versions",
        "results",
        "duration_s",
    ]
    assert record["recipe"] == "dlwp"
    assert record["seed"] == 7
    assert record["epochs"] == 2
    assert record["batch_size"] == 32
    assert record["parameters"] == 407_050
    assert record["model"] == "model.keras"
    assert record["data_source"] == "scikit-learn"
    assert set(record["versions"]) == {"python", "keras", "tensorflow", "numpy"}
    assert record["results"] == {
        "train_loss": fitted.train_loss,
        "train_accuracy": fitted.train_accuracy,
        "test_loss": fitted.test_loss,
        "test_accuracy": fitted.test_accuracy,
    }


def test_the_history_has_a_row_per_epoch(folder, fitted):
    with (folder / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["epoch", "loss", "accuracy", "val_loss", "val_accuracy"]
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert [float(row["loss"]) for row in rows] == fitted.history["loss"]


@pytest.mark.parametrize("name", PICTURES)
def test_the_pictures_show_something(folder, name):
    with Image.open(folder / name) as picture:
        assert min(picture.size) > 500
        assert np.asarray(picture.convert("L")).std() > 5


def test_the_saved_network_answers_as_the_fitted_one(folder, fitted, digits):
    rows = as_input(digits.x_test[:50])
    saved = keras.saving.load_model(folder / "model.keras")
    assert np.array_equal(saved.predict(rows, verbose=0), fitted.model.predict(rows, verbose=0))
