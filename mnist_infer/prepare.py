"""From the picture of one digit to 28x28, each stage kept so that a user can see why."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
from numpy.typing import NDArray

from mnist_infer.errors import NoDigitError, SeveralDigitsError
from mnist_infer.images import Picture
from mnist_infer.ink import extract_ink
from mnist_infer.lines import remove_lines
from mnist_infer.normalize import SIDE, mnist_box, normalize
from mnist_infer.results import Stages
from mnist_infer.segment import find_digit

WORKING_SIDE = 320
"""Sixteen times the 20 pixels of a digit in MNIST: it may be that small a part of the picture."""

# Windows that suit a pen, in its widths, and the one to take where the first does not.
NARROWEST, WIDEST, WINDOW = 1.7, 4, 3


def prepare(picture: Picture) -> Stages:
    """Make an MNIST image of a picture of one digit, read at `WORKING_SIDE`.

    What already is in MNIST's form, or is its negative, passes unchanged to the bit.

    Raises:
        NoDigitError: The picture holds nothing that could be a digit.
        SeveralDigitsError: It holds more than one.
    """
    if (found := mnist_form(picture.pixels)) is not None:
        # So small a picture has not been shrunk: its box is the original's.
        image, box = found
        return Stages(image, image, box, image)
    ink, cleaned, (rows, columns) = _see(picture.pixels)
    box = picture.original_box(rows, columns)
    return Stages(ink, cleaned, box, normalize(cleaned[rows, columns]))


def mnist_form(
    pixels: NDArray[np.uint8],
) -> tuple[NDArray[np.uint8], tuple[int, int, int, int]] | None:
    """A picture, or its negative, and its digit's box, if that already is what MNIST would hold."""
    if pixels.shape != (SIDE, SIDE):
        return None
    image = pixels
    if box := mnist_box(image) or mnist_box(image := 255 - image):
        return image, box
    return None


def _see(
    pixels: NDArray[np.uint8],
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], tuple[slice, slice]]:
    """Ink, the digit's ink alone, and its rows and columns.

    Until the digit is found its pen is a guess. Guessed too wide, a shadow's edge counts as ink;
    too narrow, fat strokes count as paper. A second look then knows the pen.
    """
    ink, window = extract_ink(pixels)
    cleaned, box, pen = find_digit(remove_lines(ink))
    if not NARROWEST * pen < window < WIDEST * pen:
        with suppress(NoDigitError, SeveralDigitsError):
            second, _ = extract_ink(pixels, round(WINDOW * pen))
            cleaned, box, _ = find_digit(remove_lines(second))
            ink = second
    return ink, cleaned, box
