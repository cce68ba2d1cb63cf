"""One answer from the digit network and, where that may be wrong, from the other networks too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnist_infer.inference.ctc import single_digits
from mnist_infer.inference.networks import NO_DIGIT, classify_variants
from mnist_infer.inference.softmax import softmax

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from mnist_infer.inference.networks import Network, Networks
    from mnist_infer.results import NetworkInputs

SURE = 0.95
"""Confidence from which a digit is beyond doubt: the digit network needs no second opinion, unless
ink was removed, and a page needs no other guess at its paper."""

ROW_WEIGHT = 0.5
"""Weight of the row network's log-probabilities; the digit network's is 1."""

CELL_WEIGHT = 0.3
"""Weight of the cell network's log-probabilities. Without it 3 of 1,040 real digits are lost, and 7
of 2,160 generated ones."""

MIN_ROW_PROBABILITY = 0.9
"""Probability that the row network must give to one digit if nothing on the picture has the shape
of one."""

NO_DIGIT_ODDS = 0.25
"""Odds that a picture that should show a digit shows none, relative to the cells that the cell
network was trained on: a leaning 1 is less likely a slash here. With 1, 9 of 2,160 generated
digits are lost, and 10 instead of 6 of 1,036 real ones fall below the recommended threshold; but
15 more of 364 pictures without a digit have no answer."""

MAX_NO_DIGIT = 0.8
"""Probability of no digit from which there is no answer. With 0.9, 3 more of 3,200 digits are
right, and 10 more of 364 pictures without one have an answer."""

MIN_IN_RING = 0.85
"""Probability of a digit in a ring from which it is the answer, however much the ring looks like a
0. With `SURE`, and only if surer than that 0, 17 of 270 drawings with rings are lost, one of 100
`circled`, and nothing is won but one of 100 `noise-empty`."""

MIN_LOG_PROBABILITY = -12.0
"""The least that a network's log-probability counts as, relative to its highest."""


def classify(
    inputs: Sequence[NetworkInputs], networks: Networks
) -> tuple[NDArray[np.float32], list[int | None]]:
    """Classify pictures of one digit.

    The digit network sees the digit cut out and in the MNIST format, the row network sees it on its
    paper: an error in cutting out misleads only one of them. The row network is asked if the digit
    network is unsure, or if ink was removed that may have been the digit's. The cell network judges
    whether there is a digit at all. An alternative gives the answer if it is sure, and at
    least as sure as the likely digit; the inside of a ring, if it is nearly sure.

    Args:
        inputs: What the networks see of each of N pictures.
        networks: The networks.

    Returns:
        float32 `(N, 10)` probabilities, all 0 if there is no digit; and for each picture the number
        of the alternative that gave the answer, None for the likely digit.
    """
    probabilities = _classify(inputs, networks)
    chosen: list[int | None] = [None] * len(inputs)
    others = [
        (place, number, other)
        for place, seen in enumerate(inputs)
        for number, other in enumerate(seen.alternatives)
    ]
    if others:
        found = zip(others, _classify([other for *_, other in others], networks), strict=True)
        # Reversed, so that the first of equally sure alternatives is assigned last, and counts.
        for (place, number, other), likely in reversed(list(found)):
            least = MIN_IN_RING if other.is_in_ring else max(SURE, probabilities[place].max())
            if likely.max() >= least:
                probabilities[place], chosen[place] = likely, number
    return probabilities, chosen


def _classify(inputs: Sequence[NetworkInputs], networks: Networks) -> NDArray[np.float32]:
    """Classify pictures without their alternatives."""
    probabilities = classify_alone(inputs, networks.classify)
    for number, seen in enumerate(inputs):
        if probabilities[number].max() >= SURE and not seen.has_lost_ink:
            continue
        for image in seen.row_images:
            scores = single_digits(networks.read_row(image))
            probabilities[number] = (
                _answer_by_row(scores)
                if seen.problem
                else _combine(probabilities[number], scores, ROW_WEIGHT)
            )
    cells = {number: seen.cell for number, seen in enumerate(inputs) if seen.cell is not None}
    if cells:
        known = networks.classify_cells(np.stack(list(cells.values())))
        for number, scores in zip(cells, known, strict=True):
            probabilities[number] = _combine_with_cell(probabilities[number], scores)
    return probabilities


def classify_alone(
    inputs: Sequence[NetworkInputs], classify_digits: Network
) -> NDArray[np.float32]:
    """Classify pictures of one digit by the digit network alone.

    Returns:
        float32 `(N, 10)` probabilities; all 0 where there is a problem.
    """
    probabilities = classify_variants([each.variants for each in inputs], classify_digits)
    probabilities[[each.problem is not None for each in inputs]] = 0
    return probabilities


def _answer_by_row(row_scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give ten probabilities if the row network is sure of one digit, else zeros."""
    likely = np.exp(row_scores)
    if likely.max() < MIN_ROW_PROBABILITY:
        return np.zeros(len(likely))
    # The rest is the probability of anything but a single digit: spread it, to sum to 1.
    return np.asarray(likely + (1 - likely.sum()) / len(likely))


def _combine_with_cell(
    probabilities: NDArray[np.float32], cell_scores: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Combine ten probabilities with the cell network's; zeros if it is sure of no digit."""
    in_cells = float(np.exp(cell_scores[NO_DIGIT]))
    nothing = NO_DIGIT_ODDS * in_cells / (NO_DIGIT_ODDS * in_cells + 1 - in_cells)
    if nothing >= MAX_NO_DIGIT:
        return np.zeros(len(probabilities))
    combined = _combine(probabilities, cell_scores[:NO_DIGIT], CELL_WEIGHT)
    # The probability of no digit is spread evenly over the digits, which lowers the confidence.
    return np.asarray(combined * (1 - nothing) + nothing / len(combined))


def _combine(
    probabilities: NDArray[np.float32], scores: NDArray[np.floating], weight: float
) -> NDArray[np.float64]:
    logs = np.log(probabilities.clip(1e-9))
    return softmax(logs + weight * (scores - scores.max()).clip(MIN_LOG_PROBABILITY))
