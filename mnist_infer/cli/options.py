"""The options that commands share, as types for Typer."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from mnist_infer import __version__, config
from mnist_infer.cli.console import PROGRAM
from mnist_infer.inference.registry import bundled_info

_DEFAULT = bundled_info(config.DEFAULT_MODEL).sidecar


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"{PROGRAM} {__version__}")
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option(
        "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
    ),
]
Images = Annotated[
    list[str],
    typer.Argument(
        metavar="FILES",
        help="Image files, folders (searched recursively), or - for standard input.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON array with a record per image.")]
Jsonl = Annotated[
    bool, typer.Option("--jsonl", help="Print a JSON record per line and image, streamed.")
]
MinConfidence = Annotated[
    float,
    typer.Option(
        min=0,
        max=1,
        metavar="P",
        help="Count a less confident answer as none. "
        f"{_DEFAULT['recommended_threshold']:g} rejects "
        f"{_DEFAULT['validation_digits_rejected']:.1%} of digits and "
        f"{_DEFAULT['generated_non_digits_rejected']:.0%} of pictures without one.",
    ),
]
Model = Annotated[
    str, typer.Option(metavar="NAME|FILE", help="A bundled model, or your own ONNX file.")
]
InputRange = Annotated[
    config.InputRange | None,
    typer.Option(help="What your ONNX file's float input expects."),
]
Device = Annotated[
    config.Device,
    typer.Option(help="auto takes CUDA where a session really runs on it."),
]
Threads = Annotated[
    int,
    typer.Option(
        min=0,
        max=config.MAX_THREADS,
        metavar="N",
        help="CPU threads for the network; 0: all processors.",
    ),
]
Precision = Annotated[
    config.Precision,
    typer.Option(help="The arithmetic; auto takes int8 on a CPU where the model has it."),
]
MaxPixels = Annotated[
    int, typer.Option(min=1, metavar="N", help="The largest picture that is decoded.")
]
BatchSize = Annotated[
    int,
    typer.Option(
        min=1, max=sys.maxsize, metavar="N", help="Images that go through the network together."
    ),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="No progress and no error lines on stderr.")
]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Say on stderr which model and device are used.")
]
