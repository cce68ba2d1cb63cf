"""Decode pictures in separate processes, with limits on memory and time that no picture can pass.

The header of a picture does not always tell what decoding it will cost. This module decides which
picture needs a process. `worker_pool` shares the processes out, `worker_process` starts and ends
them.
"""

from __future__ import annotations

import os
import sys
import weakref

import numpy as np
from PIL import Image

from mnist_infer.config import is_frozen, usable_processors
from mnist_infer.decode.images import ImageSource, Page, Picture, decode_picture, read_file
from mnist_infer.decode.tiny_png import is_tiny_png
from mnist_infer.decode.worker_pool import WorkerPool
from mnist_infer.errors import (
    DecodeLimitError,
    ImageError,
    PictureTooLargeError,
    SeveralPagesError,
)

_SPARE_WORKERS = 2
"""Workers beyond one for each processor."""
# By name, as workers send them; other names are plain `ImageError`s.
_ERRORS = {
    each.__name__: each for each in (DecodeLimitError, PictureTooLargeError, SeveralPagesError)
}


class IsolatedDecoder:
    """`decode_picture` in worker processes. Safe to share between threads."""

    def __init__(
        self, max_pixels: int, workers: int | None = None, *, by_fork: bool = False
    ) -> None:
        """Start nothing yet: workers start when pictures come.

        Args:
            max_pixels: The largest picture that is decoded.
            workers: Pictures that are decoded at once, besides two slow ones; None:
                `decoders_at_once`.
            by_fork: Fork this process for each worker. This is for programs on Linux whose other
                threads, if any, hold no lock. Otherwise workers are forks of a new Python on Linux,
                and each is a new Python elsewhere.
        """
        self._max_pixels = max_pixels
        self._by_fork = by_fork or (is_frozen() and sys.platform == "linux")
        self._workers = workers or decoders_at_once()
        self._begin()

    def _begin(self) -> None:
        self._pool = WorkerPool(self._max_pixels, self._workers, self._by_fork)
        self._finalizer = weakref.finalize(self, self._pool.close)

    def decode(self, source: ImageSource, working_side: int | None = None) -> Picture:
        """Decode one image, as `decode_picture` does.

        Arrays, PIL images and tiny PNGs need no worker: what they cost is known.

        Raises:
            DecodeLimitError: It takes more time or memory than pictures of this size need.
            DecoderBusyError: It takes long, and so many others do that it cannot wait for them.
            ImageError, TypeError: As `decode_picture`.
        """
        if isinstance(source, (np.ndarray, Image.Image, Picture)):
            return decode_picture(source, working_side, self._max_pixels)
        file, page = (source.file, source.number) if isinstance(source, Page) else (source, None)
        content = read_file(file, self._max_pixels)
        if page is None and is_tiny_png(content):
            return decode_picture(content, working_side, self._max_pixels)
        request = {
            "size": len(content),
            "page": page,
            "working_side": working_side,
            "low_priority": False,
        }
        if self._pool.pid != os.getpid():
            self._begin()  # After a fork, the workers are the parent's.
        answer, pixels = self._pool.decode(request, content)
        if "error" in answer:
            raise _ERRORS.get(answer["error"], ImageError)(answer["message"])
        return Picture(pixels.reshape(answer["shape"]), tuple(answer["size"]), answer["shrink"])

    def close(self) -> None:
        """End all workers, idle or at work; the next picture starts a new one."""
        self._finalizer()
        self._begin()


def decoders_at_once() -> int:
    """Count the pictures that are best decoded at once: one for each processor, and some more."""
    return usable_processors() + _SPARE_WORKERS
