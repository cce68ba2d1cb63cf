"""The commands of `mnist-infer` and their options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from mnist_infer import config
from mnist_infer.cli import recognize
from mnist_infer.cli.batch import batch
from mnist_infer.cli.console import PROGRAM
from mnist_infer.cli.options import (
    BatchSize,
    Device,
    Images,
    InputRange,
    Json,
    Jsonl,
    JsonReport,
    MaxPixels,
    MinConfidence,
    Model,
    Precision,
    Quiet,
    RowMinConfidence,
    Threads,
    Verbose,
    Version,
)
from mnist_infer.cli.recognize import OutputOptions
from mnist_infer.cli.serve import serve
from mnist_infer.config import DEFAULT_MODEL, MAX_PIXELS, ModelConfig
from mnist_infer.errors import DeviceError, ModelError


class _PredictByDefault(TyperGroup):
    """Takes what names no command for images, and says which command has an unknown option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        own = {name for parameter in self.get_params(ctx) for name in parameter.opts}
        if args and args[0] not in own.union(self.commands):
            args = ["predict", *args]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            # Click's NoSuchOption, which versions of Typer keep in different modules.
            option = getattr(error, "option_name", None)
            others = [
                f"`{PROGRAM} {name}`"
                for name, command in self.commands.items()
                if any(option in parameter.opts for parameter in command.params)
            ]
            if others:
                error.message += f"; it is an option of {', '.join(others)}"  # type: ignore[attr-defined]
            raise


app = typer.Typer(
    cls=_PredictByDefault,
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.callback(
    epilog="Exit code: 0 if every image has an answer, 1 if some have none, 2 if the command is "
    "wrong, or its model or device is not available."
)
def about(version: Version = False) -> None:
    """Recognise handwritten digits. FILES alone is short for predict FILES."""


@app.command()
def predict(
    images: Images,
    json: Json = False,
    jsonl: Jsonl = False,
    top: Annotated[
        int | None,
        typer.Option(min=1, max=10, metavar="K", help="Print the K most probable digits."),
    ] = None,
    min_confidence: MinConfidence = OutputOptions.min_confidence,
    model: Model = DEFAULT_MODEL,
    input_range: InputRange = None,
    device: Device = "auto",
    threads: Threads = 1,
    precision: Precision = "auto",
    max_pixels: MaxPixels = MAX_PIXELS,
    batch_size: BatchSize = 64,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=64,
            metavar="N",
            show_default="one for each processor, at most 8",
            help="At most so many processes prepare pictures; few pictures are prepared by one.",
        ),
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Recognise the handwritten digit on each image."""
    raise typer.Exit(
        recognize.predict(
            images,
            ModelConfig(model, device, threads, precision, input_range, max_pixels),
            OutputOptions(json, jsonl, min_confidence, quiet, verbose),
            top=top,
            batch_size=batch_size,
            jobs=jobs,
        )
    )


@app.command()
def read(
    images: Images,
    annotate: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Save a copy of the image, of which there must be one, with its digits marked.",
        ),
    ] = None,
    spaces: Annotated[
        bool, typer.Option("--spaces/--no-spaces", help="Print wide gaps between digits as spaces.")
    ] = True,
    json: Json = False,
    jsonl: Jsonl = False,
    min_confidence: RowMinConfidence = OutputOptions.min_confidence,
    model: Model = DEFAULT_MODEL,
    input_range: InputRange = None,
    device: Device = "auto",
    threads: Threads = 1,
    precision: Precision = "auto",
    max_pixels: MaxPixels = MAX_PIXELS,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Read all digits of each image, such as whole numbers, line by line."""
    raise typer.Exit(
        recognize.read(
            images,
            ModelConfig(model, device, threads, precision, input_range, max_pixels),
            OutputOptions(json, jsonl, min_confidence, quiet, verbose),
            annotate=annotate,
            spaces=spaces,
        )
    )


@app.command()
def explain(
    images: Images,
    save_stages: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Also save each step, and what each network sees, as PNGs in this folder.",
        ),
    ] = None,
    top: Annotated[
        int, typer.Option(min=1, max=10, metavar="K", help="Print the K most probable digits.")
    ] = 1,
    min_confidence: MinConfidence = OutputOptions.min_confidence,
    model: Model = DEFAULT_MODEL,
    input_range: InputRange = None,
    device: Device = "auto",
    threads: Threads = 1,
    precision: Precision = "auto",
    max_pixels: MaxPixels = MAX_PIXELS,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Show what the digit network saw of each image, 28x28 pixels, and the answer."""
    raise typer.Exit(
        recognize.explain(
            images,
            ModelConfig(model, device, threads, precision, input_range, max_pixels),
            OutputOptions(min_confidence=min_confidence, quiet=quiet, verbose=verbose),
            top=top,
            save_stages=save_stages,
        )
    )


@app.command()
def info(
    json: JsonReport = False,
    model: Model = DEFAULT_MODEL,
    input_range: InputRange = None,
    device: Device = "auto",
    threads: Threads = 1,
    precision: Precision = "auto",
) -> None:
    """Show versions, models, and the device that is used."""
    from json import dumps

    from mnist_infer.cli.console import claim_stdout, write_results
    from mnist_infer.cli.info import describe, format_info

    results = claim_stdout()
    description = describe(ModelConfig(model, device, threads, precision, input_range))
    text = dumps(description, indent=2) if json else format_info(description)
    write_results([text + "\n"], results)
    if description["session"]["error"]:
        raise typer.Exit(2)


@app.command()
def bench(
    json: JsonReport = False,
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME|FILE",
            show_default="all bundled models",
            help="Measure only this model.",
        ),
    ] = None,
    input_range: InputRange = None,
    device: Annotated[
        config.Device,
        typer.Option(help="What is measured; auto: the CPU, and the GPU if it works."),
    ] = "auto",
    threads: Threads = 1,
) -> None:
    """Measure start-up, memory, latency and throughput on this machine, in about 20 seconds."""
    from json import dumps

    from mnist_infer.cli.bench import measure
    from mnist_infer.cli.bench_report import Machine, as_json, as_text
    from mnist_infer.cli.console import claim_stdout, progress_line, usage_error, write_results

    results = claim_stdout()
    model_config = ModelConfig(model or DEFAULT_MODEL, device, threads, input_range=input_range)
    try:
        with progress_line() as progress:
            benchmark = measure(model_config, every_model=model is None, progress=progress)
    except (ModelError, DeviceError) as error:
        raise usage_error(str(error)) from error
    machine = Machine.here(threads)
    text = (
        f"{dumps(as_json(benchmark, machine), indent=2)}\n"
        if json
        else as_text(benchmark, machine, results)
    )
    write_results([text], results)


app.command("serve")(serve)
app.command("batch")(batch)
