"""What a model says of itself: metadata inside the ONNX file, and the JSON beside it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from onnx import helper

from export.convert import INPUT, IR_VERSION, OPSET, OUTPUT
from export.errors import ExportError
from export.files import json_bytes

if TYPE_CHECKING:
    from pathlib import Path

    import onnx

    from export.parity import Parity
    from export.threshold import Threshold

LABELS = [str(digit) for digit in range(10)]
POLARITY = "white-on-black"
PREPROCESSING = "mnist-20x20-centre-of-mass"
LICENCE = "MIT (weights); trained on MNIST, CC BY-SA 3.0"
LIBRARIES = ("keras", "tensorflow", "tf2onnx", "onnx")


@dataclass(frozen=True)
class Run:
    """What ``run.json`` says of a fit. Without that file, all of it is None."""

    recipe: str | None = None
    seed: int | None = None
    dataset: str | None = None
    temperature: float | None = None
    """What the logits are to be divided by; None where the fit measured none."""


@dataclass(frozen=True)
class Origin:
    """Where the weights come from."""

    run: Run
    parameters: int
    keras_sha256: str
    model_version: str


def read_run(keras_file: Path) -> Run:
    """Read the ``run.json`` beside the model, where there is one.

    Raises:
        ExportError: The file is there, and does not say recipe, seed and dataset.
    """
    path = keras_file.with_name("run.json")
    if not path.exists():
        return Run()
    try:
        run = json.loads(path.read_text(encoding="utf-8"))
        temperature = float(run["calibration"]["temperature"]) if "calibration" in run else None
        return Run(run["recipe"], run["seed"], run["dataset"], temperature)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ExportError(
            f"{path} does not say recipe, seed and dataset ({error!r}): train again, or export a "
            "copy of the model from another folder"
        ) from error


def read_exported(folder: Path, name: str) -> tuple[bytes, dict[str, Any]]:
    """Read an exported model's ONNX file, and the JSON beside it.

    Raises:
        ExportError: One of them is missing or damaged, or they do not belong together.
    """
    path = folder / f"{name}.json"
    try:
        content = (folder / f"{name}.onnx").read_bytes()
        record = json.loads(path.read_text(encoding="utf-8"))
        sha256 = record["sha256"]
    except OSError as error:
        raise ExportError(f"cannot read {error.filename}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ExportError(f"{path} is damaged ({error!r}): export the model again") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ExportError(
            f"{folder / name}.onnx is not the file that {path} describes: export the model again"
        )
    return content, record


@dataclass(frozen=True)
class Exported:
    """One file, and what was proved of it."""

    content: bytes
    test_accuracy: float
    """Share of the 10,000 test images that the ONNX model itself gets right."""
    parity: Parity
    """With Keras, or, of int8, with float32."""


def _provenance(origin: Origin) -> dict[str, str | int | float | None]:
    """Where the weights come from, as both the metadata and the JSON say it."""
    return {
        "recipe": origin.run.recipe,
        "seed": origin.run.seed,
        "dataset": origin.run.dataset,
        "temperature": origin.run.temperature,
        "keras_sha256": origin.keras_sha256,
    }


def with_metadata(model: onnx.ModelProto, origin: Origin, test_accuracy: float) -> bytes:
    """Set the metadata of a float32 model and return its bytes, the same each time."""
    metadata = {
        "labels": json.dumps(LABELS),
        "input_polarity": POLARITY,
        "input_range": "0..255",
        "preprocessing": PREPROCESSING,
        "precision": "float32",
        "test_accuracy": test_accuracy,
        **_provenance(origin),
        "version": origin.model_version,
        "licence": LICENCE,
    }
    return _with_properties(
        model, {key: str(value) for key, value in metadata.items() if value is not None}
    )


def with_metadata_of(
    float32: onnx.ModelProto, model: onnx.ModelProto, test_accuracy: float
) -> bytes:
    """Give an int8 model the metadata of the float32 one that it was made from."""
    metadata = {each.key: each.value for each in float32.metadata_props}
    return _with_properties(
        model, metadata | {"precision": "int8", "test_accuracy": str(test_accuracy)}
    )


def _with_properties(model: onnx.ModelProto, metadata: dict[str, str]) -> bytes:
    helper.set_model_props(model, metadata)
    return bytes(model.SerializeToString(deterministic=True))


def describe(
    name: str,
    origin: Origin,
    float32: Exported,
    threshold: Threshold,
    int8: Exported | None = None,
) -> bytes:
    """Return the JSON for ``<name>.json``: no time and no path, so it can be compared."""
    return json_bytes(
        {
            "name": name,
            "version": origin.model_version,
            **_file_fields(name, float32),
            **threshold.fields(),
            "parameters": origin.parameters,
            **_provenance(origin),
            "labels": LABELS,
            "input": {
                "name": INPUT,
                "dtype": "uint8",
                "shape": ["batch", 28, 28],
                "range": [0, 255],
                "polarity": POLARITY,
            },
            "output": {"name": OUTPUT, "dtype": "float32", "shape": ["batch", 10]},
            "preprocessing": PREPROCESSING,
            "opset": OPSET,
            "ir_version": IR_VERSION,
            "licence": LICENCE,
            "versions": {library: version(library) for library in LIBRARIES},
            **({"int8": _file_fields(int8_name(name), int8)} if int8 else {}),
        }
    )


def describe_int8(record: dict[str, Any], name: str, int8: Exported) -> bytes:
    """Return the JSON of a model, with what is known of its int8 file in it."""
    return json_bytes(record | {"int8": _file_fields(int8_name(name), int8)})


def int8_name(name: str) -> str:
    """Return what the int8 file of a network is called, without its ending."""
    return f"{name}-int8"


def _file_fields(name: str, exported: Exported) -> dict[str, Any]:
    return {
        "file": f"{name}.onnx",
        "sha256": hashlib.sha256(exported.content).hexdigest(),
        "size_bytes": len(exported.content),
        "test_accuracy": exported.test_accuracy,
        "parity": {
            "images": exported.parity.images,
            "max_abs_difference": exported.parity.max_abs_difference,
            "label_changes": exported.parity.label_changes,
        },
    }
