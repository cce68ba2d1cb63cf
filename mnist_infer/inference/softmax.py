"""Scores to probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def softmax(scores: NDArray[Any]) -> NDArray[Any]:
    """Turn scores, natural logarithms, into probabilities along the last axis; the same shape."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def are_probabilities(rows: NDArray[Any]) -> bool:
    """Say whether each row `(N, 10)` is one of probabilities, rather than logits."""
    return bool(rows.min() >= -1e-6 and np.allclose(rows.sum(axis=1), 1, atol=1e-3))
