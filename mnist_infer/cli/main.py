"""The command line `mnist-infer`.

Arguments that are only names of images go straight to the recogniser; all others are parsed by
Typer, whose import would double the time for one image.
"""

from __future__ import annotations

import os
import sys

from mnist_infer.cli.console import PROGRAM, open_streams, usage_error

COMMANDS = frozenset({"predict", "read", "explain", "info", "bench", "serve", "batch"})


def main() -> None:
    """Run the command line."""
    open_streams()
    arguments = sys.argv[1:]
    if arguments and not arguments[0].startswith("-"):
        _refuse_mistyped_command(arguments[0])
    if _are_images(arguments):
        from mnist_infer.cli.recognize import OutputOptions, predict
        from mnist_infer.config import ModelConfig

        _exit(predict(arguments, ModelConfig(), OutputOptions()))
    from mnist_infer.cli.commands import app

    app(prog_name=PROGRAM)


def _are_images(arguments: list[str]) -> bool:
    """Whether there are neither options nor commands among the arguments."""
    return (
        bool(arguments)
        and arguments[0] not in COMMANDS
        and all(argument == "-" or not argument.startswith("-") for argument in arguments)
    )


def _refuse_mistyped_command(name: str) -> None:
    if name in COMMANDS or os.path.lexists(name):
        return
    from difflib import get_close_matches

    if meant := get_close_matches(name, sorted(COMMANDS), n=1, cutoff=0.7):
        raise usage_error(
            f"no file and no command is named {name!r}; did you mean `{PROGRAM} {meant[0]}`?"
        )


def _exit(code: int) -> None:
    """End the process without the interpreter's clean-up, 13 % of the time for one image.

    After Ctrl-C it is cleaned up: a worker may be at work on a picture still.
    """
    from mnist_infer.cli.interrupts import INTERRUPTED

    if code != INTERRUPTED:
        os._exit(code)
    sys.exit(code)
