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
    r"""Make the standard streams accept anything that is printed.

    Python has None for a closed stream, which a service may have; here it becomes one that discards
    everything. Characters that a stream's encoding lacks, such as in file names under cp1252, are
    written as escapes such as `\u6570`.
    """
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115
    sys.stdout = sys.stdout or _nowhere()
    sys.stderr = sys.stderr or _nowhere()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if not sys.warnoptions:
        # Pillow's warnings are either in the answer or do not matter to it.
        warnings.simplefilter("ignore")


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123


def usage_error(message: str) -> SystemExit:
    """Print why a command cannot do what was asked; return the exit to raise."""
    print_stderr(f"{PROGRAM}: {message}")
    return SystemExit(2)


def print_stderr(text: str, end: str = "\n") -> None:
    """Print to stderr; if that fails, the work goes on without it."""
    try:
        print(text, end=end, file=sys.stderr, flush=True)
    except OSError:
        # What is left in the buffer must not fail once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


@contextmanager
def progress_line() -> Iterator[Callable[[str], None]]:
    """Give a function that shows the next step of work on stderr, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("") as status:
        yield status.update


def claim_stdout() -> TextIO:
    """Reserve the process's stdout for results, and return it.

    Anything else that is printed to stdout from now on, such as by ONNX Runtime's Python or C++,
    goes to stderr.
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
