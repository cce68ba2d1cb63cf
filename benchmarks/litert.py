"""A Keras network as LiteRT: float32, and int8 with representative images."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from export.network import Network
from train.quiet import quiet_stderr

REPRESENTATIVE = 500


def to_litert(network: Network, images: NDArray[np.uint8] | None = None) -> bytes:
    """Convert a network of flat images; with `images`, quantise it to integers throughout.

    Args:
        network: Takes float32 `(N, 784)` from 0 to 1.
        images: uint8 `(N, 28, 28)`: what activations are scaled by. The quantised network takes
            uint8 pixels and gives uint8 probabilities of 1/256 each.
    """
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    with tempfile.TemporaryDirectory() as folder, quiet_stderr():
        network.model.export(Path(folder), verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if images is not None:
            pixels = images[:REPRESENTATIVE].reshape(-1, 1, 784).astype(np.float32) / 255

            def representative() -> Iterator[list[NDArray[np.float32]]]:
                for row in pixels:
                    yield [row]

            converter.optimizations = [tf.lite.Optimize.DEFAULT]
            converter.representative_dataset = representative
            converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
            converter.inference_input_type = tf.uint8
            converter.inference_output_type = tf.uint8
        return bytes(converter.convert())
