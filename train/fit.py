"""Builds, compiles, fits and evaluates a recipe's network."""

import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from train.batch_norm import normalized_dense
from train.data import Array, Mnist
from train.recipes import Dense, Layer, OneCycleAdamW, Recipe


@dataclass(frozen=True)
class Calibration:
    """What the held-out images say of a fitted network, and of its confidence."""

    temperature: float  # to divide the logits by
    held_out_loss: float  # before it
    held_out_accuracy: float
    test_calibration_error: float  # after it, on the test set, in 15 bins


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
    calibration: Calibration | None = None

    @property
    def train_loss(self) -> float:
        """The last epoch's loss as Keras shows it: a mean over its batches, with dropout on."""
        return self.history["loss"][-1]

    @property
    def train_accuracy(self) -> float:
        """The last epoch's accuracy as Keras shows it: a mean over its batches, with dropout on."""
        return self.history["accuracy"][-1]


def as_input(images: Array) -> npt.NDArray[np.float32]:
    """Turn images, uint8 (N, 28, 28), into the networks' input, float32 (N, 784) in 0..1."""
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)


def set_seed(seed: int) -> None:
    """Make all that Keras draws from now on follow `seed`."""
    keras.utils.set_random_seed(seed)
    if tf.config.list_physical_devices("GPU"):  # on a CPU the switch costs time and changes nothing
        tf.config.experimental.enable_op_determinism()


def build(recipe: Recipe, *, total_steps: int) -> Any:
    """Build and compile the network of `recipe`.

    Its weights follow Keras' global seed. `total_steps` is how many batches the whole fit takes: a
    learning-rate schedule spans them.
    """
    model = keras.Sequential(name=recipe.name)
    if recipe.declares_input:
        model.add(keras.Input((28 * 28,)))
    *hidden, last = recipe.layers
    for layer in hidden:
        if recipe.batch_norm and isinstance(layer, Dense):
            for part in normalized_dense(layer.units, layer.activation):
                model.add(part)
        else:
            model.add(_keras_layer(layer))
    model.add(_keras_layer(last))
    optimizer = (
        _one_cycle(recipe.optimizer, total_steps)
        if isinstance(recipe.optimizer, OneCycleAdamW)
        else recipe.optimizer
    )
    model.compile(optimizer=optimizer, loss=recipe.loss, metrics=["accuracy"])
    return model


def _keras_layer(layer: Layer) -> Any:
    return getattr(keras.layers, type(layer).__name__)(**asdict(layer))


def _one_cycle(settings: OneCycleAdamW, total_steps: int) -> Any:
    warmup_steps = round(settings.warmup_share * total_steps)
    schedule = keras.optimizers.schedules.CosineDecay(
        settings.peak_learning_rate / 25,
        decay_steps=total_steps - warmup_steps,
        warmup_target=settings.peak_learning_rate,
        warmup_steps=warmup_steps,
    )
    return keras.optimizers.AdamW(
        schedule,
        weight_decay=settings.weight_decay,
        use_ema=True,
        ema_momentum=settings.ema_momentum,
    )


def fit(
    recipe: Recipe,
    mnist: Mnist,
    *,
    seed: int = 0,
    verbose: int = 0,
    callbacks: Sequence[Any] = (),
) -> Fitted:
    """Fit the network of `recipe` on the training set and evaluate it on the test set.

    The same seed gives the same weights on the same machine. `verbose` and `callbacks` are those of
    `keras.Model.fit`.
    """
    set_seed(seed)
    total_steps = recipe.epochs * math.ceil(len(mnist.x_train) / recipe.batch_size)
    model = build(recipe, total_steps=total_steps)
    x_train, x_test = as_input(mnist.x_train), as_input(mnist.x_test)
    y_train, y_test = as_targets(recipe, mnist.y_train), as_targets(recipe, mnist.y_test)
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


def as_targets(recipe: Recipe, labels: Array) -> npt.NDArray[np.generic]:
    """Turn labels (N,) into what the loss of `recipe` takes: one-hot rows, or the labels."""
    if recipe.one_hot:
        targets: npt.NDArray[np.generic] = keras.utils.to_categorical(labels, 10)
        return targets
    return labels
