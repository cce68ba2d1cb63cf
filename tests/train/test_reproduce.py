import json
from dataclasses import replace

import pytest

from train import results
from train.recipes import DLWP, Augmentation
from train.reproduce import Reproduction, Trial, reproduce


def reproduction(*accuracies: float) -> Reproduction:
    trials = (
        Trial(seed, 0.99, accuracy, 0.07, (0.25, 0.1, 0.07, 0.05, 0.04))
        for seed, accuracy in enumerate(accuracies)
    )
    return Reproduction(DLWP, tuple(trials))


def test_every_recipe_is_fitted_with_every_seed(digits, quick):
    told = []
    recipes = (quick, replace(quick, name="wide", epochs=1))
    outcome = reproduce(recipes, digits, (0, 5), told.append)
    assert [each.recipe.name for each in outcome] == ["dlwp", "wide"]
    assert [trial.seed for trial in outcome[1].trials] == [0, 5]
    assert [(fitted.recipe.name, fitted.seed) for fitted in told] == [
        ("dlwp", 0),
        ("dlwp", 5),
        ("wide", 0),
        ("wide", 5),
    ]
    assert len(outcome[0].losses) == 2


@pytest.mark.slow
def test_an_augmented_recipe_is_not_fitted_again(digits, quick, tmp_path):
    augmentation = Augmentation(styles=50, coarse=20, nondigits=30, held_out=200)
    # A checkpoint is written every five epochs.
    recipe = replace(quick, name="robust", epochs=5, augmentation=augmentation)
    (first,) = reproduce([recipe], digits, [1], lambda _: None, checkpoints=tmp_path)
    checkpoint = tmp_path / "robust-seed-1" / "cycle-0.keras"
    written = checkpoint.stat().st_mtime_ns
    (again,) = reproduce([recipe], digits, [1], lambda _: None, checkpoints=tmp_path)
    assert checkpoint.stat().st_mtime_ns == written
    assert again.trials == first.trials
    assert 0 < first.calibration_error < 1


def test_mean_and_deviation_are_over_the_seeds():
    outcome = reproduction(0.978, 0.980, 0.982)
    assert outcome.mean == pytest.approx(0.980)
    assert outcome.deviation == pytest.approx(0.002)
    assert outcome.losses == pytest.approx([0.25, 0.1, 0.07, 0.05, 0.04])
    assert reproduction(0.978).deviation == 0


def test_the_minimum_accuracy_is_for_the_mean():
    assert reproduction(0.977, 0.980).met
    assert not reproduction(0.977, 0.978).met


def test_the_page_and_the_record_have_every_trial(tmp_path):
    outcomes = [reproduction(0.979, 0.981), reproduction(0.9, 0.9)]
    results.save(outcomes, tmp_path / "new", command="a command", versions={"keras": "3"})
    page = (tmp_path / "new" / "reproduce.md").read_text()
    assert page.index("a command") < page.index("| recipe |")
    assert "| dlwp | 0.9789, 0.9783, 0.9777 | 0.9800 | 0.0014 | 0.9790 | 0.9810 | 2 |" in page
    assert "| met |" in page
    assert "| MISSED |" in page
    assert "| 1 | 0.2577 | 0.2500 | -0.0077 |" in page
    record = json.loads((tmp_path / "new" / "reproduce.json").read_text())
    assert record["command"] == "a command"
    assert [recipe["met"] for recipe in record["recipes"]] == [True, False]
    assert record["recipes"][0]["trials"][1]["test_accuracy"] == 0.981
