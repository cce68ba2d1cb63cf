"""The command `mnist-infer batch SRC DEST`."""

from __future__ import annotations

import sys
import time
from contextlib import redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mnist_infer.cli.console import PROGRAM, print_stderr, usage_error
from mnist_infer.cli.interrupts import INTERRUPTED, raise_interrupts
from mnist_infer.cli.options import BatchSize, InputRange, Model
from mnist_infer.config import DEFAULT_MODEL, ModelConfig
from mnist_infer.decode.uris import images_at, is_uri
from mnist_infer.errors import DeviceError, ModelError

if TYPE_CHECKING:
    from mnist_infer.batch.run import Options
    from mnist_infer.batch.state import Work
    from mnist_infer.inference.registry import ModelInfo

_SECONDS_BETWEEN_LINES = 10


def batch(
    source: Annotated[
        str,
        typer.Argument(metavar="SRC", help="A folder of images, or a URI: s3://bucket/folder."),
    ],
    destination: Annotated[
        str,
        typer.Argument(metavar="DEST", help="The folder or URI that the Parquet files go to."),
    ],
    model: Model = DEFAULT_MODEL,
    input_range: InputRange = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            show_default="one for each CPU, or as many as GPUs allow",
            help="How many processes recognise digits.",
        ),
    ] = None,
    num_gpus: Annotated[
        float,
        typer.Option(metavar="G", help="GPUs for each process, such as 1 or 0.25; 0: CPUs only."),
    ] = 0,
    batch_size: BatchSize = 1024,
    part_size: Annotated[
        int,
        typer.Option(
            min=1, metavar="N", help="How many images each Parquet file has; later runs keep it."
        ),
    ] = 10_000,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print no progress.")] = False,
) -> None:
    """Recognise the digit on every image in SRC, and write the answers to DEST as Parquet.

    It runs on Ray: on this machine, or on the cluster at RAY_ADDRESS. The columns are path, digit,
    confidence and error. If it was interrupted, run the same command again: it continues with the
    list of images that the first run made.

    Exit code: 0 if every image has a row, which may be an error; 1 if the run stopped early; 2 if
    the command is wrong.
    """
    try:
        from mnist_infer.batch.run import Options
        from mnist_infer.batch.state import Task, WorkError, create

        config, info = _check_model(model, input_range, on_gpus=bool(num_gpus))
        task = Task(_absolute(source), info.sha256, input_range)
        work = create(_absolute(destination), task, images_at(source), part_size)
    except ModuleNotFoundError as error:
        raise usage_error(
            f'{error.name} is missing; install it: pip install "mnist-infer[ray]"'
        ) from error
    except (ModelError, DeviceError, WorkError) as error:
        raise usage_error(str(error)) from error
    options = Options(_absolute(destination), config, batch_size, workers, num_gpus)
    raise_interrupts()
    try:
        # Ray reports workers that die on stdout.
        with redirect_stdout(sys.stderr):
            _run_with_progress(work, options, quiet)
    except KeyboardInterrupt:
        print_stderr(f"{PROGRAM}: stopped; run it again to go on")
        raise SystemExit(INTERRUPTED) from None
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[-1]
        print_stderr(f"{PROGRAM}: stopped ({reason}); run it again to go on")
        raise SystemExit(1) from error


def _check_model(
    model: str, input_range: InputRange, *, on_gpus: bool
) -> tuple[ModelConfig, ModelInfo]:
    """Load a model here, to fail now rather than in a hundred workers.

    Returns:
        The configuration for the workers, and what is known of the model.
    """
    from mnist_infer.inference.registry import has_int8
    from mnist_infer.recognizer import Recognizer

    config = ModelConfig(
        model,
        device="cpu",
        precision="float32" if on_gpus and has_int8(model) else "auto",
        input_range=input_range,
        isolated=True,
    )
    info = Recognizer.from_config(config).model
    return replace(
        config,
        model=model if model == info.name else _absolute(model),
        device="cuda" if on_gpus else "cpu",
    ), info


def _run_with_progress(work: Work, options: Options, quiet: bool) -> None:
    from mnist_infer.batch.run import run

    already = sum(map(work.size, work.done()))
    new = errors = 0
    started = None
    reported = time.monotonic()
    for part in run(work, options):
        # Speed counts from the first part: before it, Ray and the workers start.
        now = time.monotonic()
        if started is None:
            started, first = now, part.images
        new += part.images
        errors += part.errors
        if not quiet and now - reported > _SECONDS_BETWEEN_LINES:
            reported = now
            speed = f", {(new - first) / (now - started):,.0f}/s" if now > started else ""
            print_stderr(f"{already + new:,} of {work.images:,} images{speed}")
    work.tidy()
    if not quiet:
        before = f" ({already:,} of them before)" if already else ""
        print_stderr(
            f"{work.images:,} images done{before}; {errors:,} of the {new:,} new ones without an "
            f"answer: {options.destination}"
        )


def _absolute(location: str) -> str:
    return location if is_uri(location) else str(Path(location).absolute())
