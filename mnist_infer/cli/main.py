"""The command line `mnist-infer`.

Arguments that are only names of images go straight to the recogniser; all others are parsed by
Typer, whose import would double the time for one image.
"""

from __future__ import annotations

import sys

from mnist_infer.cli.console import PROGRAM, open_streams

COMMANDS = frozenset({"predict", "read", "explain", "info", "bench", "serve", "batch"})


def main() -> None:
    """Run the command line."""
    open_streams()
    arguments = sys.argv[1:]
    if _are_images(arguments):
        from mnist_infer.cli.recognize import OutputOptions, predict
        from mnist_infer.config import ModelConfig

        sys.exit(predict(arguments, ModelConfig(), OutputOptions()))
    from mnist_infer.cli.commands import app

    app(prog_name=PROGRAM)


def _are_images(arguments: list[str]) -> bool:
    """Whether there are neither options nor commands among the arguments."""
    return (
        bool(arguments)
        and arguments[0] not in COMMANDS
        and all(argument == "-" or not argument.startswith("-") for argument in arguments)
    )
