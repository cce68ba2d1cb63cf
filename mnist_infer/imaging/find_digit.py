"""Find the connected components that make the one digit of a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnist_infer.errors import NoDigitError, SeveralDigitsError
from mnist_infer.imaging.components import (
    Components,
    bounding_box,
    component_stroke_width,
    find_components,
    gaps,
    keep_components,
)
from mnist_infer.imaging.filters import ink_bounds, stroke_width
from mnist_infer.imaging.params import DIGITS, MAJORITY

if TYPE_CHECKING:
    from numpy.typing import NDArray


def find_digit(
    foreground: NDArray[np.uint8], components: Components | None = None
) -> tuple[NDArray[np.uint8], tuple[slice, slice]]:
    """Find the one digit of a picture.

    Args:
        foreground: uint8 `(H, W)`.
        components: Its connected components, where they are known already.

    Returns:
        uint8 `(H, W)`, the digit without all else; and its rows and columns.

    Raises:
        NoDigitError: There is no foreground, or it does not have the shape of a digit.
        SeveralDigitsError: Other components are as large as the digit.
    """
    components = components or find_components(foreground)
    if components.along_border.all():
        raise NoDigitError(
            "nothing on the picture can be a digit: it is blank, or shows only lines or its border"
        )
    main = components.main
    stroke = component_stroke_width(components, main, foreground)
    members, box = _gather(components, main, stroke)
    others = ~members & ~components.along_border
    others &= ~_surround(components.boxes, box) & ~_are_rulings(components, stroke)
    others &= components.heights > MAJORITY * components.heights[main]
    others &= ~components.at_border | (components.area > MAJORITY * components.area[main])
    if any(
        component_stroke_width(components, i, foreground) < DIGITS.stroke_ratio * stroke
        for i in np.flatnonzero(others).tolist()
    ):
        raise SeveralDigitsError(
            "more than one digit is on the picture; to read them all: `mnist-infer read`, in "
            "Python `Recognizer.read`"
        )
    digit = keep_components(components, members, foreground)
    rows, columns = slice(box[0], box[2]), slice(box[1], box[3])
    if members.sum() > 1:
        stroke = stroke_width(digit[rows, columns])
    _check_shape(digit[rows, columns], stroke)
    return digit, (rows, columns)


def inside_ring(foreground: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Find what stands in a ring, as numbers of lists and questions do.

    Args:
        foreground: uint8 `(H, W)`.

    Returns:
        uint8 `(H, W)`, what the largest component runs all around; None if that is too low for a
        digit in a ring.
    """
    components = find_components(foreground)
    if not components.lengths.size:  # All of it is too faint.
        return None
    ring = int(components.lengths.argmax())
    is_inside = _surround(components.boxes[ring], components.boxes)
    highest = (components.heights * is_inside).max()
    if highest < DIGITS.min_height_in_ring * components.heights[ring]:
        return None
    return keep_components(components, is_inside, foreground)


def _are_rulings(components: Components, stroke: float) -> NDArray[np.bool_]:
    """Which components are far thinner than the digit's strokes, at whatever length; (N,) bool."""
    return np.asarray(DIGITS.stroke_ratio * components.area < stroke * components.lengths)


def _gather(
    components: Components, main: int, stroke: float
) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Gather the components of a broken digit, (N,) bool, and the box around them."""
    members = np.arange(len(components.area)) == main
    box = components.boxes[main].copy()
    framing = (
        _surround(components.boxes, box)
        | components.along_border
        | _are_rulings(components, stroke)
    )
    tall = components.heights > MAJORITY * components.heights[main]
    while True:
        rows, columns = gaps(box, components.boxes)
        gap = np.maximum(rows, columns)
        joins = (
            (gap <= components.lengths)
            & ~(components.at_border & (gap > stroke))
            & ~framing
            & ~(tall & (columns > stroke))
            & ~members
        )
        if not joins.any():
            return members, box
        members |= joins
        box = bounding_box(components.boxes[members])


def _surround(outer: NDArray[np.intp], inner: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Tell which boxes run all around others, of shape (4,) or (N, 4): (N,) bool."""
    begins, ends = outer[..., :2] < inner[..., :2], outer[..., 2:] > inner[..., 2:]
    return np.asarray((begins & ends).all(axis=-1))


def is_blob(foreground: NDArray[np.uint8]) -> bool:
    """Tell whether foreground, uint8 `(H, W)`, is too small in both directions for its strokes.

    The row network would read such a disc as a 0. None of 5,400 pictures of digits is lost by this.
    """
    ink = foreground[ink_bounds(foreground)]
    return bool(max(ink.shape) < DIGITS.min_height * stroke_width(ink))


def _check_shape(digit: NDArray[np.uint8], stroke: float) -> None:
    height, width = digit.shape
    if height < DIGITS.min_height * stroke:
        raise NoDigitError("the only ink is a dash or a blob: too short for a digit")
    length = digit.sum(dtype=np.int64) / 255 / stroke
    if length > DIGITS.max_stroke_length * max(height, width):
        raise NoDigitError("the picture has texture or many details, but no digit; crop it")
