"""Find out what a model takes and gives, and refuse one that is not a digit classifier."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mnist_infer.config import InputRange
from mnist_infer.errors import ModelError

MAX_BATCH = 1024
"""The largest batch that a model may ask for, and the most images that a CPU gets at once: more go
through the network in several calls, which bounds its memory."""

_LAYOUTS = ((784,), (28, 28), (28, 28, 1), (1, 28, 28))
_FLOATS: dict[str, type[Any]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
}


@dataclass(frozen=True, slots=True)
class ModelInput:
    """How a model wants its pixels."""

    name: str
    layout: tuple[int, ...]
    dtype: type[Any]
    scale: float
    batch: int | None
    """A batch size that the model fixes; None where any will do."""
    is_picture: bool = False
    """Takes one picture of any size at a call, without a batch, and prepares it itself."""


def describe_input(session: Any, name: str, input_range: InputRange | None) -> ModelInput:
    """Find out how a model wants its pixels.

    Args:
        session: The ONNX Runtime session of the model.
        name: What errors call it.
        input_range: The range of a float input, if the model's metadata does not have it.

    Raises:
        ModelError: It does not take images of 784 pixels, or their range is unknown.
    """
    inputs = session.get_inputs()
    if len(inputs) != 1:
        raise ModelError(f"{name}: has {len(inputs)} inputs, and one image input is needed")
    node = inputs[0]
    if node.type == "tensor(uint8)" and input_range is not None:
        raise ModelError(
            f"{name}: takes uint8 pixels, whose range is known; leave out --input-range "
            "(in Python: input_range)"
        )
    if node.type == "tensor(uint8)" and [type(length) for length in node.shape] == [str, str]:
        return ModelInput(node.name, (28, 28), np.uint8, 1.0, batch=1, is_picture=True)
    layout = tuple(node.shape[1:])
    if layout not in _LAYOUTS:
        raise ModelError(
            f"{name}: its input {node.name!r} has shape {node.shape}; "
            "[N,784], [N,28,28], [N,28,28,1] or [N,1,28,28] is needed, or [height,width] of uint8"
        )
    batch = node.shape[0] if isinstance(node.shape[0], int) else None
    if batch is not None and not 1 <= batch <= MAX_BATCH:
        raise ModelError(f"{name}: takes batches of {batch}; 1 to {MAX_BATCH}, or any, is needed")
    if node.type == "tensor(uint8)":
        return ModelInput(node.name, layout, np.uint8, 1.0, batch)
    if node.type not in _FLOATS:
        raise ModelError(
            f"{name}: its input {node.name!r} is {node.type}; uint8 or float pixels are needed"
        )
    declared = session.get_modelmeta().custom_metadata_map.get("input_range") or input_range
    if declared not in ("0..1", "0..255"):
        raise ModelError(
            f"{name}: takes float pixels and does not say their range; "
            'say --input-range "0..1" or "0..255" (in Python: input_range=...)'
        )
    scale = 1 / 255 if declared == "0..1" else 1.0
    return ModelInput(node.name, layout, _FLOATS[node.type], scale, batch)


def find_output(session: Any, name: str) -> Any:
    """Find the output that has ten numbers for each image; arguments as for `describe_input`.

    Raises:
        ModelError: There is none, or more than one.
    """
    outputs = session.get_outputs()
    tens = [
        node for node in outputs if node.type in _FLOATS and node.shape and node.shape[-1] == 10
    ]
    if len(tens) != 1:
        found = ", ".join(f"{node.name} {node.type} {node.shape}" for node in outputs)
        raise ModelError(f"{name}: one output with 10 classes is needed, found {found}")
    return tens[0]
