"""From the picture of one digit to 28x28, each stage kept so that a user can see why."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mnist_infer.images import Picture
from mnist_infer.ink import extract_ink
from mnist_infer.lines import remove_lines
from mnist_infer.normalize import SIDE, are_mnist_form, normalize
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
    (image,) = mnist_forms([picture.pixels])
    if image is not None:
        return Stages(image, image, picture.original_box(*_extent(image)), image)
    ink = extract_ink(picture.pixels)
    cleaned, (rows, columns) = find_digit(remove_lines(ink))
    box = picture.original_box(rows, columns)
    return Stages(ink, cleaned, box, normalize(cleaned[rows, columns]))


def mnist_forms(pictures: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.uint8] | None]:
    """Each picture, or its negative, if that already is what MNIST would hold; else None.

    Many are looked at together: NumPy's calls cost more than their work on so few pixels.
    """
    forms: list[NDArray[np.uint8] | None] = [None] * len(pictures)
    small = [place for place, pixels in enumerate(pictures) if pixels.shape == (SIDE, SIDE)]
    if not small:
        return forms
    places, images = np.array(small), np.array([pictures[place] for place in small])
    for _ in ("as it is", "its negative"):
        found = are_mnist_form(images)
        for place, image in zip(places[found], images[found], strict=True):
            forms[place] = image
        if found.all():
            break
        places, images = places[~found], 255 - images[~found]
    return forms


def _extent(image: NDArray[np.uint8]) -> tuple[slice, slice]:
    """The rows and columns from the first that holds ink to the last."""
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
