"""A picture model as files: the ONNX file, and the JSON beside it."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import onnx
from onnx import helper

from export.errors import ExportError
from export.files import json_bytes
from export.picture import BOUNDS, IMAGE, INPUT, PROBABILITIES, picture_model
from export.picture_parity import Row, drawing_sets, picture_answer, prove_picture
from mnist_infer import ModelError, Recognizer
from mnist_infer.config import DEFAULT_MODEL
from mnist_infer.inference.registry import bundled_info, bundled_models, bundled_precisions
from train.data import load_mnist

if TYPE_CHECKING:
    from pathlib import Path

    from mnist_infer.inference.registry import ModelInfo


_INTERFACE = {
    "input": {
        "name": INPUT,
        "dtype": "uint8",
        "shape": ["height", "width"],
        "range": [0, 255],
        "polarity": "any",
    },
    "outputs": [
        {"name": PROBABILITIES, "dtype": "float32", "shape": [10]},
        {"name": IMAGE, "dtype": "uint8", "shape": [28, 28]},
        {"name": BOUNDS, "dtype": "int64", "shape": [4]},
    ],
}


@dataclass(frozen=True)
class ExportedPicture:
    """The ONNX file, its JSON, and the figures of the proof."""

    content: bytes
    sidecar: bytes
    rows: tuple[Row, ...]


def default_network() -> Path:
    """Return the bundled network that the package itself runs on a CPU."""
    return bundled_info(DEFAULT_MODEL, "int8").path


def export_picture(
    name: str, network: Path, data: Path | None, drawings: Path | None
) -> ExportedPicture:
    """Give a digit network its preprocessing, and prove that it answers as `predict` does.

    Args:
        name: What the files are called, without their endings.
        network: An ONNX file that ``python -m export`` wrote.
        data: MNIST, as `load_mnist` takes it.
        drawings: The folder of people's own drawings, or None.

    Raises:
        ExportError: The network cannot be read or used, or the answers differ.
        DataError: There is no MNIST.
    """
    recognizer = _open_recognizer(network)
    taken = onnx.load(network)
    model = picture_model(taken)
    metadata = {each.key: each.value for each in taken.metadata_props} | {
        "input_polarity": "any",
        "preprocessing": "in the graph: a drawing of one digit",
        "network_sha256": recognizer.model.sha256,
    }
    helper.set_model_props(model, metadata)
    content = bytes(model.SerializeToString(deterministic=True))
    mnist = load_mnist(data)
    rows = prove_picture(
        picture_answer(content),
        recognizer,
        drawing_sets(mnist.x_train, mnist.y_train, drawings),
    )
    record = {
        "name": name,
        "version": metadata.get("version"),
        "file": f"{name}.onnx",
        "sha256": hashlib.sha256(content).hexdigest(),
        "size_bytes": len(content),
        "network": {"file": network.name, "sha256": recognizer.model.sha256},
        "recommended_threshold": recognizer.model.recommended_threshold,
        **_INTERFACE,
        "opset": model.opset_import[0].version,
        "ir_version": model.ir_version,
        "parity_with_predict": [asdict(row) for row in rows],
        "licence": metadata.get("licence"),
    }
    return ExportedPicture(content, json_bytes(record), rows)


def _open_recognizer(network: Path) -> Recognizer:
    """Open a network as users have it: a bundled one with the help of the row and cell networks."""
    try:
        recognizer = Recognizer(network, device="cpu")
    except ModelError as error:
        raise ExportError(f"{network} is no digit network: {error}") from error
    if bundled := _bundled(recognizer.model.sha256):
        precision = bundled.precision or "auto"
        return Recognizer(bundled.name, device="cpu", precision=precision)
    return recognizer


def _bundled(sha256: str) -> ModelInfo | None:
    """The bundled model that a file is, in its precision."""
    for name in bundled_models():
        for precision in bundled_precisions(name):
            info = bundled_info(name, precision)
            if info.sha256 == sha256:
                return info
    return None
