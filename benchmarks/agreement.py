"""How far the answers of one way to run a network agree with those of another."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from benchmarks.timing import Row


def compare(
    actual: NDArray[np.float32], expected: NDArray[np.float32], labels: NDArray[np.uint8]
) -> Row:
    """Accuracy, answers that differ, and the largest difference of a probability.

    Args:
        actual: Probabilities, float32 `(N, 10)`.
        expected: Those that they are compared with.
        labels: uint8 `(N,)`.
    """
    answers = actual.argmax(axis=1)
    return {
        "accuracy": float((answers == labels).mean()),
        "label_changes": int((answers != expected.argmax(axis=1)).sum()),
        "largest_difference": float(np.abs(actual - expected).max()),
    }
