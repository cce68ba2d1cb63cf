"""The networks that read a picture together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Network: TypeAlias = Callable[[NDArray[np.uint8]], NDArray[np.float32]]

NO_DIGIT = 10
"""The cell network's class for anything but a digit; the classes before it are the digits."""


@dataclass(frozen=True)
class Networks:
    """The networks that read a picture together, each as a function of its images."""

    classify: Network
    """The digit network: uint8 `(N, 28, 28)` -> float32 `(N, 10)` probabilities."""

    read_row: Network
    """The row network: uint8 `(32, W)` as `row_image` makes it -> float32 `(W / 4, 11)`
    log-probabilities, for each step of CTC's blank and the digits."""

    classify_cells: Network
    """The cell network: uint8 `(N, 32, 32)` as `cell_image` makes them -> float32 `(N, 11)`
    log-probabilities."""


def classify_variants(
    variants: Sequence[NDArray[np.uint8]], classify: Network
) -> NDArray[np.float32]:
    """Average the probabilities over the variants of each digit: test-time augmentation.

    Args:
        variants: uint8 `(K, 28, 28)` of each of N digits; K from 1.
        classify: uint8 `(M, 28, 28)` -> float32 `(M, 10)` probabilities.

    Returns:
        float32 `(N, 10)`.
    """
    counts = [len(each) for each in variants]
    probabilities = classify(variants[0] if len(variants) == 1 else np.concatenate(variants))
    if len(probabilities) == len(counts):
        return probabilities
    starts = np.cumsum([0, *counts[:-1]])
    sums: NDArray[np.float32] = np.add.reduceat(probabilities, starts)
    return sums / np.array(counts, np.float32)[:, np.newaxis]
