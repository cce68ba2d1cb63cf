"""One answer from the digit network and, where that may be wrong, from the other networks too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mnist_infer.inference.ctc import single_digits
from mnist_infer.inference.networks import NO_DIGIT
from mnist_infer.inference.softmax import softmax
from mnist_infer.inference.tta import classify_variants

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mnist_infer.errors import ImageError
    from mnist_infer.inference.networks import Network, Networks

SURE = 0.95
"""From this confidence on a digit is in no doubt: the digit network needs no second opinion, unless
ink was removed, and a page no second look."""

ROW_WEIGHT = 0.5
"""Weight of the row network's log-probabilities; the digit network's is 1."""

CELL_WEIGHT = 0.3
"""Weight of the cell network's log-probabilities. Without it 3 of 1,040 real digits are lost, and 7
of 2,160 generated ones."""

CERTAIN = 0.9
"""Probability with which the row network must see one digit on a picture where nothing has the
shape of one."""

NO_DIGIT_ODDS = 0.25
"""Odds that there is no digit on a picture that should have one, against those in the cells that
the cell network was fitted on: a 1 that leans is rather no slash. With 1, 9 of 2,160 generated
digits are lost, and 10 instead of 6 of 1,036 real ones fall below the recommended threshold; but
15 more of 364 pictures without a digit have no answer."""

SURELY_NONE = 0.8
"""Probability of no digit from which on there is no answer. With 0.9, 3 more of 3,200 digits are
right, and 10 more of 364 pictures without one have an answer."""

MIN_LOG_PROBABILITY = -12.0
"""What a network's log-probabilities count as at least, against its best."""


@dataclass(frozen=True, slots=True, eq=False)
class NetworkInputs:
    """What the networks see of a picture of one digit.

    `variants` is uint8 `(K, 28, 28)`, for the digit network; `rows` are uint8 `(32, W)`, for the
    row network: the digit on its paper, then the whole picture where ink was removed from it; none
    where the picture already is in the MNIST format. `cell` is uint8 `(32, 32)`, for the cell
    network: the digit with what stands around it; None where the picture already is in the MNIST
    format, or there is a doubt. `doubt` is why there may not be one digit: then only the row
    network is asked. `inverted` is what they see in the other polarity, where either may be right.
    """

    variants: NDArray[np.uint8]
    rows: tuple[NDArray[np.uint8], ...] = ()
    cell: NDArray[np.uint8] | None = None
    doubt: ImageError | None = None
    inverted: NetworkInputs | None = None

    @property
    def has_lost_ink(self) -> bool:
        """Whether ink was removed that may have been the digit's."""
        return len(self.rows) > 1


def classify(
    inputs: Sequence[NetworkInputs], networks: Networks
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Classify pictures of one digit.

    The digit network sees the digit cut out and in the MNIST format, the row network sees it
    on its paper: an error in cutting out misleads only one of them. The row network is asked where
    the digit network is unsure, and where ink was removed, which may have been the digit's. The
    cell network says whether there is a digit at all. The other polarity is the answer if it is
    sure and the likely one is not.

    Args:
        inputs: What they see of each of N pictures.
        networks: The networks.

    Returns:
        float32 `(N, 10)` probabilities, all 0 where there is no digit; and bool `(N,)`, whether
        they are those of the other polarity.
    """
    rows = _classify(inputs, networks)
    is_inverted = np.zeros(len(rows), bool)
    others = {
        number: seen.inverted
        for number, seen in enumerate(inputs)
        if seen.inverted is not None and rows[number].max() < SURE
    }
    if others:
        for number, row in zip(others, _classify(list(others.values()), networks), strict=True):
            if row.max() >= SURE:
                rows[number], is_inverted[number] = row, True
    return rows, is_inverted


def _classify(inputs: Sequence[NetworkInputs], networks: Networks) -> NDArray[np.float32]:
    """Classify pictures in their likely polarity."""
    rows = classify_alone(inputs, networks.classify)
    for number, seen in enumerate(inputs):
        if rows[number].max() >= SURE and not seen.has_lost_ink:
            continue
        for row in seen.rows:
            scores = single_digits(networks.read_row(row))
            rows[number] = (
                _settle(scores) if seen.doubt else _combine(rows[number], scores, ROW_WEIGHT)
            )
    cells = {number: seen.cell for number, seen in enumerate(inputs) if seen.cell is not None}
    if cells:
        known = networks.classify_cells(np.stack(list(cells.values())))
        for number, scores in zip(cells, known, strict=True):
            rows[number] = _judge(rows[number], scores)
    return rows


def classify_alone(
    inputs: Sequence[NetworkInputs], classify_digits: Network
) -> NDArray[np.float32]:
    """Classify pictures of one digit by the digit network alone.

    Returns:
        float32 `(N, 10)` probabilities; all 0 where there is a doubt.
    """
    rows = classify_variants([each.variants for each in inputs], classify_digits)
    rows[[each.doubt is not None for each in inputs]] = 0
    return rows


def _settle(row_scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ten probabilities where the row network is sure of one digit, else zeros."""
    likely = np.exp(row_scores)
    if likely.max() < CERTAIN:
        return np.zeros(len(likely))
    # What is left is for all that is not a single digit; probabilities sum to 1.
    return np.asarray(likely + (1 - likely.sum()) / len(likely))


def _judge(
    probabilities: NDArray[np.float32], cell_scores: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Ten probabilities with the cell network's say; zeros where it is sure of no digit."""
    in_cells = float(np.exp(cell_scores[NO_DIGIT]))
    nothing = NO_DIGIT_ODDS * in_cells / (NO_DIGIT_ODDS * in_cells + 1 - in_cells)
    if nothing >= SURELY_NONE:
        return np.zeros(NO_DIGIT)
    combined = _combine(probabilities, cell_scores[:NO_DIGIT], CELL_WEIGHT)
    # Spread evenly over the digits, the probability of none lowers the confidence.
    return np.asarray(combined * (1 - nothing) + nothing / NO_DIGIT)


def _combine(
    probabilities: NDArray[np.float32], scores: NDArray[np.floating], weight: float
) -> NDArray[np.float64]:
    logs = np.log(probabilities.clip(1e-9))
    return softmax(logs + weight * (scores - scores.max()).clip(MIN_LOG_PROBABILITY))
