"""The parts of a command line that the commands share."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, HelpFormatter
from collections.abc import Callable
from contextlib import suppress
from io import TextIOWrapper
from typing import TextIO

from mnist_infer import __version__
from mnist_infer.inference.registry import DEFAULT_MODEL

INTERRUPTED = 130
"""The exit code after Ctrl-C, as of a shell."""


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


def _nowhere() -> TextIO:
    return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123


def create_parser(name: str, description: str, epilog: str) -> ArgumentParser:
    """A parser that knows `--version` and `--help`, and takes no abbreviations."""
    parser = ArgumentParser(
        name,
        None,
        description,
        epilog,
        formatter_class=_formatter,
        allow_abbrev=False,
        add_help=False,
    )
    parser.add_argument(
        "--version",
        action="version",
        version=f"{name} {__version__}",
        help="Show the version and exit.",
    )
    parser.add_argument("-h", "--help", action="help", help="Show this message and exit.")
    return parser


def _formatter(prog: str) -> HelpFormatter:
    # It would import `shutil` for the width, with each parser, also where no help is asked for:
    # a thirtieth of the time that a whole prediction takes.
    return HelpFormatter(prog, width=_columns() - 2)


def _columns() -> int:
    with suppress(KeyError, ValueError):
        return max(int(os.environ["COLUMNS"]), 20)
    with suppress(OSError):
        return os.get_terminal_size().columns or 80
    return 80


def add_model_file_options(parser: ArgumentParser) -> None:
    """Which model."""
    parser.add_argument(
        "--model",
        default=DEFAULT_MODEL,
        metavar="NAME|FILE",
        help="A bundled model, or your own ONNX file. [default: %(default)s]",
    )
    parser.add_argument(
        "--input-range",
        choices=("0..1", "0..255"),
        metavar="0..1|0..255",
        help="What your ONNX file's float input expects.",
    )


def add_model_options(parser: ArgumentParser) -> None:
    """Which model, on which device."""
    add_model_file_options(parser)
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        metavar="auto|cpu|cuda",
        default="auto",
        help="auto takes CUDA where a session really gets it. [default: %(default)s]",
    )
    parser.add_argument(
        "--threads",
        type=whole(0, 1024),
        default=1,
        metavar="N",
        help="CPU threads for the network; 0: all cores. [default: %(default)s]",
    )
    parser.add_argument(
        "--precision",
        choices=("auto", "float32", "int8"),
        default="auto",
        metavar="auto|float32|int8",
        help="The arithmetic; auto takes int8 on a CPU where the model has it. "
        "[default: %(default)s]",
    )


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """The type of an option that takes a whole number of a range."""

    def parse(text: str) -> int:
        number = int(text)
        if number < least or (most is not None and number > most):
            above = "" if most is None else f" and at most {most}"
            raise ArgumentTypeError(f"{number} is not at least {least}{above}")
        return number

    parse.__name__ = "whole number"  # What argparse calls it where `int` fails.
    return parse


def share(text: str) -> float:
    """The type of an option that takes a number from 0 to 1."""
    number = float(text)
    if not 0 <= number <= 1:
        raise ArgumentTypeError(f"{text} is not from 0 to 1")
    return number


def usage_error(program: str, message: str) -> SystemExit:
    """What to raise where a command cannot do what was asked; says why on stderr."""
    say(f"{program}: {message}")
    return SystemExit(2)


def say(text: str, end: str = "\n") -> None:
    """Print to stderr; where that cannot be written, the work goes on without it."""
    try:
        print(text, end=end, file=sys.stderr, flush=True)
    except OSError:
        # What is left in the buffer must not fail once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
