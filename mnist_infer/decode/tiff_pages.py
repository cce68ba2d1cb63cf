"""The pages of a TIFF: count them before Pillow parses any of them, and turn to one."""

from __future__ import annotations

import io
import os
import struct
from typing import TYPE_CHECKING, BinaryIO

from mnist_infer.decode.files import open_regular, size_of
from mnist_infer.errors import ImageError

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

MAX_PAGES = 1000
"""Pillow parses all pages before the one that is asked for: many more would take hours."""

_MAX_TAGS = 65_536
_BYTE_ORDERS = {b"II": "<", b"MM": ">"}
_TIFF, _BIG_TIFF = 42, 43


def count_directories(stream: BinaryIO, size: int) -> int:
    """Count the pages of a TIFF, up to one more than `MAX_PAGES`; 0 for any other file.

    Args:
        stream: Seekable, at its start.
        size: Its bytes.

    Raises:
        ImageError: The directories overlap, or hold more tags than documents do.
    """
    header = stream.read(16).ljust(16, b"\0")
    order = _BYTE_ORDERS.get(header[:2])
    if order is None or not {_TIFF, _BIG_TIFF} & {*header[2:4]}:
        return 0
    is_big = _BIG_TIFF in header[2:4]
    count_format, link_format = (order + "Q", order + "Q") if is_big else (order + "H", order + "I")
    tag_bytes = 20 if is_big else 12
    (place,) = struct.unpack_from(link_format, header, 8 if is_big else 4)
    seen: set[int] = set()
    tags = 0
    while 0 < place < size and place not in seen and len(seen) <= MAX_PAGES:
        seen.add(place)
        stream.seek(place)
        count = _number(stream, count_format)
        tags += count
        if tags * tag_bytes > size or tags > _MAX_TAGS:
            raise ImageError(
                f"a TIFF whose page directories overlap or hold more than {_MAX_TAGS:,} tags; "
                "save it as PNG or JPEG"
            )
        stream.seek(count * tag_bytes, io.SEEK_CUR)
        place = _number(stream, link_format)
    return len(seen)


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


def turn_to(image: PILImage, number: int) -> None:
    """Turn to a page, counted from 1.

    Raises:
        ImageError: There is no such page.
    """
    if number < 1:
        raise ImageError(f"there is no page {number}; pages are counted from 1")
    if number > MAX_PAGES:
        raise ImageError(f"a TIFF of more than {MAX_PAGES:,} pages is not read; split the file")
    try:
        image.seek(number - 1)
    except EOFError:
        raise ImageError(f"there is no page {number}; the file has fewer") from None


def _number(stream: BinaryIO, format_: str) -> int:
    """Read the next number; 0 at the end of the file."""
    length = struct.calcsize(format_)
    return int(struct.unpack(format_, stream.read(length).ljust(length, b"\0"))[0])
