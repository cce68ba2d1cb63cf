"""Turn scores into probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def softmax(scores: NDArray[Any]) -> NDArray[Any]:
    """Turn scores, natural logarithms, into probabilities along the last axis; the same shape."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def are_probabilities(outputs: NDArray[Any]) -> bool:
    """Say whether a network's outputs, `(N, 10)`, are probabilities rather than logits."""
    return bool(outputs.min() >= -1e-6 and np.allclose(outputs.sum(axis=1), 1, atol=1e-3))
