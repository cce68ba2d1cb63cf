"""Which ink is the digit: the pieces that make one digit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnist_infer.errors import NoDigitError, SeveralDigitsError
from mnist_infer.imaging.components import Pieces, find_pieces, gaps, ink_of, piece_pen
from mnist_infer.imaging.filters import stroke_width

if TYPE_CHECKING:
    from numpy.typing import NDArray

# No digit of MNIST is wider than 2.22 times its height: dashes and underlines are.
DASH = 2.25
# Strokes of a digit, measured along their middle, are up to 4.3 times as long as its longer
# side (1 to 3.2 in MNIST); a texture's or a photo's outlines are many times longer.
LONGEST_STROKE = 6.0
# A floating piece, such as the bar of a 5, lies within this part of the digit's size.
GAP = 0.5
# Pieces this tall against the digit are digits in their own right.
AS_TALL = 0.6
# A digit is so many times as long as its stroke is wide, or else it is a blob; but for one in
# ten thousand, MNIST's are 3.3 times or more.
LEAST_STROKE = 3.0
# Strokes so many times as thick or as thin are not of the same pen.
OTHER_PEN = 2.0


def find_digit(ink: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], tuple[slice, slice]]:
    """The one digit of a picture: its ink (H, W) uint8 without all else, its rows and columns.

    Raises:
        NoDigitError: there is no ink, or it has not the shape of a digit.
        SeveralDigitsError: other pieces are as large as the digit.
    """
    pieces = find_pieces(ink)
    if pieces.is_edging.all():
        raise NoDigitError("the picture is blank: no ink was found on it")
    main = int((pieces.mass * ~pieces.is_edging).argmax())
    pen = piece_pen(pieces, main, ink)
    members, box = _gather(pieces, main, pen)
    others = ~members & ~pieces.is_edging & ~_frames(pieces, box) & ~_are_rules(pieces, pen)
    others &= pieces.heights > AS_TALL * pieces.heights[main]
    others &= ~pieces.at_border | (pieces.mass > AS_TALL * pieces.mass[main])
    if any(piece_pen(pieces, i, ink) < OTHER_PEN * pen for i in np.flatnonzero(others).tolist()):
        raise SeveralDigitsError(
            "more than one digit is on the picture; to read them all: `mnist-infer read`, in "
            "Python `Recognizer.read`"
        )
    digit = ink_of(pieces, members, ink)
    rows, columns = slice(box[0], box[2]), slice(box[1], box[3])
    if members.sum() > 1:
        pen = stroke_width(digit[rows, columns])
    _check_shape(digit[rows, columns], pen)
    return digit, (rows, columns)


def _are_rules(pieces: Pieces, pen: float) -> NDArray[np.bool_]:
    """Which pieces are far thinner than a pen, at whatever length; (N,) bool."""
    return np.asarray(OTHER_PEN * pieces.mass < pen * pieces.lengths)


def _gather(pieces: Pieces, main: int, pen: float) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """The pieces of a broken digit, (N,) bool, and the box around them."""
    members = np.arange(len(pieces.mass)) == main
    box = pieces.boxes[main].copy()
    framing = _frames(pieces, box) | pieces.is_edging | _are_rules(pieces, pen)
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


def _frames(pieces: Pieces, box: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Which pieces run all around a box."""
    around = np.concatenate((pieces.boxes[:, :2] < box[:2], pieces.boxes[:, 2:] > box[2:]), axis=1)
    return np.asarray(around.all(axis=1))


def _check_shape(digit: NDArray[np.uint8], pen: float) -> None:
    height, width = digit.shape
    if max(height, width) < LEAST_STROKE * pen:
        raise NoDigitError("the only ink is a blob: not as long as a stroke")
    if width > DASH * height:
        raise NoDigitError("the only ink is a dash: too wide for a digit")
    length = digit.sum(dtype=np.int64) / 255 / pen
    if length > LONGEST_STROKE * max(height, width):
        raise NoDigitError("the picture has texture or many details, but no digit")
