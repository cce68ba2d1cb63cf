"""The command `mnist-infer serve`."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mnist_infer.cli.console import usage_error
from mnist_infer.cli.interrupts import raise_interrupts
from mnist_infer.cli.options import (
    Device,
    InputRange,
    MaxPixels,
    Model,
    Precision,
    Threads,
)
from mnist_infer.config import DEFAULT_MODEL, ModelConfig
from mnist_infer.errors import DeviceError, ModelError
from mnist_infer.server.limits import Limits

if TYPE_CHECKING:
    from mnist_infer.recognizer import Recognizer

_LIMITS = Limits()


def serve(
    host: Annotated[
        str, typer.Option(help="The address to listen on; 0.0.0.0 lets other machines in.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, metavar="N", help="The port; 0 takes a free one.")
    ] = 8000,
    allowed_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A name under which clients reach the server, besides localhost and its IP "
            "addresses; may be repeated.",
        ),
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="The site that `npm run build` in web/ has written: with it the page recognises "
            "drawings in the visitor's browser, and asks the server for photos and whole numbers.",
        ),
    ] = None,
    model: Model = DEFAULT_MODEL,
    input_range: InputRange = None,
    device: Device = "auto",
    threads: Threads = 1,
    precision: Precision = "auto",
    max_body: Annotated[
        int,
        typer.Option(
            min=1, metavar="BYTES", help="The largest body of a request that is accepted."
        ),
    ] = _LIMITS.max_body,
    max_pixels: MaxPixels = 25_000_000,
    max_batch: Annotated[
        int,
        typer.Option(
            min=1,
            metavar="N",
            help="At most so many images go through the network together; 1: no batching.",
        ),
    ] = _LIMITS.max_batch,
    queue: Annotated[
        int,
        typer.Option(
            min=1,
            metavar="N",
            help="How many requests are accepted at once; more get the status 503.",
        ),
    ] = _LIMITS.queue,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print no access log.")] = False,
) -> None:
    """Serve the page to draw on, and the API, until interrupted."""
    if page is not None and not (page / "model" / "digit.onnx").is_file():
        raise usage_error(
            f"{page} holds no built site; in web/ of the source, `npm ci --ignore-scripts` and "
            "`npm run build` write one to web/site"
        )
    for name in allowed_host or []:
        if any(character in name for character in "/*") or name.count(":") == 1:
            raise usage_error(
                f"--allowed-host {name}: a name alone is needed, as example.org, without https://, "
                "port or *"
            )
    try:
        from mnist_infer.server import logs, run
        from mnist_infer.server.app import create_app
    except ModuleNotFoundError as error:
        raise usage_error(
            f'{error.name} is missing; install the server: pip install "mnist-infer[serve]"',
        ) from error

    recognizer = _open_recognizer(
        ModelConfig(model, device, threads, precision, input_range, max_pixels, isolated=True)
    )
    logs.configure()
    limits = Limits(max_body, max_batch, queue)
    raise_interrupts()
    try:
        access_log = None if quiet else logs.AccessLog()
        app = create_app(recognizer, limits, allowed_host or [], page, access_log)
        run.run(app, limits, host, port)
    except OSError as error:
        is_taken = error.errno in (errno.EADDRINUSE, errno.EACCES)
        advice = "--port takes another one" if is_taken else "--host takes one of this machine"
        reason = str(error.strerror).partition(" (while")[0]
        raise usage_error(f"cannot listen on {host}:{port} ({reason}); {advice}") from error


def _open_recognizer(config: ModelConfig) -> Recognizer:
    from mnist_infer.decode.formats import limit_pillow
    from mnist_infer.recognizer import Recognizer

    limit_pillow(config.max_pixels)
    try:
        return Recognizer.from_config(config)
    except (ModelError, DeviceError) as error:
        raise usage_error(str(error)) from error
