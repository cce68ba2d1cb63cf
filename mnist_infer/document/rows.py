"""Read one row with the row network, with the reading by single digits as second opinion.

The row network sees the row as a whole and needs no cuts; the segmentation lattice cuts the row
into single digits and asks the digit network about each. Their errors differ, so the candidates
of both are scored together, log-linearly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mnist_infer.document.ctc import align, beam_search
from mnist_infer.document.row_image import row_image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    ReadRow = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
    """uint8 `(32, W)` as `row_image` makes it -> float32 `(T, 11)` log-probabilities."""


@dataclass(frozen=True)
class RowParams:
    """How candidates are scored; log-probabilities are natural logarithms."""

    margin: float = 0.2
    """Paper around a row in its crop, as a part of the row's height."""

    insertion_bonus: float = 1.5
    """Added for each digit, since every digit more makes a text less probable. From 1 to 2 the
    exact rows of all sets in `realworld` together differ by less than 1 %."""

    second_opinion: float = 2.5
    """Added to what the segmentation lattice reads, times its least confidence. From 2 to 3 the
    exact rows of all sets in `realworld` together differ by less than 1 %."""

    unlikely: float = -6.0
    """Log-probability of the lattice's text where the row network does not come up with it."""

    temperature: float = 1.4
    """Divides the scores before they become probabilities: both readers see the same picture, so
    the sum of their evidence is too sure."""


PARAMS = RowParams()


@dataclass(frozen=True)
class Crop:
    """A part of the page as the row network saw it: its answer, and where the part stands."""

    steps: NDArray[np.float32]
    left: int
    right: int


@dataclass(frozen=True)
class RowReading:
    """The digits of a row: text, confidence of each, and its middle in columns of the page."""

    text: str
    confidences: tuple[float, ...]
    middles: tuple[float, ...]

    @property
    def confidence(self) -> float:
        """Mean confidence of its digits; 0 without any."""
        return sum(self.confidences) / len(self.confidences) if self.confidences else 0.0


NOTHING = RowReading("", (), ())


def look_at(grey: NDArray[np.uint8], rows: slice, columns: slice, read_row: ReadRow) -> Crop:
    """Show a part of the page to the row network."""
    part = grey[rows, columns]
    return Crop(read_row(row_image(part)), columns.start, columns.stop)


def around(box: Sequence[int], shape: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of a row's crop: its box (top, left, bottom, right) and some paper."""
    top, left, bottom, right = box
    margin = round(PARAMS.margin * (bottom - top))
    return (
        slice(max(0, top - margin), min(shape[0], bottom + margin)),
        slice(max(0, left - margin), min(shape[1], right + margin)),
    )


def read_crops(crops: Sequence[Crop], second: str, confidence: float) -> RowReading:
    """Read a row from one or several crops of it.

    Args:
        crops: What the row network saw.
        second: What the segmentation lattice reads; empty where it reads nothing.
        confidence: Its least certain digit's, 0 to 1.

    Returns:
        The best text, empty where it is most likely that there is no digit.
    """
    beams = [beam_search(crop.steps) for crop in crops]
    texts = {text for beam in beams for text in beam}
    likely = {text: max(beam.get(text, -np.inf) for beam in beams) for text in texts}
    scores = {text: value + PARAMS.insertion_bonus * len(text) for text, value in likely.items()}
    if second:
        unlikely = PARAMS.unlikely + PARAMS.insertion_bonus * len(second)
        scores[second] = scores.get(second, unlikely) + PARAMS.second_opinion * confidence
    best = max(scores, key=lambda text: scores[text])
    if not best:
        return NOTHING
    values = np.array(list(scores.values())) / PARAMS.temperature
    weights = np.exp(values - values.max())
    weights /= weights.sum()
    confidences = tuple(
        float(sum(w for text, w in zip(scores, weights, strict=True) if _has(text, best, place)))
        for place in range(len(best))
    )
    seen = max(range(len(crops)), key=lambda k: beams[k].get(best, -np.inf))
    crop = crops[seen]
    scale = (crop.right - crop.left) / len(crop.steps)
    middles = tuple(crop.left + (step + 0.5) * scale for step in align(crop.steps, best))
    return RowReading(best, confidences, middles)


def _has(text: str, best: str, place: int) -> bool:
    """Whether a text agrees with the best one in the digit at a place."""
    return len(text) == len(best) and text[place] == best[place]
