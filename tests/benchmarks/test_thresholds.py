"""What a threshold rejects is counted apart from what it lets pass, and told as it is."""

import json
from typing import get_args

import numpy as np

from benchmarks.thresholds import outcomes
from mnist_infer.cli.options import RowMinConfidence
from mnist_infer.results import READING_THRESHOLD
from tests.paths import ROOT


def test_right_answers_that_are_rejected_and_wrong_ones_that_pass_are_counted():
    confidence = np.array([0.99, 0.6, 0.95, 0.3, 0.0])
    is_right = np.array([True, True, False, False, False])
    found = outcomes(confidence, is_right)
    assert found["0"] == {"pictures": 5, "right_rejected": 0, "wrong_accepted": 2}
    assert found["0.7"] == {"pictures": 5, "right_rejected": 1, "wrong_accepted": 1}
    assert found["0.99"] == {"pictures": 5, "right_rejected": 1, "wrong_accepted": 0}


def test_the_help_of_read_says_what_its_threshold_rejects():
    results = json.loads((ROOT / "benchmarks/results/thresholds.json").read_text(encoding="utf-8"))
    everything, kept = (results["numbers"][key] for key in ("0", f"{READING_THRESHOLD:g}"))
    wrong = everything["wrong_accepted"]
    rejected_of_right = kept["right_rejected"] / (everything["pictures"] - wrong)
    rejected_of_wrong = 1 - kept["wrong_accepted"] / wrong
    help_text = get_args(RowMinConfidence)[1].help
    assert f"rejects {rejected_of_right:.0%} of pictures that are read right" in help_text
    assert f"{rejected_of_wrong:.0%} of those that are read wrong" in help_text
