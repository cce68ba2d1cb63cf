"""Find the images that arguments name: files, folders, and standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from mnist_infer.config import max_bytes
from mnist_infer.decode.files import read_at_most

if TYPE_CHECKING:
    from mnist_infer.decode.images import Page

STDIN = "-"

Name: TypeAlias = "str | Page"
"""The name of one image; the answer is printed under `str(name)`."""

_SUFFIXES = (
    ".avif .bmp .dib .gif .ico .jfif .jpe .jpeg .jpg .pbm .pgm .png .pnm .ppm .tga .tif .tiff .webp"
)
# A phone's photos and a scanner's pages: the error that they are not supported is better than
# passing them over.
_UNSUPPORTED_SUFFIXES = ".heic .heif .jp2 .pdf"
IMAGE_SUFFIXES = frozenset(f"{_SUFFIXES} {_UNSUPPORTED_SUFFIXES}".split())
"""In a folder, only names that end so are taken; a file that is named by itself always is."""


def expand(arguments: Iterable[str]) -> Iterator[Name]:
    """Find the images that the arguments name, in order; folders recursively, sorted by name.

    In a folder, what is hidden is skipped. Each page of a TIFF with several is an image of its own.
    A folder without images is given itself, so that reading it raises the error that explains it.
    """
    for argument in arguments:
        if argument == STDIN:
            yield argument
        else:
            for path in image_files(argument):
                yield from _pages(path)


def image_files(path: str) -> Iterator[str]:
    """Find the image files below a folder; give a file, or a folder without any, itself."""
    found = False
    # Unlike `Path.is_dir`, it is false where the path may not be looked at: reading it says why.
    if os.path.isdir(path):  # noqa: PTH112
        for below in _images_below(path):
            found = True
            yield below
    if not found:
        yield path


def open_source(name: Name, max_pixels: int) -> Name | bytes:
    """Turn a name into a source for `Recognizer`: itself, or for `-` the bytes on standard input.

    Of these, one more than `max_bytes` is read at most: enough to be refused.
    """
    return read_at_most(sys.stdin.buffer, max_bytes(max_pixels) + 1) if name == STDIN else name


def is_hidden(name: str) -> bool:
    """Tell whether a name is of what systems keep beside pictures: `._a.jpg`, `.thumbnails`."""
    return name.startswith(".")


def _pages(path: str) -> Iterator[Name]:
    if not path.lower().endswith((".tif", ".tiff")):
        yield path  # Every file would be opened twice otherwise.
        return
    from mnist_infer.decode.images import Page
    from mnist_infer.decode.tiff_pages import MAX_PAGES, count_pages

    count = count_pages(path)
    if count == 1:
        yield path
    elif count > MAX_PAGES:
        yield Page(path, count)  # Reading it says what is wrong with them all.
    else:
        yield from (Page(path, number) for number in range(1, count + 1))


def _images_below(folder: str) -> Iterator[str]:
    # `os.path`, since `pathlib` would take a tenth of the time of a small picture.
    unreadable: list[OSError] = []
    for parent, folders, files in os.walk(folder, onerror=unreadable.append):
        folders[:] = sorted(name for name in folders if not is_hidden(name))
        for name in folders:
            linked = os.path.join(parent, name)  # noqa: PTH118
            if os.path.islink(linked):  # noqa: PTH114
                yield linked  # Followed, it may lead around in a circle; reading it is an error.
        for name in sorted(files):
            suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122
            if suffix in IMAGE_SUFFIXES and not is_hidden(name):
                yield os.path.join(parent, name)  # noqa: PTH118
    for error in unreadable:
        yield error.filename  # Reading it says what is wrong.
