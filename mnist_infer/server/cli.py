"""The command line: `mnist-infer-serve`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from mnist_infer import __version__
from mnist_infer.errors import DeviceError, ModelError
from mnist_infer.options import Device, InputRange, Model, Precision, Threads
from mnist_infer.registry import DEFAULT_MODEL

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,  # rich would double the time that --help takes.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Run the command line."""
    app()


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"mnist-infer-serve {__version__}")
        raise typer.Exit


@app.command()
def serve(
    host: Annotated[
        str, typer.Option(help="The address to listen on; 0.0.0.0 lets other machines in.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")
    ] = 8000,
    model: Model = DEFAULT_MODEL,
    input_range: InputRange = None,
    device: Device = "auto",
    threads: Threads = 1,
    precision: Precision = "auto",
    max_body: Annotated[
        int, typer.Option(min=1, metavar="BYTES", help="The largest body that is taken.")
    ] = 16_000_000,
    max_pixels: Annotated[
        int, typer.Option(min=1, metavar="N", help="The largest picture that is decoded.")
    ] = 25_000_000,
    max_batch: Annotated[
        int,
        typer.Option(
            min=1, metavar="N", help="Images that go through the network together; 1: no batching."
        ),
    ] = 64,
    queue: Annotated[
        int, typer.Option(min=1, metavar="N", help="Requests taken at once; more get a 503.")
    ] = 256,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No access log on stderr.")] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Serve the page to draw on, and the API, until interrupted.

    Exit code: 2 for wrong usage (a model, device or address that is not to be had included).
    """
    from mnist_infer.recognizer import Recognizer

    try:
        from mnist_infer.server import logs, run
        from mnist_infer.server.app import create_app
        from mnist_infer.server.limits import Limits
    except ModuleNotFoundError as error:
        raise _usage_error(
            f'{error.name} is missing; install the server: pip install "mnist-infer[serve]"'
        ) from error

    try:
        recognizer = Recognizer(
            model, device=device, threads=threads, precision=precision, input_range=input_range
        )
    except (ModelError, DeviceError) as error:
        raise _usage_error(str(error)) from error
    logs.configure()
    limits = Limits(max_body, max_pixels, max_batch, queue)
    log = None if quiet else logs.AccessLog(sys.stderr.buffer)
    try:
        run.run(create_app(recognizer, limits, log), host, port)
    except OSError as error:
        raise _usage_error(f"cannot listen on {host}:{port} ({error.strerror})") from error


def _usage_error(message: str) -> typer.Exit:
    print(f"mnist-infer-serve: {message}", file=sys.stderr)
    return typer.Exit(2)
