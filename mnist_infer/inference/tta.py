"""Test-time augmentation: one answer from one or several inputs of each digit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mnist_infer.inference.networks import Network


def classify_variants(
    inputs: Sequence[NDArray[np.uint8]], classify: Network
) -> NDArray[np.float32]:
    """Average the probabilities over each digit's inputs.

    Args:
        inputs: uint8 `(K, 28, 28)` of each of N digits; K from 1.
        classify: uint8 `(M, 28, 28)` -> float32 `(M, 10)` probabilities.

    Returns:
        float32 `(N, 10)`.
    """
    counts = [len(each) for each in inputs]
    probabilities = classify(inputs[0] if len(inputs) == 1 else np.concatenate(inputs))
    if len(probabilities) == len(counts):
        return probabilities
    starts = np.cumsum([0, *counts[:-1]])
    sums: NDArray[np.float32] = np.add.reduceat(probabilities, starts)
    return sums / np.array(counts, np.float32)[:, np.newaxis]
