"""Read one row with the row network, with the reading by single digits as second opinion.

The row network sees the row as a whole and needs no cuts; the segmentation lattice cuts the row
into single digits and asks the digit network about each. Their errors differ, so the candidates
of both are scored together, log-linearly.
"""

from __future__ import annotations

from collections.abc import Callable
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
    """Paper above and below a row in its band, as a part of the row's height."""

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


def band(top: int, bottom: int, height: int) -> slice:
    """Rows of the page that a row stands in: from its top to its bottom, and some paper."""
    margin = round(PARAMS.margin * (bottom - top))
    return slice(max(0, top - margin), min(height, bottom + margin))


def read_band(
    grey: NDArray[np.uint8], read_row: ReadRow, second: str = "", confidence: float = 0.0
) -> RowReading:
    """Read a row from a band of the page.

    Args:
        grey: uint8 `(H, W)`, as wide as the page: what the layout takes for no digit is in it too.
        read_row: The row network.
        second: What the segmentation lattice reads; empty where it reads nothing.
        confidence: Its least certain digit's, 0 to 1.

    Returns:
        The best text, empty where it is most likely that there is no digit.
    """
    steps = read_row(row_image(grey))
    scores = {
        text: likely + PARAMS.insertion_bonus * len(text)
        for text, likely in beam_search(steps).items()
    }
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
    scale = grey.shape[1] / len(steps)
    middles = tuple((step + 0.5) * scale for step in align(steps, best))
    return RowReading(best, confidences, middles)


def _has(text: str, best: str, place: int) -> bool:
    """Whether a text agrees with the best one in the digit at a place."""
    return len(text) == len(best) and text[place] == best[place]
