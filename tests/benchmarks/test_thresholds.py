"""What a threshold rejects is counted apart from what it lets pass."""

import numpy as np

from benchmarks.thresholds import outcomes


def test_right_answers_that_are_rejected_and_wrong_ones_that_pass_are_counted():
    confidence = np.array([0.99, 0.6, 0.95, 0.3, 0.0])
    is_right = np.array([True, True, False, False, False])
    found = outcomes(confidence, is_right)
    assert found["0"] == {"pictures": 5, "right_rejected": 0, "wrong_accepted": 2}
    assert found["0.7"] == {"pictures": 5, "right_rejected": 1, "wrong_accepted": 1}
    assert found["0.99"] == {"pictures": 5, "right_rejected": 1, "wrong_accepted": 0}
