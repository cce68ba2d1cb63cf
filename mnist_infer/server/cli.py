"""The command line: `mnist-infer-serve`."""

from __future__ import annotations

import sys
import warnings
from argparse import ArgumentParser
from typing import TYPE_CHECKING

from mnist_infer.cli.options import (
    add_model_options,
    create_parser,
    open_streams,
    usage_error,
    whole,
)
from mnist_infer.errors import DeviceError, ModelError

if TYPE_CHECKING:
    from mnist_infer.inference.registry import Precision
    from mnist_infer.inference.session import Device, InputRange

PROGRAM = "mnist-infer-serve"


def main() -> None:
    """Run the command line."""
    open_streams()
    if not sys.warnoptions:
        # What Pillow warns of is in the answer, or does not matter to it.
        warnings.simplefilter("ignore")
    serve(**vars(_create_parser().parse_args()))


def _create_parser() -> ArgumentParser:
    parser = create_parser(
        PROGRAM,
        "Serve the page to draw on, and the API, until interrupted.",
        "Exit code: 2 for wrong usage (an unavailable model, device or address included).",
    )
    add = parser.add_argument
    add(
        "--host",
        default="127.0.0.1",
        help="The address to listen on; 0.0.0.0 lets other machines in. [default: %(default)s]",
    )
    add(
        "--port",
        type=whole(0, 65535),
        default=8000,
        metavar="N",
        help="The port; 0 takes a free one. [default: %(default)s]",
    )
    add(
        "--allowed-host",
        action="append",
        default=[],
        metavar="NAME",
        help="A name under which clients reach the server, besides localhost and its IP "
        "addresses; may be repeated.",
    )
    add_model_options(parser)
    add(
        "--max-body",
        type=whole(1),
        default=16_000_000,
        metavar="BYTES",
        help="The largest body that is taken. [default: %(default)s]",
    )
    add(
        "--max-pixels",
        type=whole(1),
        default=25_000_000,
        metavar="N",
        help="The largest picture that is decoded. [default: %(default)s]",
    )
    add(
        "--max-batch",
        type=whole(1),
        default=64,
        metavar="N",
        help="Images that go through the network together; 1: no batching. [default: %(default)s]",
    )
    add(
        "--queue",
        type=whole(1),
        default=256,
        metavar="N",
        help="Requests taken at once; more get a 503. [default: %(default)s]",
    )
    add("-q", "--quiet", action="store_true", help="No access log on stderr.")
    return parser


def serve(
    *,
    host: str,
    port: int,
    allowed_host: list[str],
    model: str,
    input_range: InputRange | None,
    device: Device,
    threads: int,
    precision: Precision,
    max_body: int,
    max_pixels: int,
    max_batch: int,
    queue: int,
    quiet: bool,
) -> None:
    """Serve what the options say until interrupted."""
    from mnist_infer.decode.formats import limit_pillow
    from mnist_infer.recognizer import Recognizer

    limit_pillow(max_pixels)
    try:
        from mnist_infer.server import logs, run
        from mnist_infer.server.app import create_app
        from mnist_infer.server.limits import Limits
    except ModuleNotFoundError as error:
        raise usage_error(
            PROGRAM,
            f'{error.name} is missing; install the server: pip install "mnist-infer[serve]"',
        ) from error

    try:
        recognizer = Recognizer(
            model,
            device=device,
            threads=threads,
            precision=precision,
            input_range=input_range,
            max_pixels=max_pixels,
            isolated=True,
        )
    except (ModelError, DeviceError) as error:
        raise usage_error(PROGRAM, str(error)) from error
    logs.configure(requests=not quiet)
    limits = Limits(max_body, max_batch, queue)
    try:
        run.run(create_app(recognizer, limits, allowed_host), limits, host, port)
    except OSError as error:
        raise usage_error(PROGRAM, f"cannot listen on {host}:{port} ({error.strerror})") from error
