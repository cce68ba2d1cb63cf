"""A Keras model, opened and checked: pictures of 28 x 28 in, ten probabilities out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import keras
import numpy as np

from export.errors import ExportError
from export.keras_file import load_keras, shapes_in_words
from mnist_infer.inference.softmax import are_probabilities

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

IMAGE_SHAPES = ((784,), (28, 28), (28, 28, 1))
ACCEPTED_INPUT = "one input of 784, 28 x 28 or 28 x 28 x 1 values per image"


@dataclass(frozen=True)
class Network:
    """A Keras model that takes float32 0..1, white ink on black, and gives probabilities."""

    model: keras.Model
    image_shape: tuple[int, ...]
    softmax_added: bool
    """True where the file's own outputs were logits."""

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return Keras' float32 (N, 10) for uint8 (N, 28, 28)."""
        pixels = images.astype(np.float32) / np.float32(255)
        rows = self.model.predict(pixels.reshape(-1, *self.image_shape), batch_size=1000, verbose=0)
        return np.asarray(rows, np.float32)


def open_network(path: Path) -> Network:
    """Load a ``.keras`` or legacy ``.h5`` file of a digit network.

    Raises:
        ExportError: The file cannot be opened, or its inputs or outputs do not fit.
    """
    model = load_keras(path)
    image_shape = _image_shape(path, model)
    network = Network(model, image_shape, softmax_added=False)
    return network if _gives_probabilities(path, network) else _with_softmax(network)


def with_temperature(network: Network, temperature: float) -> Network:
    """Divide the logits by a temperature, inside the weights of the last layer.

    Confidence changes, the answers do not.

    Raises:
        ExportError: The last layer is not a Dense one with softmax.
    """
    model = keras.models.clone_model(network.model)
    model.set_weights(network.model.get_weights())
    last = model.layers[-1]
    if not isinstance(last, keras.layers.Dense) or last.activation is not keras.activations.softmax:
        raise ExportError(
            f"a temperature needs Dense with softmax as the last layer, not {type(last).__name__}: "
            "leave the calibration out of run.json"
        )
    last.set_weights([weights / np.float32(temperature) for weights in last.get_weights()])
    return replace(network, model=model)


def _image_shape(path: Path, model: keras.Model) -> tuple[int, ...]:
    """Return the shape of one image; raise ExportError where inputs or outputs do not fit."""
    # without the batch: a model built on data has kept the size of its first one
    inputs = [tuple(tensor.shape[1:]) for tensor in model.inputs]
    outputs = [tuple(tensor.shape[1:]) for tensor in model.outputs]
    if len(inputs) != 1 or inputs[0] not in IMAGE_SHAPES:
        raise ExportError(
            f"{path} takes {shapes_in_words(inputs)}: build it with keras.Input for "
            f"{ACCEPTED_INPUT}"
        )
    if outputs != [(10,)]:
        raise ExportError(
            f"{path} gives {shapes_in_words(outputs)}: end it with one layer of 10 outputs, one "
            "per digit"
        )
    return inputs[0]


def _gives_probabilities(path: Path, network: Network) -> bool:
    """Say whether rows of the outputs sum to 1 on probe images, or are logits."""
    probes = np.random.default_rng(0).integers(0, 256, (64, 28, 28), np.uint8)
    probes[0], probes[1] = 0, 255
    outputs = network.probabilities(probes)
    if not np.isfinite(outputs).all():
        raise ExportError(f"{path} gives outputs that are not finite numbers: train it again")
    if are_probabilities(outputs):
        return True
    if ((outputs >= 0) & (outputs <= 1)).all():
        raise ExportError(
            f"{path} gives numbers from 0 to 1 that do not sum to 1 (a sigmoid?), neither "
            "probabilities nor logits: end it with softmax"
        )
    return False


def _with_softmax(network: Network) -> Network:
    model = keras.Sequential([network.model, keras.layers.Softmax(dtype="float32")])
    return Network(model, network.image_shape, softmax_added=True)
