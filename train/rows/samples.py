"""Generated rows with their truth, each decided by its seed alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mnist_infer.imaging.row_image import ROW_HEIGHT, row_image
from mnist_infer.inference.networks import NO_DIGIT
from train.data import Array
from train.rows.glyphs import Glyphs
from train.rows.hand import MOST_DIGITS, PLAIN, Variety, pick_hand, pick_labels
from train.rows.marks import add_marks
from train.rows.paper import photograph
from train.rows.writing import Placed, digits_of, write_row

WIDTHS = (96, 176, 272, 384)
"""Widths of training batches in pixels; what is wider is squeezed."""

_WIDTH_SHARES = (0.3, 0.34, 0.24, 0.12)
_EMPTY = 0.06

MOST_SYMBOLS = 2 * MOST_DIGITS
"""Digits and the signs between them that a training row holds at most."""


@dataclass(frozen=True)
class Sample:
    """A picture of a row, uint8 `(H, W)`, and its symbols with boxes in its pixels."""

    picture: Array
    symbols: tuple[Placed, ...]
    objects: tuple[Placed, ...] = ()
    """Holes, scribbles and stamps beside them, each with the label `NO_DIGIT`."""

    @property
    def text(self) -> str:
        """The digits from left to right."""
        return "".join(str(placed.label) for placed in digits_of(self.symbols))


def make_row(
    count: int,
    glyphs: Glyphs,
    rng: np.random.Generator,
    variety: Variety = PLAIN,
) -> Sample:
    """Make a picture of a row of `count` digits, cropped roughly around them.

    Args:
        count: Digits in the row; 0 gives a picture with marks at most.
        glyphs: What is picked from.
        rng: Decides all.
        variety: What only some rows show.
    """
    hand = pick_hand(rng, variety)
    written = write_row(pick_labels(count, rng, variety), hand, glyphs, rng)
    marked = add_marks(written, glyphs, rng, variety)
    ink, right, down = marked.ink, marked.right, marked.down
    top, bottom = down, down + written.ink.shape[0]
    tall = bottom - top
    tightest = -0.03 if rng.random() < 0.1 else 0.0
    top = max(0, round(top - rng.uniform(tightest, 0.4) * tall))
    bottom = min(len(ink), round(bottom + rng.uniform(tightest, 0.4) * tall))
    picture = photograph(ink[top:bottom], rng, variety.bitmaps)
    symbols = tuple(_moved(placed, right, down - top) for placed in written.symbols)
    objects = tuple(_moved(Placed(NO_DIGIT, box), 0, -top) for box in marked.objects)
    return Sample(picture, symbols, objects)


def make_batch(
    size: int,
    glyphs: Glyphs,
    rng: np.random.Generator,
    variety: Variety = PLAIN,
) -> tuple[Array, Array, Array]:
    """Make a training batch of rows of about the same width.

    Returns:
        Images uint8 `(N, ROW_HEIGHT, W)`, labels uint8 `(N, MOST_SYMBOLS)`, their numbers `(N,)`.
    """
    width = int(rng.choice(WIDTHS, p=_WIDTH_SHARES))
    images = np.empty((size, ROW_HEIGHT, width), np.uint8)
    labels = np.zeros((size, MOST_SYMBOLS), np.uint8)
    counts = np.zeros(size, np.uint8)
    fit = width / ROW_HEIGHT  # digits that fit, if each is a little narrower than the row is high
    for k in range(size):
        count = int(np.clip(round(rng.uniform(0.45, 1.35) * fit), 1, MOST_DIGITS))
        if rng.random() < _EMPTY:
            count = 0
        sample = make_row(count, glyphs, rng, variety)
        image = row_image(sample.picture, max_columns=width)
        images[k] = np.pad(image, ((0, 0), (0, width - image.shape[1])), mode="edge")
        counts[k] = len(sample.symbols)
        labels[k, : counts[k]] = [placed.label for placed in sample.symbols]
    return images, labels, counts


def _moved(placed: Placed, right: float, down: float) -> Placed:
    left, top, end, bottom = placed.box
    return Placed(placed.label, (left + right, top + down, end + right, bottom + down))
