"""The configuration of a recogniser, and facts about this process.

Imports nothing heavy, so that the command line can show these choices at once.
"""

from __future__ import annotations

import operator
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

Device = Literal["auto", "cpu", "cuda"]
Precision = Literal["auto", "float32", "int8"]
InputRange = Literal["0..1", "0..255"]

DEFAULT_MODEL = "dense-512x2"

MAX_PIXELS = 50_000_000
"""Pixels of the largest picture that is decoded, unless the caller sets another limit."""

MAX_THREADS = 1024


def max_bytes(max_pixels: int) -> int:
    """Return the bytes of the largest file: uncompressed 16-bit RGBA, and a margin for headers."""
    return 8 * max_pixels + 2**20


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """All that a `Recognizer` is made from; equal configurations give equal answers."""

    model: str | os.PathLike[str] = DEFAULT_MODEL
    """The name of a bundled model, or the path of an ONNX file that classifies 784 pixels into
    ten digits."""

    device: Device = "auto"
    """`"cpu"`, `"cuda"`, or `"auto"`: CUDA where a session really runs on it."""

    threads: int = 1
    """CPU threads for one call, at most 1024; 0: all processors."""

    precision: Precision = "auto"
    """`"float32"`, `"int8"` (on a CPU, where the model is bundled in it), or `"auto"`: the faster
    of the two on the device."""

    input_range: InputRange | None = None
    """The range that an ONNX file with a float input expects, if its metadata does not have it."""

    max_pixels: int = MAX_PIXELS
    """The largest picture that is decoded, in pixels. Larger ones are refused by their headers, and
    files by their sizes if these exceed 8 bytes a pixel."""

    isolated: bool = False
    """Decode in separate processes, with limits on memory and time, so that a stranger's picture
    cannot stop or exhaust this process; see SECURITY.md."""

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            ValueError: A number is not an integer, or out of its range.
        """
        if not _is_integer(self.threads) or not 0 <= self.threads <= MAX_THREADS:
            raise ValueError(
                f"threads is {self.threads!r}; an integer from 0 to {MAX_THREADS} is needed"
            )
        if not _is_integer(self.max_pixels) or self.max_pixels < 1:
            raise ValueError(f"max_pixels is {self.max_pixels!r}; an integer from 1 is needed")


def usable_processors() -> int:
    """Count the processors that this process may use, by affinity and its container's quota."""
    if sys.platform != "linux":
        return os.cpu_count() or 1
    count = float(len(os.sched_getaffinity(0)))
    with suppress(OSError, ValueError), open("/sys/fs/cgroup/cpu.max") as file:  # noqa: PTH123
        quota, period = map(int, file.read().split())
        count = min(count, quota / period)
    return max(1, round(count))


def is_frozen() -> bool:
    """Tell whether this is a frozen app, as of PyInstaller, whose executable is not Python."""
    return bool(getattr(sys, "frozen", False))


def _is_integer(value: object) -> bool:
    """Return whether a value is an integer of Python or of NumPy."""
    try:
        operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        return False
    return True
