"""The networks of `read` as ONNX, each proved to answer as Keras does on generated pictures."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt
import onnx
import tensorflow as tf
from onnx import TensorProto, helper

from export.convert import convert
from export.errors import ExportError, ParityError
from export.files import json_bytes
from export.keras_file import load_keras, shapes_in_words
from mnist_infer.inference.devices import CPU
from mnist_infer.inference.open_session import create_session
from train.data import load_mnist
from train.rows.glyphs import HELD_OUT, Glyphs, load_glyphs

if TYPE_CHECKING:
    from pathlib import Path

    from train.data import Array

    Floats: TypeAlias = npt.NDArray[np.float32]

PARITY_PICTURES = 500
"""Generated pictures, of digits held out from the fit, on which parity is proved."""

PARITY_SEED = 20_261_127

OUTPUT = "log_probabilities"

MAX_DIFFERENCE = 1e-3
"""Largest difference of a probability between Keras and ONNX Runtime."""


@dataclass(frozen=True)
class ReadingNetwork:
    """A network of `read`: how it becomes ONNX, and what its parity is proved on."""

    name: str
    dataset: str
    input_name: str
    image_shape: tuple[int | str, ...]
    """Of one image, in pixels; a size that is not fixed has a name."""
    keras_classes: int
    """Of the Keras network's logits, along their last axis."""
    output_shape: tuple[int | str, ...]
    """Of one image's log-probabilities."""
    log_probabilities: Callable[[Any, tf.Tensor | Array], tf.Tensor]
    """Takes the Keras network and a batch: the log-probabilities that ONNX Runtime must give."""
    decode: Callable[[Floats], str]
    """Takes the log-probabilities of one picture: what is read."""
    pictures: Callable[[Path | None], Iterable[tuple[Array, str]]]
    """Takes the path of MNIST: `PARITY_PICTURES` generated pictures, and what each one shows."""


@dataclass(frozen=True)
class ReadingParity:
    """How a network's answers compare on the generated pictures."""

    difference: float
    """The largest between a probability of Keras and of ONNX Runtime."""
    same: int
    """Pictures in which both read the same."""
    exact: int
    """Pictures in which ONNX Runtime reads what they show."""


@dataclass(frozen=True)
class ExportedReading:
    """The ONNX file, its JSON, and what was proved of it."""

    content: bytes
    sidecar: bytes
    parity: ReadingParity


def export_reading(
    network: ReadingNetwork, keras_file: Path, data: Path | None, model_version: str
) -> ExportedReading:
    """Convert a network of `read`, and prove that ONNX Runtime gives what Keras gives.

    Raises:
        ExportError: The file cannot be read or converted, or is another network's.
        ParityError: The answers differ.
        DataError: There is no MNIST.
    """
    model = _load_model(network, keras_file)
    recipe = _read_recipe(network, keras_file)
    content = to_onnx(network, model).SerializeToString()
    parity = _prove(network, model, content, data)
    sidecar = {
        "file": f"{network.name}.onnx",
        "sha256": hashlib.sha256(content).hexdigest(),
        "size_bytes": len(content),
        "version": model_version,
        "parameters": model.count_params(),
        "keras_sha256": hashlib.sha256(keras_file.read_bytes()).hexdigest(),
        "dataset": network.dataset,
        "recipe": recipe,
        "parity": {
            "pictures": PARITY_PICTURES,
            "seed": PARITY_SEED,
            "largest_difference": parity.difference,
        },
        "exact_generated": parity.exact / PARITY_PICTURES,
        "licence": "MIT",
    }
    return ExportedReading(content, json_bytes(sidecar), parity)


def to_onnx(network: ReadingNetwork, model: Any) -> onnx.ModelProto:
    """Return a Keras network of `read` as ONNX.

    Takes uint8 images, and gives the natural logarithms of the probabilities, float32.
    """
    signature = (tf.TensorSpec([None, *_sizes(network)], tf.uint8, name=network.input_name),)

    @tf.function(input_signature=signature)  # type: ignore[untyped-decorator]
    def infer(images: tf.Tensor) -> dict[str, tf.Tensor]:
        return {OUTPUT: network.log_probabilities(model, images)}

    inputs = ("batch", *network.image_shape)
    outputs = ("batch", *network.output_shape)
    return convert(
        infer,
        signature,
        [helper.make_tensor_value_info(network.input_name, TensorProto.UINT8, inputs)],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, outputs)],
    )


def held_out_glyphs(data: Path | None) -> Glyphs:
    """Load digits that no fit has seen; the same at each call."""
    mnist = load_mnist(data)
    return load_glyphs(mnist.x_train[-HELD_OUT:], mnist.y_train[-HELD_OUT:], PARITY_SEED)


def _load_model(network: ReadingNetwork, keras_file: Path) -> Any:
    """Load the Keras network; raise ExportError where it takes or gives something else."""
    model = load_keras(keras_file)
    inputs = [tuple(tensor.shape[1:]) for tensor in model.inputs]
    outputs = [tuple(tensor.shape[1:]) for tensor in model.outputs]
    if inputs != [_sizes(network)] or [shape[-1] for shape in outputs] != [network.keras_classes]:
        raise ExportError(
            f"{keras_file} takes {shapes_in_words(inputs)} and gives {shapes_in_words(outputs)}, "
            f"which is not the {network.name} network: give the model.keras that "
            f"`python -m train {network.name}` has saved"
        )
    return model


def _read_recipe(network: ReadingNetwork, keras_file: Path) -> Any:
    path = keras_file.with_name(f"{network.name}.json")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ExportError(
            f"{keras_file} is no run of `train {network.name}`, which leaves its recipe beside it: "
            f"cannot read {path} ({error})"
        ) from error


def _prove(network: ReadingNetwork, model: Any, content: bytes, data: Path | None) -> ReadingParity:
    """Compare ONNX Runtime with Keras on the generated pictures, one at a time."""
    session = create_session(content, 1, [CPU])
    differences, same, exact = [], 0, 0
    for image, label in network.pictures(data):
        expected = network.log_probabilities(model, image[np.newaxis]).numpy()[0]
        found = session.run([OUTPUT], {network.input_name: image[np.newaxis]})[0][0]
        differences.append(np.abs(np.exp(found) - np.exp(expected)).max())
        text = network.decode(found)
        same += text == network.decode(expected)
        exact += text == label
    difference = float(np.max(differences))
    # Written so that a NaN fails.
    if not (difference <= MAX_DIFFERENCE and same == PARITY_PICTURES):
        raise ParityError(
            f"a probability of ONNX Runtime and Keras differs by {difference:.1e} (allowed: "
            f"{MAX_DIFFERENCE:g}), and they read something else in {PARITY_PICTURES - same} of "
            f"{PARITY_PICTURES} pictures (allowed: 0); nothing was written"
        )
    return ReadingParity(difference, same, exact)


def _sizes(network: ReadingNetwork) -> tuple[int | None, ...]:
    """The shape of one image as Keras has it: None for a size that is not fixed."""
    return tuple(size if isinstance(size, int) else None for size in network.image_shape)
