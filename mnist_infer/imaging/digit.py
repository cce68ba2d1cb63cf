"""Which ink is the digit: the pieces that make one digit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnist_infer.errors import NoDigitError, SeveralDigitsError
from mnist_infer.imaging.components import Pieces, find_pieces, gaps, ink_of, piece_pen
from mnist_infer.imaging.filters import stroke_width

if TYPE_CHECKING:
    from numpy.typing import NDArray

# A stroke is longer than its pen is wide; what is not is a dot.
DOT = 2.0
# No digit of MNIST is wider than 2.22 times its height: dashes and underlines are.
DASH = 2.25
# Strokes of a digit, measured along their middle, are up to 4.3 times as long as its longer
# side (1 to 3.2 in MNIST); a texture's or a photo's outlines are many times longer.
LONGEST_STROKE = 6.0
# A floating piece, such as the bar of a 5, lies within this part of the digit's size.
GAP_ABOVE, GAP_BESIDE = 0.5, 0.2
# A piece at least this long, against the frame around it, is what the frame is for.
LEAST_FRAMED = 0.3
# A frame stands along this part of each side of what it is for; a digit's curve is open somewhere.
LEAST_AROUND = 0.7
# Pieces this tall against the digit are digits in their own right.
AS_TALL = 0.6
# Strokes so many times as thick or as thin are not of the same pen.
OTHER_PEN = 2.0
# A digit is so many times as long as its pen is wide, or else it is a blot; but for one in ten
# thousand, MNIST's are 3.3 times or more.
LEAST_STROKE = 3.0
# Smaller than this part of the picture, a piece is a speck.
SMALLEST = 1 / 40
# With less of the picture's ink than this, a piece is one speck of many.
LEAST_SHARE = 0.25
# A neighbour cut off by the border is a scrap while it has less than this share of the ink.
SCRAP = 0.3


def find_digit(ink: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], tuple[slice, slice], float]:
    """The one digit of a picture: its ink (H, W) uint8 without all else, its place, its pen.

    The place is its rows and columns, the pen the mean width of its strokes in pixels.

    Raises:
        NoDigitError: there is no ink, or it has not the shape of a digit.
        SeveralDigitsError: other pieces are as large as the digit.
    """
    pieces = find_pieces(ink)
    if pieces.is_edging.all():
        raise NoDigitError("the picture is blank: no ink was found on it")
    main, pen = _main_piece(pieces, ink)
    if pieces.lengths[main] < SMALLEST * max(ink.shape):
        raise NoDigitError("the picture has specks, but no digit")
    members, box = _gather(pieces, main, pen)
    others = ~members & ~pieces.is_edging & ~_frames(pieces, box) & ~_are_rules(pieces, pen)
    others &= pieces.heights > AS_TALL * pieces.heights[main]
    others &= pieces.mass > np.where(pieces.at_border, AS_TALL, SCRAP) * pieces.mass[main]
    if any(piece_pen(pieces, i, ink) < OTHER_PEN * pen for i in np.flatnonzero(others).tolist()):
        raise SeveralDigitsError(
            "more than one digit is on the picture; to read them all: `mnist-infer read`, in "
            "Python `Recognizer.read`"
        )
    inside = ~pieces.at_border & ~_frames(pieces, box)
    if pieces.mass[members].sum() < LEAST_SHARE * pieces.mass[inside].sum():
        raise NoDigitError("the picture is full of specks or texture, but has no digit")
    digit = ink_of(pieces, members, ink)
    rows, columns = slice(box[0], box[2]), slice(box[1], box[3])
    if members.sum() > 1:
        pen = stroke_width(digit[rows, columns])
    _check_shape(digit[rows, columns], pen)
    return digit, (rows, columns), pen


def _main_piece(pieces: Pieces, ink: NDArray[np.uint8]) -> tuple[int, float]:
    """The piece with most ink, and its pen in pixels.

    What the border cuts counts half, what frames another not at all, nor what the border cuts
    if it is far thicker than the strokes of another: a finger, the corner of a shadow.
    """
    weight = np.where(pieces.at_border, 0.5, 1.0) * pieces.mass * ~pieces.is_edging
    main = int(weight.argmax())
    while True:
        box = pieces.boxes[main]
        framed = (pieces.boxes[:, :2] > box[:2]).all(axis=1)
        framed &= (pieces.boxes[:, 2:] < box[2:]).all(axis=1)
        framed &= pieces.lengths > LEAST_FRAMED * pieces.lengths[main]
        for i in np.flatnonzero(framed).tolist():
            framed[i] = _runs_around(pieces, main, pieces.boxes[i])
        if not framed.any():
            break
        main = int(np.where(framed, weight, 0).argmax())
    pen = piece_pen(pieces, main, ink)
    inner = np.where(
        pieces.at_border | (pieces.lengths < LEAST_FRAMED * pieces.lengths[main]), 0, weight
    )
    if pieces.at_border[main] and inner.any():
        other = int(inner.argmax())
        finer = piece_pen(pieces, other, ink)
        if pen > OTHER_PEN * finer and pieces.lengths[other] > LEAST_STROKE * finer:
            return other, finer
    return main, pen


def _runs_around(pieces: Pieces, frame: int, box: NDArray[np.intp]) -> bool:
    """Whether a piece stands on all four sides of a box inside its own: a frame, no open curve."""
    outer = pieces.boxes[frame]
    own = pieces.labels[outer[0] : outer[2], outer[1] : outer[3]] == frame + 1
    top, left, bottom, right = (box - outer[[0, 1, 0, 1]]).tolist()
    beside, over = own[top:bottom], own[:, left:right]
    levels = (over[:top].any(axis=0), over[bottom:].any(axis=0))
    uprights = (beside[:, :left].any(axis=1), beside[:, right:].any(axis=1))
    return min(float(side.mean()) for side in levels + uprights) > LEAST_AROUND


def _are_rules(pieces: Pieces, pen: float) -> NDArray[np.bool_]:
    """Which pieces are far thinner than a pen, at whatever length; (N,) bool."""
    return np.asarray(OTHER_PEN * pieces.mass < pen * pieces.lengths)


def _gather(pieces: Pieces, main: int, pen: float) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """The pieces of a broken digit, (N,) bool, and the box around them."""
    members = np.arange(len(pieces.mass)) == main
    box = pieces.boxes[main].copy()
    stray = pieces.lengths < DOT * pen
    scrap = pieces.at_border & (pieces.mass < SCRAP * pieces.mass[main])
    framing = _frames(pieces, box) | pieces.is_edging | _are_rules(pieces, pen)
    tall = pieces.heights > AS_TALL * pieces.heights[main]
    while True:
        rows, columns = gaps(box, pieces.boxes)
        size = np.maximum(pieces.lengths, (box[2:] - box[:2]).max())
        near = (rows < GAP_ABOVE * size) & (columns < GAP_BESIDE * size)
        near &= np.maximum(rows, columns) <= pieces.lengths
        apart = np.maximum(rows, columns) > pen
        joins = near & ~stray & ~framing & ~(scrap & apart) & ~(tall & (columns > pen)) & ~members
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
    if width > DASH * height:
        raise NoDigitError("the only ink is a dash: too wide for a digit")
    if max(height, width) < LEAST_STROKE * pen:
        raise NoDigitError("the only ink is a blot: not as long as a stroke")
    length = digit.sum(dtype=np.int64) / 255 / pen
    if length > LONGEST_STROKE * max(height, width):
        raise NoDigitError("the picture has texture or many details, but no digit")
