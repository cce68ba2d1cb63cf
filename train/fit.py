"""Builds, compiles, fits and evaluates a recipe's network."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from train.data import Array, Mnist
from train.recipes import Recipe


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted network and what was measured on the way.

    `history` holds one value per epoch under Keras' names: `loss`, `accuracy` and, where the recipe
    validates, `val_loss`, `val_accuracy`. `duration_s` is the time of fitting alone, in seconds.
    """

    recipe: Recipe
    seed: int
    model: Any
    history: dict[str, list[float]]
    test_loss: float
    test_accuracy: float
    duration_s: float

    @property
    def train_loss(self) -> float:
        """The last epoch's loss as Keras shows it: a mean over its batches, with dropout on."""
        return self.history["loss"][-1]

    @property
    def train_accuracy(self) -> float:
        """The last epoch's accuracy as Keras shows it: a mean over its batches, with dropout on."""
        return self.history["accuracy"][-1]


def as_input(images: Array) -> npt.NDArray[np.float32]:
    """Turns images, uint8 (N, 28, 28), into the networks' input, float32 (N, 784) in 0..1."""
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)


def build(recipe: Recipe) -> Any:
    """Builds and compiles the network of `recipe`; its weights follow Keras' global seed."""
    model = keras.Sequential(name=recipe.name)
    if recipe.declares_input:
        model.add(keras.Input((28 * 28,)))
    for layer in recipe.layers:
        model.add(getattr(keras.layers, type(layer).__name__)(**asdict(layer)))
    model.compile(optimizer=recipe.optimizer, loss=recipe.loss, metrics=["accuracy"])
    return model


def fit(
    recipe: Recipe,
    mnist: Mnist,
    *,
    seed: int = 0,
    verbose: int = 0,
    callbacks: Sequence[Any] = (),
) -> Fitted:
    """Fits the network of `recipe` on the training set and evaluates it on the test set.

    The same seed gives the same weights on the same machine. `verbose` and `callbacks` are those of
    `keras.Model.fit`.
    """
    keras.utils.set_random_seed(seed)
    if tf.config.list_physical_devices("GPU"):  # on a CPU the switch costs time and changes nothing
        tf.config.experimental.enable_op_determinism()
    model = build(recipe)
    x_train, x_test = as_input(mnist.x_train), as_input(mnist.x_test)
    y_train, y_test = _targets(recipe, mnist.y_train), _targets(recipe, mnist.y_test)
    if not recipe.declares_input:
        model.build((None, *x_train.shape[1:]))
    start = time.perf_counter()
    history = model.fit(
        x_train,
        y_train,
        epochs=recipe.epochs,
        batch_size=recipe.batch_size,
        validation_data=(x_test, y_test) if recipe.validate else None,
        verbose=verbose,
        callbacks=list(callbacks),
    )
    duration_s = time.perf_counter() - start
    test_loss, test_accuracy = model.evaluate(x_test, y_test, verbose=0)
    return Fitted(recipe, seed, model, history.history, test_loss, test_accuracy, duration_s)


def _targets(recipe: Recipe, labels: Array) -> npt.NDArray[np.generic]:
    if recipe.one_hot:
        targets: npt.NDArray[np.generic] = keras.utils.to_categorical(labels, 10)
        return targets
    return labels
