"""Read one row: the row network proposes texts, and the digit network judges their digits.

The row network sees the row as a whole and needs no cuts; the digit network sees each digit alone,
in the form that it was trained on. Their errors differ, so each proposed text is scored by both,
log-linearly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mnist_infer.document.cells import Box, Cell, cut_cells
from mnist_infer.imaging.normalize import render_variants
from mnist_infer.imaging.row_image import row_image
from mnist_infer.inference.ctc import BLANK, align, beam_search
from mnist_infer.inference.softmax import softmax
from mnist_infer.inference.tta import classify_variants

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mnist_infer.inference.ensemble import ReadRow
    from mnist_infer.inference.tta import Classify


@dataclass(frozen=True)
class RowParams:
    """How texts are scored; log-probabilities are natural logarithms."""

    blank_penalty: float = 1.0
    """Taken from a blank's log-probability at each step: the rows that the row network was fitted
    on have more of what is no digit than people's. Without it 527 instead of 534 of 631 real rows
    are right, and of 960 generated ones as many as with it (918)."""

    digit_weight: float = 0.5
    """Weight of the digit network's log-probabilities; the row network's is 1. With 0 the row
    network reads alone: 1,218 instead of 1,225 of 1,280 generated pictures are right, and 506
    instead of 530 of 631 real ones (`python -m benchmarks.ablation`)."""

    least_probability: float = 0.01
    """What the digit network's probabilities count as at least, and where there is no ink: one
    digit alone that it does not know rules out no text."""

    temperature: float = 1.4
    """Divides the scores before they become probabilities: both networks see the same picture, so
    the sum of their evidence is too sure."""


PARAMS = RowParams()


@dataclass(frozen=True)
class RowReading:
    """The digits of a row: text, confidence of each, and the cells that they stand in."""

    text: str
    confidences: tuple[float, ...]
    cells: tuple[Cell, ...]

    @property
    def confidence(self) -> float:
        """Mean confidence of its digits; 0 without any."""
        return sum(self.confidences) / len(self.confidences) if self.confidences else 0.0


NOTHING = RowReading("", (), ())


def read_band(
    grey: NDArray[np.uint8],
    ink: NDArray[np.uint8],
    labels: NDArray[np.unsignedinteger],
    read_row: ReadRow,
    classify: Classify,
) -> RowReading:
    """Read a row from a band of the page.

    Args:
        grey: uint8 `(H, W)`, for the row network: with what the layout takes for no digit.
        ink: uint8 `(H, W)`, what the layout takes for writing.
        labels: `(H, W)`, its connected components.
        read_row: The row network.
        classify: The digit network, uint8 `(N, 28, 28)` -> float32 `(N, 10)` probabilities.

    Returns:
        The best text, empty where it is most likely that there is no digit.
    """
    steps = read_row(row_image(grey)).copy()
    steps[:, BLANK] -= PARAMS.blank_penalty
    likely = beam_search(steps)
    # What is less likely would not win by one digit that the digit network is sure of.
    least = max(likely.values()) + PARAMS.digit_weight * np.log(PARAMS.least_probability)
    scale = grey.shape[1] / len(steps)
    scores = {text: score for text, score in likely.items() if score >= least}
    cells = {}
    known: dict[tuple[Box, bytes], NDArray[np.float32]] = {}
    is_alone = len(scores) == 1  # Then the digit network could change nothing.
    for text in scores:
        middles = [(step + 0.5) * scale for step in align(steps, text)] if text else []
        cells[text] = cut_cells(ink, labels, middles) if text else []
        if not is_alone:
            scores[text] += PARAMS.digit_weight * _judge(text, cells[text], classify, known)
    best = max(scores, key=lambda text: scores[text])
    if not best:
        return NOTHING
    weights = softmax(np.array(list(scores.values())) / PARAMS.temperature)
    confidences = tuple(
        float(sum(w for text, w in zip(scores, weights, strict=True) if _has(text, best, place)))
        for place in range(len(best))
    )
    return RowReading(best, confidences, tuple(cells[best]))


def _judge(
    text: str,
    cells: list[Cell],
    classify: Classify,
    known: dict[tuple[Box, bytes], NDArray[np.float32]],
) -> float:
    """The digit network's log-probability of a text, digit by digit.

    `known` holds what it has said of cells, which texts that differ in one digit share.
    """
    keys = [(cell.box, cell.ink.tobytes()) if cell.ink is not None else None for cell in cells]
    new = {
        key: cell.ink
        for key, cell in zip(keys, cells, strict=True)
        if key and cell.ink is not None and key not in known
    }
    if new:
        rows = classify_variants([render_variants(ink) for ink in new.values()], classify)
        known.update(zip(new, rows, strict=True))
    probabilities = np.array(
        [known[key][int(digit)] if key else 0.0 for key, digit in zip(keys, text, strict=True)]
    )
    return float(np.log(probabilities + PARAMS.least_probability).sum())


def _has(text: str, best: str, place: int) -> bool:
    """Whether a text agrees with the best one in the digit at a place."""
    return len(text) == len(best) and text[place] == best[place]
