"""Read one row: the row network proposes texts, and two networks judge their digits.

The row network sees the row as a whole and needs no cuts. The digit network sees the ink of each
digit alone, in the form that it was trained on; the cell network sees the digit on its paper, with
what stands beside it. Their errors differ, so each proposed text is scored by all, log-linearly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from mnist_infer.document.cells import Cell, Sides, cut_cells
from mnist_infer.imaging.cell_image import cell_image
from mnist_infer.imaging.normalize import render_variants
from mnist_infer.imaging.row_image import row_image
from mnist_infer.inference.ctc import BLANK, align, beam_search
from mnist_infer.inference.networks import NO_DIGIT, classify_variants
from mnist_infer.inference.softmax import softmax

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from mnist_infer.inference.networks import Networks

    _CellProbabilities: TypeAlias = Mapping[Sides, NDArray[np.float32]]
    """The cell network's probabilities of each digit and of none, `(11,)`, by a cell's box."""


@dataclass(frozen=True)
class RowParams:
    """How texts are scored; log-probabilities are natural logarithms."""

    blank_penalty: float = 1.0
    """Subtracted from a blank's log-probability at each step: the rows that the row network was
    trained on show other things than digits more often than people's rows do. Without it 13 of
    631 real rows are lost, and none of 1,110 generated ones."""

    digit_weight: float = 0.25
    """Weight of the digit network's log-probabilities; the row network's is 1. Without the digit
    network 6 of 631 real rows are lost, and 7 of 1,110 generated ones; without both others 20 and
    24."""

    cell_weight: float = 0.5
    """Weight of the cell network's log-probabilities. Without the cell network 11 of 631 real rows
    are lost, and none of 1,110 generated ones."""

    min_probability: float = 0.01
    """The least that a probability of the digit or the cell network counts as, and the digit
    network's where there is no ink: a single unknown digit must not rule out a text."""

    max_absence: float = 0.6
    """A row has no digits if the cell network's probability of none in a cell is higher, on average
    over its cells. Of 744 drawings, scribbles and letters that stand alone 616 instead of 377 have
    no answer, while no real row is lost, and 1 of 1,110 generated ones. With 0.5, one real row is
    lost."""

    temperature: float = 1.6
    """Divides the scores before they become probabilities: the networks see the same picture, so
    the sum of their evidence is overconfident."""


PARAMS = RowParams()


@dataclass(frozen=True)
class RowReading:
    """The digits of a row: text, confidence of each, and the cells that they stand in."""

    text: str
    confidences: tuple[float, ...]
    cells: tuple[Cell, ...]


NOTHING = RowReading("", (), ())


def read_row(
    grey: NDArray[np.uint8],
    ink: NDArray[np.uint8],
    labels: NDArray[np.unsignedinteger],
    networks: Networks,
) -> RowReading:
    """Read one row of the page.

    Args:
        grey: uint8 `(H, W)`, everything in the row, clutter included.
        ink: uint8 `(H, W)`, its foreground without rulings.
        labels: `(H, W)`, the number of the connected component that may be a digit, or 0.
        networks: What reads it.

    Returns:
        The best text; empty if most likely there is no digit.
    """
    steps = networks.read_row(row_image(grey)).copy()
    steps[:, BLANK] -= PARAMS.blank_penalty
    scores = _likely_texts(steps)
    scale = grey.shape[1] / len(steps)
    texts = [text for text in scores if text]
    cells = {
        text: cut_cells(ink, labels, [(step + 0.5) * scale for step in middles])
        for text, middles in zip(texts, align(steps, texts), strict=True)
    }
    cell_probabilities = _see_cells(cells, grey, networks)
    # A single text is the best one whatever its score.
    if len(scores) > 1:
        for text, judgement in _judge(cells, cell_probabilities, networks).items():
            scores[text] += judgement
    best = max(scores, key=lambda text: scores[text])
    if not best or _absence(cells[best], cell_probabilities) > PARAMS.max_absence:
        return NOTHING
    weights = softmax(np.array(list(scores.values())) / PARAMS.temperature)
    confidences = tuple(
        float(sum(w for text, w in zip(scores, weights, strict=True) if _has(text, best, place)))
        for place in range(len(best))
    )
    return RowReading(best, confidences, tuple(cells[best]))


def _likely_texts(steps: NDArray[np.float32]) -> dict[str, float]:
    """Find the texts that may be the answer, each with its log-probability by the row network."""
    likely = beam_search(steps)
    # A less likely text would not win even by one digit that both other networks are sure of.
    weight = PARAMS.digit_weight + PARAMS.cell_weight
    least = max(likely.values()) + weight * np.log(PARAMS.min_probability)
    return {text: score for text, score in likely.items() if score >= least}


def _see_cells(
    cells: Mapping[str, Sequence[Cell]], grey: NDArray[np.uint8], networks: Networks
) -> _CellProbabilities:
    """Ask the cell network what stands in the boxes of all cells, each once."""
    boxes = list(dict.fromkeys(cell.box for row in cells.values() for cell in row))
    if not boxes:
        return {}
    images = np.stack([cell_image(grey, box) for box in boxes])
    return dict(zip(boxes, np.exp(networks.classify_cells(images)), strict=True))


def _absence(row: Sequence[Cell], cell_probabilities: _CellProbabilities) -> float:
    """Average the cell network's probabilities that a cell of a row holds no digit."""
    return float(np.mean([cell_probabilities[cell.box][NO_DIGIT] for cell in row]))


def _judge(
    cells: Mapping[str, Sequence[Cell]], cell_probabilities: _CellProbabilities, networks: Networks
) -> dict[str, float]:
    """Find what the digit and the cell network add to the log-probability of each text."""
    # Texts that differ in one digit share the cells of the others.
    unique = {_key(cell): cell for row in cells.values() for cell in row}
    judged = _judge_cells(list(unique.values()), cell_probabilities, networks)
    known = dict(zip(unique, judged, strict=True))
    return {
        text: float(sum(known[_key(cell)][int(d)] for cell, d in zip(row, text, strict=True)))
        for text, row in cells.items()
    }


def _key(cell: Cell) -> tuple[Sides, bytes]:
    """Identify a cell by what the networks see of it."""
    return cell.box, cell.ink.tobytes() if cell.ink is not None else b""


def _judge_cells(
    cells: list[Cell], cell_probabilities: _CellProbabilities, networks: Networks
) -> NDArray[np.float32]:
    """Weight and add both networks' log-probabilities of each digit: `(N, 10)`."""
    inked = [cell.ink for cell in cells if cell.ink is not None]
    by_ink = np.zeros((len(cells), 10), np.float32)
    if inked:
        by_ink[[cell.ink is not None for cell in cells]] = classify_variants(
            [render_variants(ink) for ink in inked], networks.classify
        )
    seen = np.stack([cell_probabilities[cell.box][:NO_DIGIT] for cell in cells])
    return np.asarray(
        PARAMS.digit_weight * np.log(by_ink + PARAMS.min_probability)
        + PARAMS.cell_weight * np.log(seen + PARAMS.min_probability)
    )


def _has(text: str, best: str, place: int) -> bool:
    """Whether a text agrees with the best one in the digit at a place."""
    return len(text) == len(best) and text[place] == best[place]
