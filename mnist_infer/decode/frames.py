"""The pages of a TIFF: how many there are, and turning to one of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from PIL import Image

from mnist_infer.decode.files import open_regular
from mnist_infer.decode.formats import check_pixels
from mnist_infer.errors import ImageError

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

MAX_PAGES = 1000
"""Pillow walks through all pages before the one that is asked for: many more would take hours."""

_TIFF_MAGICS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def count_pages(path: str | os.PathLike[str]) -> int:
    """The pages of a TIFF, at most one more than `MAX_PAGES`; 1 for any other file.

    A damaged file counts as well as it can be read: reading it will tell what is wrong.
    """
    count = 0
    # Pillow's parsers meet hostile bytes and raise nearly every built-in exception.
    try:
        with open_regular(path) as file:
            if file.read(4) not in _TIFF_MAGICS:
                return 1
            with Image.open(file, formats=["TIFF"]) as image:
                while count <= MAX_PAGES:
                    image.seek(count)
                    count += 1
    except Exception:
        return max(count, 1)
    return count


def has_more_pages(image: PILImage) -> bool:
    """Whether a TIFF that was just opened goes on after its first page."""
    if image.format != "TIFF":
        return False
    try:
        image.seek(1)
    except EOFError:
        return False
    image.seek(0)
    return True


def turn_to(image: PILImage, number: int, max_pixels: int) -> None:
    """Turn to a page, counted from 1, whose size is as limited as the first one's.

    Raises:
        ImageError: There is no such page.
        PictureTooLargeError: It has more than `max_pixels`.
    """
    if not 1 <= number <= MAX_PAGES:
        raise ImageError(
            f"page {number}: pages are counted from 1 to {MAX_PAGES:,}; split the file"
        )
    try:
        image.seek(number - 1)
    except EOFError:
        raise ImageError(f"has no page {number}") from None
    check_pixels(image, max_pixels)
