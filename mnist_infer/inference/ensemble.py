"""One answer from the digit network and, where that may be wrong, from the row network too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mnist_infer.inference.ctc import single_digits
from mnist_infer.inference.softmax import softmax
from mnist_infer.inference.tta import classify_variants

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from mnist_infer.errors import ImageError
    from mnist_infer.inference.tta import Classify

    ReadRow = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
    """uint8 `(32, W)` as `row_image` makes it -> float32 `(T, 11)` log-probabilities."""

SURE = 0.95
"""With this confidence the digit network is not helped."""

ROW_WEIGHT = 0.5
"""Weight of the row network's log-probabilities; the digit network's is 1."""

CERTAIN = 0.9
"""Probability with which the row network must see one digit on a picture where nothing has the
shape of one."""

MIN_LOG_PROBABILITY = -12.0
"""What the row network's count as at least, against its best."""


@dataclass(frozen=True, slots=True, eq=False)
class NetworkInputs:
    """What the networks see of a picture of one digit.

    `variants` is uint8 `(K, 28, 28)`, for the digit network; `rows` are uint8 `(32, W)`, for the
    row network: the digit on its paper, then the whole picture where ink was removed from it; none
    where the picture already is in the MNIST format. `doubt` is why there may not be one digit:
    then only the row network is asked.
    """

    variants: NDArray[np.uint8]
    rows: tuple[NDArray[np.uint8], ...] = ()
    doubt: ImageError | None = None


def classify(
    inputs: Sequence[NetworkInputs], classify_digits: Classify, read_row: ReadRow | None
) -> NDArray[np.float32]:
    """Classify pictures of one digit.

    The digit network sees the digit cut out and in the MNIST format, the row network sees it
    on its paper: an error in cutting out misleads only one of them. It is asked where the digit
    network is unsure, and where ink was removed, which may have been the digit's.

    Args:
        inputs: What both see of each of N pictures.
        classify_digits: uint8 `(M, 28, 28)` -> float32 `(M, 10)` probabilities.
        read_row: The row network; None: the digit network answers alone.

    Returns:
        float32 `(N, 10)` probabilities; all 0 where there is a doubt and the row network does not
        see one digit either.
    """
    rows = classify_variants([each.variants for each in inputs], classify_digits)
    rows[[each.doubt is not None for each in inputs]] = 0
    if read_row is None:
        return rows
    for number, seen in enumerate(inputs):
        if len(seen.rows) == 1 and rows[number].max() >= SURE:
            continue
        for row in seen.rows:
            scores = single_digits(read_row(row))
            rows[number] = _settle(scores) if seen.doubt else _combine(rows[number], scores)
    return rows


def _settle(row_scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ten probabilities where the row network is sure of one digit, else zeros."""
    likely = np.exp(row_scores)
    if likely.max() < CERTAIN:
        return np.zeros(len(likely))
    # What is left is for all that is not a single digit; probabilities sum to 1.
    return np.asarray(likely + (1 - likely.sum()) / len(likely))


def _combine(
    probabilities: NDArray[np.float32], row_scores: NDArray[np.float64]
) -> NDArray[np.float64]:
    scores = np.log(probabilities.clip(1e-9)) + ROW_WEIGHT * (row_scores - row_scores.max()).clip(
        MIN_LOG_PROBABILITY
    )
    return softmax(scores)
