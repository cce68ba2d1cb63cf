"""What a decoding process sets itself: limits on time and memory, and no output of its own."""

from __future__ import annotations

import math
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# Most of it is for the largest picture in the slowest format on a small machine.
_SECONDS, _SECONDS_PER_MEGAPIXEL = 3.0, 0.2
_MEMORY_BYTES, _MEMORY_BYTES_PER_PIXEL = 2**27, 40


def discard_output() -> None:
    """Print nothing from now on: what libtiff says of a damaged picture, the error says too."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    os.close(null)


def decode_seconds(max_pixels: int) -> float:
    """Return how many seconds decoding one picture may take."""
    return _SECONDS + _SECONDS_PER_MEGAPIXEL * max_pixels / 1e6


def limit_memory(max_pixels: int) -> None:
    """Limit the memory that this process may still take; more raises a `MemoryError`.

    Only Linux has such a limit.
    """
    if sys.platform != "linux":
        return
    import resource

    with open("/proc/self/statm") as file:  # noqa: PTH123
        now = int(file.read().split()[5]) * os.sysconf("SC_PAGESIZE")
    _set_limit(resource.RLIMIT_DATA, now + _MEMORY_BYTES + _MEMORY_BYTES_PER_PIXEL * max_pixels)


@contextmanager
def limit_time(max_pixels: int) -> Iterator[None]:
    """End this process if the block, which decodes one picture, takes longer than it may.

    The system ends it, by SIGALRM or SIGXCPU, even while C code is at work. Windows has neither.
    """
    if sys.platform == "win32":
        yield
        return
    import resource

    seconds = decode_seconds(max_pixels)
    used = resource.getrusage(resource.RUSAGE_SELF)
    _set_limit(resource.RLIMIT_CPU, math.ceil(used.ru_utime + used.ru_stime + seconds) + 1)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _set_limit(kind: int, value: int) -> None:
    import resource

    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (value if hard < 0 else min(value, hard), hard))
