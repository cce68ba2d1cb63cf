"""Read files that a caller names: regular files only, and not much more than a picture needs."""

from __future__ import annotations

import errno
import io
import os
import stat
from typing import BinaryIO

_PART = 2**20
_SMALL = 2**16
# Opening a pipe that nobody writes to would wait for ever. Windows would take bytes for text.
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class NotRegularError(OSError):
    """A pipe, a device or a socket, which may never end or never begin."""


class OverBudgetError(Exception):
    """A file that asks for more reads, or more bytes, than it was given.

    It is no `OSError`: Pillow takes one for the end of a TIFF's tags, and goes on without them.
    """


class Metered:
    """A binary stream with a budget, for parsers that files can keep busy for hours.

    Reading all that is left is free, as that happens once.
    """

    def __init__(self, stream: BinaryIO, reads: int, size: float) -> None:
        self._stream = stream
        self.grant(reads, size)
        self.seek, self.tell, self.close = stream.seek, stream.tell, stream.close

    def grant(self, reads: int, size: float) -> None:
        """Begin a new budget: a number of reads, and of bytes that they may read altogether."""
        self._reads, self._bytes = reads, size

    def read(self, size: int = -1) -> bytes:
        """Read as `BinaryIO.read` does."""
        content = self._stream.read(size)
        self._reads -= 1
        if size >= 0:
            self._bytes -= len(content)
        if self._reads < 0 or self._bytes < 0:
            raise OverBudgetError("the budget is spent")
        return content


def open_regular(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file for reading; a pipe or device is refused, without waiting for it.

    Raises:
        NotRegularError: The path is no regular file.
        OSError: It cannot be opened.
        ValueError: It is no path.
    """
    number = os.open(path, _FLAGS)
    try:
        status = os.fstat(number)
        if stat.S_ISDIR(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
        if not stat.S_ISREG(status.st_mode):
            raise NotRegularError(f"{os.fspath(path)!r} is no regular file")
        if status.st_size > _SMALL:
            return os.fdopen(os.dup(number), "rb")
        # Parsers seek so much that a file would take twice the time of these bytes.
        return io.BytesIO(os.read(number, status.st_size))
    finally:
        os.close(number)


def read_at_most(stream: BinaryIO, size: int) -> bytes:
    """Read to the end, or `size` bytes; `read(size)` would allocate memory for all at once."""
    parts = []
    while size > 0 and (part := stream.read(min(size, _PART))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def size_of(stream: BinaryIO) -> int:
    """Count the bytes of a stream, and rewind it."""
    stream.seek(0, os.SEEK_END)
    size = stream.tell()
    stream.seek(0)
    return size
