"""Which ink is the digit: the pieces that make one digit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnist_infer.errors import NoDigitError, SeveralDigitsError
from mnist_infer.imaging.components import (
    Components,
    component_stroke_width,
    find_components,
    gaps,
    keep_components,
)
from mnist_infer.imaging.filters import stroke_width

if TYPE_CHECKING:
    from numpy.typing import NDArray

# No digit of MNIST is wider than 2.22 times its height: dashes and underlines are.
MAX_ASPECT = 2.25
# Strokes of a digit, measured along their middle, are up to 4.3 times as long as its longer
# side (1 to 3.2 in MNIST); a texture's or a photo's outlines are many times longer.
MAX_STROKE_LENGTH = 6.0
# A floating piece, such as the bar of a 5, lies within this part of the digit's size.
GAP = 0.5
# Components this tall against the digit are digits in their own right.
AS_TALL = 0.6
# A digit is so many times as long as its stroke is wide, or else it is a blob; but for one in
# ten thousand, MNIST's are 3.3 times or more.
MIN_STROKE_RATIO = 3.0
# Strokes so many times as thick or as thin are not of the same pen.
STROKE_RATIO = 2.0


def find_digit(
    ink: NDArray[np.uint8], pieces: Components | None = None
) -> tuple[NDArray[np.uint8], tuple[slice, slice]]:
    """The one digit of a picture: its ink (H, W) uint8 without all else, its rows and columns.

    Args:
        ink: uint8 `(H, W)`.
        pieces: Its connected components, where they are known already.

    Raises:
        NoDigitError: there is no ink, or it has not the shape of a digit.
        SeveralDigitsError: other pieces are as large as the digit.
    """
    pieces = pieces or find_components(ink)
    if pieces.along_border.all():
        raise NoDigitError("the picture is blank: no ink was found on it")
    main = int((pieces.mass * ~pieces.along_border).argmax())
    pen = component_stroke_width(pieces, main, ink)
    members, box = _gather(pieces, main, pen)
    others = ~members & ~pieces.along_border & ~_frames(pieces, box) & ~_are_rulings(pieces, pen)
    others &= pieces.heights > AS_TALL * pieces.heights[main]
    others &= ~pieces.at_border | (pieces.mass > AS_TALL * pieces.mass[main])
    if any(
        component_stroke_width(pieces, i, ink) < STROKE_RATIO * pen
        for i in np.flatnonzero(others).tolist()
    ):
        raise SeveralDigitsError(
            "more than one digit is on the picture; to read them all: `mnist-infer read`, in "
            "Python `Recognizer.read`"
        )
    digit = keep_components(pieces, members, ink)
    rows, columns = slice(box[0], box[2]), slice(box[1], box[3])
    if members.sum() > 1:
        pen = stroke_width(digit[rows, columns])
    _check_shape(digit[rows, columns], pen)
    return digit, (rows, columns)


def _are_rulings(pieces: Components, pen: float) -> NDArray[np.bool_]:
    """Which pieces are far thinner than a pen, at whatever length; (N,) bool."""
    return np.asarray(STROKE_RATIO * pieces.mass < pen * pieces.lengths)


def _gather(
    pieces: Components, main: int, pen: float
) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """The pieces of a broken digit, (N,) bool, and the box around them."""
    members = np.arange(len(pieces.mass)) == main
    box = pieces.boxes[main].copy()
    framing = _frames(pieces, box) | pieces.along_border | _are_rulings(pieces, pen)
    tall = pieces.heights > AS_TALL * pieces.heights[main]
    while True:
        rows, columns = gaps(box, pieces.boxes)
        size = np.maximum(pieces.lengths, (box[2:] - box[:2]).max())
        gap = np.maximum(rows, columns)
        near = (gap < GAP * size) & (gap <= pieces.lengths)
        joins = (
            near
            & ~(pieces.at_border & (gap > pen))
            & ~framing
            & ~(tall & (columns > pen))
            & ~members
        )
        if not joins.any():
            return members, box
        members |= joins
        box[:2] = pieces.boxes[members, :2].min(axis=0)
        box[2:] = pieces.boxes[members, 2:].max(axis=0)


def _frames(pieces: Components, box: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Which pieces run all around a box."""
    around = np.concatenate((pieces.boxes[:, :2] < box[:2], pieces.boxes[:, 2:] > box[2:]), axis=1)
    return np.asarray(around.all(axis=1))


def _check_shape(digit: NDArray[np.uint8], pen: float) -> None:
    height, width = digit.shape
    if max(height, width) < MIN_STROKE_RATIO * pen:
        raise NoDigitError("the only ink is a blob: not as long as a stroke")
    if width > MAX_ASPECT * height:
        raise NoDigitError("the only ink is a dash: too wide for a digit")
    length = digit.sum(dtype=np.int64) / 255 / pen
    if length > MAX_STROKE_LENGTH * max(height, width):
        raise NoDigitError("the picture has texture or many details, but no digit")
