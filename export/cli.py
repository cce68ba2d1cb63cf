"""The command line: ``python -m export RUN/model.keras --name NAME``, and further commands."""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

if TYPE_CHECKING:
    from export.network import Network
    from export.picture_export import ExportedPicture
    from export.reading import ExportedReading, ReadingNetwork
    from export.sidecar import Exported, Origin
    from export.threshold import Threshold
    from train.data import Mnist


class _KerasByDefault(TyperGroup):
    """Takes what names no command for the ``.keras`` file that is to be exported."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, *ctx.help_option_names):
            args = ["keras", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_KerasByDefault,
    add_completion=False,
    help="Write models for other programs. MODEL --name NAME is short for keras MODEL --name NAME.",
)


_Model = Annotated[Path, typer.Argument(help="A .keras or .h5 file with 10 outputs.")]
_ReadingModel = Annotated[
    Path, typer.Argument(help="The model.keras that the `train` command of the same name left.")
]
_Data = Annotated[Path | None, typer.Option(help="MNIST: an .npz, or a folder of IDX files.")]
_Report = Annotated[Path | None, typer.Option(help="Write the parity table here, as Markdown.")]
_ModelVersion = Annotated[str, typer.Option(help="The version to give the model.")]
_Output = Annotated[
    Path,
    typer.Option(help="The folder to write to; the bundled models are in mnist_infer/models."),
]


@contextmanager
def _failures() -> Iterator[None]:
    """Turn the failures that a user can put right into one line and exit code 1."""
    from export.errors import ExportError
    from train.data import DataError

    try:
        yield
    except (ExportError, DataError) as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from error


def _file_stem(name: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+([.-][a-z0-9]+)*", name):
        raise typer.BadParameter("use lower-case letters, digits, dots and hyphens: dense-512")
    return name


_Name = Annotated[
    str, typer.Option(callback=_file_stem, help="The files are called NAME.onnx and NAME.json.")
]


@app.command("keras")
def export_keras(
    model: _Model,
    name: _Name,
    output: _Output = Path("runs/onnx"),
    data: _Data = None,
    report: _Report = None,
    model_version: _ModelVersion = "1.0.0",
    int8: Annotated[
        bool,
        typer.Option("--int8", help="Write it in int8 too, as NAME-int8.onnx, for CPUs."),
    ] = False,
) -> None:
    """Write a Keras model as ONNX, once it is proved to give the same answers."""
    from export.files import write_all
    from export.report import int8_report, parity_report
    from export.sidecar import Origin, describe, int8_name, read_run
    from train.data import load_mnist

    with _failures():
        run = read_run(model)
        network = _open_network(model, run.temperature)
        origin = Origin(
            run=run,
            parameters=network.model.count_params(),
            keras_sha256=hashlib.sha256(model.read_bytes()).hexdigest(),
            model_version=model_version,
        )
        mnist = load_mnist(data)
        float32 = _export_float32(network, origin, mnist)
        quantized = _export_int8(float32.content, mnist) if int8 else None
        threshold = _measure_threshold(float32.content, mnist)

        files = {output / f"{name}.onnx": float32.content}
        if quantized:
            files[output / f"{int8_name(name)}.onnx"] = quantized.content
        files[output / f"{name}.json"] = describe(name, origin, float32, threshold, quantized)
        if report:
            # Without --data: MNIST is verified by hash, so its place is nobody's business.
            options = ["--name", name, "--report", str(report), "--model-version", model_version]
            command = _command(str(model), *options, *["--int8"] * int8)
            files[report] = parity_report(name, command, float32).encode()
            if quantized:
                int8_path = report.with_stem(int8_name(report.stem))
                files[int8_path] = int8_report(name, command, quantized).encode()
        write_all(files)
    _echo_written(files)


def _open_network(keras_file: Path, temperature: float | None) -> Network:
    """Open a digit network, and say what is assumed of it and what is changed in it."""
    from export.network import open_network, with_temperature

    network = open_network(keras_file)
    typer.echo(
        f"{keras_file} takes {' x '.join(map(str, network.image_shape))}: float values in 0..1, "
        "white ink on black, are assumed"
    )
    if network.softmax_added:
        typer.echo("its outputs are logits: softmax is appended")
    if temperature is None:
        return network
    typer.echo(f"its logits are divided by the run's temperature {temperature:.3f}")
    return with_temperature(network, temperature)


def _export_float32(network: Network, origin: Origin, mnist: Mnist) -> Exported:
    """Convert a network, and prove that ONNX Runtime answers as Keras does."""
    from export.convert import to_onnx
    from export.parity import accuracy, image_sets, onnx_probabilities, prove
    from export.sidecar import Exported, with_metadata

    model = to_onnx(network)
    right = accuracy(onnx_probabilities(model.SerializeToString())(mnist.x_test), mnist.y_test)
    content = with_metadata(model, origin, right)
    parity = prove(onnx_probabilities(content), network.probabilities, image_sets(mnist.x_test))
    typer.echo(
        f"parity holds on {parity.images:,} images: no label changes, largest difference "
        f"{parity.max_abs_difference:.1e}; test accuracy {right:.2%}"
    )
    return Exported(content, right, parity)


def _export_int8(float32: bytes, mnist: Mnist) -> Exported:
    """Quantize a network, and prove that it answers nearly as in float32."""
    import onnx

    from export.parity import accuracy, image_sets, onnx_probabilities, prove_int8
    from export.quantize import quantize
    from export.sidecar import Exported, with_metadata_of

    model = onnx.load_from_string(float32)
    quantized = quantize(model, mnist.x_train)
    answers = onnx_probabilities(quantized.SerializeToString())(mnist.x_test)
    right = accuracy(answers, mnist.y_test)
    content = with_metadata_of(model, quantized, right)
    parity = prove_int8(
        onnx_probabilities(content),
        onnx_probabilities(float32),
        image_sets(mnist.x_test),
        mnist.y_test,
    )
    typer.echo(f"in int8: test accuracy {right:.2%}")
    return Exported(content, right, parity)


def _measure_threshold(float32: bytes, mnist: Mnist) -> Threshold:
    from export.parity import onnx_probabilities
    from export.threshold import measure_threshold

    threshold = measure_threshold(onnx_probabilities(float32), mnist)
    typer.echo(
        f"answers below a confidence of {threshold.recommended_threshold:g} are doubtful: "
        f"{threshold.validation_digits_rejected:.1%} of validation digits, "
        f"{threshold.generated_non_digits_rejected:.1%} of generated non-digits"
    )
    return threshold


@app.command("quantize")
def export_int8(
    name: Annotated[
        str, typer.Argument(callback=_file_stem, help="The model: NAME.onnx with its NAME.json.")
    ],
    models: Annotated[Path, typer.Option(help="The folder that they lie in.")] = Path("runs/onnx"),
    data: _Data = None,
    report: _Report = None,
) -> None:
    """Write an exported model in int8 too, as NAME-int8.onnx, from its float32 file."""
    from export.files import write_all
    from export.report import int8_report
    from export.sidecar import describe_int8, int8_name, read_exported
    from train.data import load_mnist

    with _failures():
        float32, record = read_exported(models, name)
        quantized = _export_int8(float32, load_mnist(data))
        files = {
            models / f"{int8_name(name)}.onnx": quantized.content,
            models / f"{name}.json": describe_int8(record, name, quantized),
        }
        if report:
            command = _command("quantize", name, "--models", str(models), "--report", str(report))
            files[report] = int8_report(name, command, quantized).encode()
        write_all(files)
    _echo_written(files)


@app.command("rows")
def export_rows(
    model: _ReadingModel,
    output: _Output = Path("runs/onnx/rows"),
    data: _Data = None,
    model_version: _ModelVersion = "1.0.0",
) -> None:
    """Write the row network as ONNX, once it is proved to give the same answers."""
    from export.rows import ROWS

    _export_reading(ROWS, model, output, data, model_version)


@app.command("cells")
def export_cells(
    model: _ReadingModel,
    output: _Output = Path("runs/onnx/cells"),
    data: _Data = None,
    model_version: _ModelVersion = "1.0.0",
) -> None:
    """Write the cell network as ONNX, once it is proved to give the same answers."""
    from export.cells import CELLS

    _export_reading(CELLS, model, output, data, model_version)


def _export_reading(
    network: ReadingNetwork, model: Path, output: Path, data: Path | None, model_version: str
) -> None:
    from export.files import write_all
    from export.reading import PARITY_PICTURES, export_reading

    with _failures():
        exported = export_reading(network, model, data, model_version)
        files = _files(output, network.name, exported)
        write_all(files)
    parity = exported.parity
    typer.echo(
        f"{PARITY_PICTURES} generated pictures: largest difference {parity.difference:.1e}, "
        f"{parity.same} with the same answer, {parity.exact} read exactly"
    )
    _echo_written(files)


@app.command("picture")
def export_picture(
    name: _Name,
    network: Annotated[
        Path | None,
        typer.Option(help="An ONNX file of ours, 28x28 in; without it, the default int8 network."),
    ] = None,
    output: _Output = Path("runs/onnx/picture"),
    data: _Data = None,
    drawings: Annotated[
        Path | None,
        typer.Option(help="People's own drawings, canvas/7/a.png say, to prove it on them too."),
    ] = None,
) -> None:
    """Write a network that takes a picture: its preprocessing is in the graph."""
    from export.files import write_all
    from export.picture_export import default_network, export_picture

    with _failures():
        exported = export_picture(name, network or default_network(), data, drawings)
        files = _files(output, name, exported)
        write_all(files)
    for row in exported.rows:
        typer.echo(
            f"{row.drawings}: {row.same} of {row.count} drawings have the digit of `predict`; "
            f"right are {row.right}, with `predict` {row.predict_right}"
        )
    _echo_written(files)


def _files(
    folder: Path, name: str, exported: ExportedPicture | ExportedReading
) -> dict[Path, bytes]:
    return {folder / f"{name}.onnx": exported.content, folder / f"{name}.json": exported.sidecar}


def _command(*arguments: str) -> str:
    """Return a command of this command line as a user would type it."""
    return shlex.join(["python", "-m", "export", *arguments])


def _echo_written(files: dict[Path, bytes]) -> None:
    for path, content in files.items():
        typer.echo(f"wrote {path} ({len(content):,} bytes)")


@app.command("triton")
def export_triton(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to write to.")],
    instances: Annotated[
        int, typer.Option(min=1, help="Copies of each model that run side by side.")
    ] = 1,
    storage_uri: Annotated[
        str, typer.Option(help="From where KServe is to fetch the repository.")
    ] = "pvc://mnist-infer/models",
) -> None:
    """Write a Triton model repository with every bundled model, and a KServe manifest for it."""
    from export.files import write_all
    from export.triton import repository

    files = repository(folder, instances, storage_uri)
    with _failures():
        write_all(files)
    _echo_written(files)


def main() -> None:
    """Run the command."""
    app(prog_name="python -m export")
