"""The command line: `mnist-infer-batch SRC DEST`."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

from mnist_infer.cli.options import (
    INTERRUPTED,
    add_model_file_options,
    create_parser,
    open_streams,
    say,
    usage_error,
    whole,
)
from mnist_infer.decode.storage import images_at, is_uri
from mnist_infer.errors import DeviceError, ModelError

if TYPE_CHECKING:
    from mnist_infer.batch.run import Options
    from mnist_infer.batch.work import Work
    from mnist_infer.inference.registry import Precision
    from mnist_infer.inference.session import InputRange

PROGRAM = "mnist-infer-batch"
_SECONDS_BETWEEN_LINES = 10


def main() -> None:
    """Run the command line."""
    open_streams()
    batch(**vars(_create_parser().parse_args()))


def _create_parser() -> ArgumentParser:
    parser = create_parser(
        PROGRAM,
        "Recognise the digit on every image in SRC, and write path, digit, confidence and error to "
        "DEST as Parquet; on a Ray that is started on this machine, or on the cluster at "
        "RAY_ADDRESS. Run the same command again after a kill, and it goes on: the list of images "
        "is made once, and parts that are done are not done again.",
        "Exit code: 0 when every image has its row, also where that says an error; 1 when the run "
        "stopped before; 2 for wrong usage.",
    )
    add = parser.add_argument
    add("source", metavar="SRC", help="A folder of images, or a URI: s3://bucket/folder.")
    add("destination", metavar="DEST", help="The folder or URI that the Parquet files go to.")
    add_model_file_options(parser)
    add(
        "--workers",
        type=whole(1),
        metavar="N",
        help="Recognisers side by side. [default: one for each CPU, or as many as GPUs allow]",
    )
    add(
        "--num-gpus",
        type=float,
        default=0,
        metavar="G",
        help="GPUs for each worker, as 1 or 0.25; 0: CPUs only. [default: %(default)s]",
    )
    add(
        "--batch-size",
        type=whole(1),
        default=1024,
        metavar="N",
        help="Images that go through the network together. [default: %(default)s]",
    )
    add(
        "--part-size",
        type=whole(1),
        default=10_000,
        metavar="N",
        help="Images for each file, fixed by the first run. [default: %(default)s]",
    )
    add("-q", "--quiet", action="store_true", help="No progress on stderr.")
    return parser


def batch(
    *,
    source: str,
    destination: str,
    model: str,
    input_range: InputRange | None,
    workers: int | None,
    num_gpus: float,
    batch_size: int,
    part_size: int,
    quiet: bool,
) -> None:
    """Do what the options say."""
    try:
        from mnist_infer.batch.run import Options
        from mnist_infer.batch.work import Task, WorkError, create
        from mnist_infer.inference.registry import has_int8
        from mnist_infer.recognizer import Recognizer

        # Now rather than in a hundred workers: is the model to be had? GPUs take it in float32.
        precision: Precision = "float32" if num_gpus and has_int8(model) else "auto"
        info = Recognizer(model, device="cpu", precision=precision, input_range=input_range).model
        task = Task(_absolute(source), info.sha256, input_range)
        work = create(_absolute(destination), task, images_at(source), part_size)
    except ModuleNotFoundError as error:
        raise usage_error(
            PROGRAM, f'{error.name} is missing; install it: pip install "mnist-infer[ray]"'
        ) from error
    except (ModelError, DeviceError, WorkError) as error:
        raise usage_error(PROGRAM, str(error)) from error
    options = Options(
        destination=_absolute(destination),
        model=model if model == info.name else _absolute(model),
        input_range=input_range,
        batch_size=batch_size,
        workers=workers,
        num_gpus=num_gpus,
    )
    try:
        # Where workers die, Ray tells of it on stdout.
        with redirect_stdout(sys.stderr):
            _do(work, options, quiet)
    except KeyboardInterrupt:
        say(f"{PROGRAM}: stopped; run it again to go on")
        raise SystemExit(INTERRUPTED) from None
    except Exception as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[-1]
        say(f"{PROGRAM}: stopped ({reason}); run it again to go on")
        raise SystemExit(1) from error


def _do(work: Work, options: Options, quiet: bool) -> None:
    from mnist_infer.batch.run import run

    already = sum(map(work.size, work.done()))
    new = errors = 0
    started = None
    told = time.monotonic()
    for part in run(work, options):
        # Speed counts from the first part: before it, Ray and the workers start.
        now = time.monotonic()
        if started is None:
            started, first = now, part.images
        new += part.images
        errors += part.errors
        if not quiet and now - told > _SECONDS_BETWEEN_LINES:
            told = now
            speed = f", {(new - first) / (now - started):,.0f}/s" if now > started else ""
            say(f"{already + new:,} of {work.images:,} images{speed}")
    work.tidy()
    if not quiet:
        before = f" ({already:,} of them before)" if already else ""
        say(
            f"{work.images:,} images done{before}; {errors:,} of the {new:,} new ones without an "
            f"answer: {options.destination}"
        )


def _absolute(location: str) -> str:
    return location if is_uri(location) else str(Path(location).absolute())
