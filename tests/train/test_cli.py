import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from train import cli
from train.cli import app
from train.recipes import RECIPES, Augmentation, Dense, FineTuning, FurtherCycles


@pytest.fixture
def offline(monkeypatch, digits):
    """The command line on scikit-learn's digits instead of MNIST."""
    monkeypatch.setattr("train.data.load_mnist", lambda data: digits)


def invoke(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_recipes_are_listed():
    listed = invoke("recipes")
    assert listed.exit_code == 0
    assert [line.split()[0] for line in listed.stdout.splitlines()] == list(RECIPES)


@pytest.mark.parametrize("command", [(), ("fit",), ("reproduce",)])
def test_every_command_has_help(command):
    assert invoke(*command, "--help").exit_code == 0


def test_fit_shows_what_the_notebook_shows(offline, tmp_path):
    done = invoke("fit", "dlwp-sparse", "--epochs", 2, "--batch-size", 32, "--output", tmp_path)
    assert done.exit_code == 0, done.output
    for shown in (
        "(1200, 28, 28)",
        "uint8",
        "Total params: 407,050",
        "epoch  1/2  accuracy 0.",
        "epoch  2/2  accuracy 0.",
        "test loss 0.",
        "test accuracy 0.",
        "points above",
        "test digit 0: ",
        "test digit 9: ",
    ):
        assert shown in done.stdout
    assert "test digit 10" not in done.stdout
    assert (tmp_path / "digits.keras").is_file()  # as the recipe names it
    assert json.loads((tmp_path / "run.json").read_text())["model"] == "digits.keras"


def test_a_robust_fit_leaves_its_calibration_and_no_checkpoint(offline, tmp_path, monkeypatch):
    recipe = replace(
        RECIPES["robust-512"],
        layers=(Dense(16, "relu"), Dense(10, "softmax")),
        augmentation=Augmentation(styles=50, coarse=20, nondigits=30, held_out=200),
    )
    monkeypatch.setattr(cli, "RECIPES", {recipe.name: recipe})
    done = invoke(
        "fit", recipe.name, "--epochs", 5, "--batch-size", 64, "--seed", 1, "--output", tmp_path
    )
    assert done.exit_code == 0, done.output
    assert "val_accuracy" in done.stdout
    record = json.loads((tmp_path / "run.json").read_text())
    assert record["recipe"] == "robust-512"
    assert set(record["calibration"]) == {
        "temperature",
        "held_out_loss",
        "held_out_accuracy",
        "test_calibration_error",
    }
    assert not list(tmp_path.glob("cycle-*"))


@pytest.mark.slow
def test_further_cycles_and_fine_tuning_are_told_as_one_fit(offline, tmp_path, monkeypatch):
    augmentation = Augmentation(styles=50, coarse=20, nondigits=30, held_out=200)
    recipe = replace(
        RECIPES["robust-512x2"],
        layers=(Dense(16, "relu"), Dense(10, "softmax")),
        epochs=2,
        further=FurtherCycles(cycles=1, epochs=1),
        fine_tuning=FineTuning(augmentation, epochs=1),
        augmentation=augmentation,
    )
    monkeypatch.setattr(cli, "RECIPES", {recipe.name: recipe})
    done = invoke("fit", recipe.name, "--batch-size", 64, "--output", tmp_path)
    assert done.exit_code == 0, done.output
    assert re.findall(r"epoch +(\d+)/(\d+)", done.stdout) == [(str(i), "4") for i in range(1, 5)]
    assert done.stdout.count("Total params") == 1
    assert not list(tmp_path.glob("cycle-*"))


def test_options_reach_the_run(offline, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = invoke("fit", "mnist-mlp", "--seed", 9, "--epochs", 1, "--batch-size", 64)
    assert done.exit_code == 0, done.output
    assert "val_accuracy" in done.stdout
    saved, following = done.stdout.splitlines()[-2:]
    for picture in ("architecture", "curves", "confusion", "mistakes"):
        assert str(Path("runs", "mnist-mlp", f"{picture}.png")) in saved
    model = Path("runs", "mnist-mlp", "model.keras")
    assert following.endswith(f"python -m export {model} --name mnist-mlp")
    record = json.loads((tmp_path / "runs" / "mnist-mlp" / "run.json").read_text())
    assert (record["seed"], record["epochs"], record["batch_size"]) == (9, 1, 64)


@pytest.mark.parametrize(
    "arguments",
    [
        ("fit",),
        ("fit", "vgg"),
        ("fit", "dlwp", "--epochs", 0),
        ("fit", "dlwp", "--batch-size", 0),
        ("fit", "dlwp", "--seed", -1),
        ("fit", "dlwp", "--seed", 2**32),
        ("reproduce", "--seeds", 0),
    ],
)
def test_wrong_usage_exits_with_2(arguments):
    assert invoke(*arguments).exit_code == 2


def test_an_unknown_recipe_is_answered_with_the_known_ones():
    message = " ".join(invoke("fit", "vgg").stderr.split())
    assert "vgg" in message
    assert "mnist-mlp" in message


@pytest.mark.parametrize("command", [("fit", "dlwp"), ("reproduce",)])
def test_missing_data_is_one_line_on_stderr(command, tmp_path):
    done = invoke(*command, "--data", tmp_path / "none.npz", "--output", tmp_path / "out")
    assert done.exit_code == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert "does not exist" in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_output_that_is_a_file_is_noticed_before_fitting(tmp_path):
    (tmp_path / "taken").write_text("")
    done = invoke("fit", "dlwp", "--output", tmp_path / "taken")
    assert done.exit_code == 1
    assert "taken" in done.stderr


@pytest.mark.parametrize(("bar", "exit_code"), [(0.1, 0), (1.0, 1)])
def test_reproduce_exits_by_its_verdict(offline, tmp_path, monkeypatch, bar, exit_code):
    recipe = replace(RECIPES["dlwp"], epochs=1, batch_size=32, min_accuracy=bar)
    monkeypatch.setattr(cli, "RECIPES", {recipe.name: recipe})
    done = invoke("reproduce", "--seeds", 1, "--output", tmp_path)
    assert done.exit_code == exit_code, done.output
    page = (tmp_path / "reproduce.md").read_text()
    assert "python -m train reproduce --seeds 1" in page
    assert ("MISSED" in page) == bool(exit_code)
