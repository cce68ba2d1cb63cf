"""What the command line names -> images to read: files, folders, and standard input."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

STDIN = "-"

_SUFFIXES = (
    ".avif .bmp .dib .gif .ico .jfif .jpe .jpeg .jpg .pbm .pgm .png .pnm .ppm .tga .tif .tiff .webp"
)
IMAGE_SUFFIXES = frozenset(_SUFFIXES.split())
"""In a folder, only names that end so are taken; a file that is named by itself always is."""


def expand(arguments: Iterable[str]) -> Iterator[str]:
    """The paths behind the arguments, in their order; folders recursively, sorted by name.

    A folder without images stands for itself, so that reading it says what is wrong.
    """
    for argument in arguments:
        if argument != STDIN and Path(argument).is_dir():
            found = False
            for path in _images_below(argument):
                found = True
                yield path
            if not found:
                yield argument
        else:
            yield argument


def open_source(path: str) -> str | bytes:
    """What `Recognizer` takes for a path: the path, or the bytes on standard input for `-`."""
    return sys.stdin.buffer.read() if path == STDIN else path


def _images_below(folder: str) -> Iterator[str]:
    for parent, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted(files):
            if Path(name).suffix.lower() in IMAGE_SUFFIXES:
                yield str(Path(parent, name))
