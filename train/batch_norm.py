"""Batch normalisation (Ioffe and Szegedy, 2015) while a dense network is fitted.

Afterwards it is folded into the dense layers, so that what comes out is the documented network.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


def normalized_dense(units: int, activation: str) -> tuple[Any, ...]:
    """Return the layers that stand for one dense layer while the network is fitted."""
    return (
        keras.layers.Dense(units, use_bias=False),
        keras.layers.BatchNormalization(),
        keras.layers.Activation(activation),
    )


def fold(model: Any) -> list[Floats]:
    """Return the weights, kernel and bias of each layer in turn, of the dense network.

    Layers without normalisation stay as they are.
    """
    return list(_folded(model.layers))


def _folded(layers: Sequence[Any]) -> Iterator[Floats]:
    for layer, following in zip(layers, [*layers[1:], None], strict=True):
        if not isinstance(layer, keras.layers.Dense):
            continue
        if isinstance(following, keras.layers.BatchNormalization):
            scale = following.gamma / np.sqrt(following.moving_variance + following.epsilon)
            yield np.asarray(layer.kernel * scale)
            yield np.asarray(following.beta - following.moving_mean * scale)
        else:
            yield from layer.get_weights()
