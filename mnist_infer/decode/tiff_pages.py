"""The pages of a TIFF: count them, and turn to one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mnist_infer.decode.files import open_regular, size_of
from mnist_infer.decode.formats import check_pixels
from mnist_infer.decode.tiff_directories import MAX_PAGES, count_directories
from mnist_infer.errors import ImageError

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage


def count_pages(path: str | os.PathLike[str]) -> int:
    """Count the pages of a TIFF, up to one more than `MAX_PAGES`; 1 for any other file.

    A damaged file counts as one: reading it will tell what is wrong.
    """
    try:
        with open_regular(path) as file:
            return max(count_directories(file, size_of(file)), 1)
    except (ImageError, OSError, ValueError):
        return 1


def has_more_pages(image: PILImage) -> bool:
    """Tell whether a TIFF that was just opened has more than one page."""
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
    if number < 1:
        raise ImageError(f"there is no page {number}; pages are counted from 1")
    if number > MAX_PAGES:
        raise ImageError(f"a TIFF of more than {MAX_PAGES:,} pages is not read; split the file")
    try:
        image.seek(number - 1)
    except EOFError:
        raise ImageError(f"there is no page {number}; the file has fewer") from None
    check_pixels(image, max_pixels)
