"""From the picture of one digit to 28x28, each stage kept so that a user can see why."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mnist_infer.images import Picture
from mnist_infer.ink import extract_ink
from mnist_infer.lines import remove_lines
from mnist_infer.normalize import SIDE, mnist_box, normalize
from mnist_infer.results import Stages
from mnist_infer.segment import find_digit

WORKING_SIDE = 320
"""Sixteen times the 20 pixels of a digit in MNIST: it may be that small a part of the picture."""


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
    ink = extract_ink(picture.pixels)
    cleaned, (rows, columns) = find_digit(remove_lines(ink))
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
