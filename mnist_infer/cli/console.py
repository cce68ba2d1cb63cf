"""The process's streams: what the commands print, and how they end."""

from __future__ import annotations

import errno
import os
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import TextIO

PROGRAM = "mnist-infer"


def open_streams() -> None:
    r"""Make the standard streams take whatever is printed.

    Closed ones lead nowhere: Python has None for a stream that is closed, as a service's may be,
    and `print` would take the other one for it. Characters that their encoding lacks, as in file
    names where it is cp1252, are written as escapes such as `\u6570`.
    """
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if not sys.warnoptions:
        # What Pillow warns of is in the answer, or does not matter to it.
        warnings.simplefilter("ignore")


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123


def usage_error(message: str) -> SystemExit:
    """What to raise where a command cannot do what was asked; says why on stderr."""
    print_stderr(f"{PROGRAM}: {message}")
    return SystemExit(2)


def print_stderr(text: str, end: str = "\n") -> None:
    """Print to stderr; where that cannot be written, the work goes on without it."""
    try:
        print(text, end=end, file=sys.stderr, flush=True)
    except OSError:
        # What is left in the buffer must not fail once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


@contextmanager
def progress_line() -> Iterator[Callable[[str], None]]:
    """Give a function that shows what is done next, on stderr if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("") as status:
        yield status.update


def claim_stdout() -> TextIO:
    """The process's stdout, for results alone.

    Whatever else is printed to stdout from now on, by ONNX Runtime's Python or C++ say, goes to
    stderr.
    """
    number = sys.stdout.fileno()
    results = open(  # noqa: PTH123, SIM115
        os.dup(number), "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors
    )
    os.dup2(sys.stderr.fileno(), number)
    return results


def write_results(chunks: Iterable[str], results: TextIO) -> None:
    """Write results as they come; stop where their reader has left."""
    for chunk in chunks:
        try:
            results.write(chunk)
            results.flush()
        except OSError as error:
            # What is left in the buffer must not fail once more at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), results.fileno())
            # Windows calls a pipe whose reader has left an invalid argument.
            if isinstance(error, BrokenPipeError) or error.errno == errno.EINVAL:
                return
            raise usage_error(f"standard output: cannot be written ({error.strerror})") from error
