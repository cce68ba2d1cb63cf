"""Small untrained networks: whatever the weights are, the answers must survive the export."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import keras


@pytest.fixture(scope="session")
def images():
    """40 images uint8 (40, 28, 28), strokes rather than noise, with ink in every half."""
    rng = np.random.default_rng(3)
    pictures = np.zeros((40, 28, 28), np.uint8)
    for picture in pictures:
        top, left = rng.integers(2, 12, 2)
        bottom, right = rng.integers(16, 26, 2)
        picture[top:bottom, left:right] = 255
    return pictures


@pytest.fixture(scope="session")
def build() -> Callable[..., keras.Model]:
    """Build a network of 784-16-10 for a shape of input, the same weights for the same seed."""
    import keras

    def build(
        shape: tuple[int, ...] = (784,),
        activation: str | None = "softmax",
        *,
        classes: int = 10,
        seed: int = 1,
    ) -> keras.Model:
        normal = keras.initializers.RandomNormal(stddev=0.3, seed=seed)
        initial = {"kernel_initializer": normal, "bias_initializer": normal}
        return keras.Sequential(
            [
                keras.Input(shape),
                keras.layers.Flatten(),
                keras.layers.Dense(16, "relu", **initial),
                keras.layers.Dropout(0.5),
                keras.layers.Dense(classes, activation, **initial),
            ]
        )

    return build


@pytest.fixture(scope="session")
def keras_file(build, tmp_path_factory) -> Path:
    """A saved network of 784-16-10 that ends with softmax."""
    path = tmp_path_factory.mktemp("run") / "model.keras"
    build().save(path)
    return path
