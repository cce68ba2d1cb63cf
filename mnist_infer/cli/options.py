"""The options that commands share, as types for Typer."""

from __future__ import annotations

from typing import Annotated

import typer

from mnist_infer import __version__, config
from mnist_infer.cli.console import PROGRAM
from mnist_infer.inference.registry import bundled_info
from mnist_infer.results import READING_THRESHOLD

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
Json = Annotated[
    bool, typer.Option("--json", help="Print a JSON array with one record for each image.")
]
Jsonl = Annotated[
    bool,
    typer.Option("--jsonl", help="Print one JSON record a line, as soon as each image is done."),
]
JsonReport = Annotated[bool, typer.Option("--json", help="Print it as JSON.")]
MinConfidence = Annotated[
    float,
    typer.Option(
        min=0,
        max=1,
        metavar="P",
        help="Give no answer below this confidence. "
        f"{_DEFAULT['recommended_threshold']:g} rejects "
        f"{_DEFAULT['validation_digits_rejected']:.1%} of digits and "
        f"{_DEFAULT['generated_non_digits_rejected']:.0%} of generated pictures without a digit.",
    ),
]
RowMinConfidence = Annotated[
    float,
    typer.Option(
        min=0,
        max=1,
        metavar="P",
        help="Give no answer where the least certain digit is below this confidence. "
        f"{READING_THRESHOLD:g} rejects 8% of pictures that are read right, and 56% of "
        "those that are read wrong.",
    ),
]
Model = Annotated[
    str,
    typer.Option(metavar="NAME|FILE", help="The name of a bundled model, or your own ONNX file."),
]
InputRange = Annotated[
    config.InputRange | None,
    typer.Option(help="The range of pixels that your own ONNX file expects, if they are floats."),
]
Device = Annotated[
    config.Device,
    typer.Option(help="Where the network runs; auto takes the GPU if it works."),
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
    typer.Option(help="The network's arithmetic; auto takes int8 on a CPU, if the model has it."),
]
MaxPixels = Annotated[
    int, typer.Option(min=1, metavar="N", help="The largest picture that is accepted, in pixels.")
]
BatchSize = Annotated[
    int,
    typer.Option(
        min=1, max=100_000, metavar="N", help="How many images go through the network together."
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print neither progress nor errors.")]
Verbose = Annotated[
    bool,
    typer.Option(
        "--verbose", "-v", help="Print which model and device are used, on standard error."
    ),
]
