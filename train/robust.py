"""Fits an augmented recipe: fresh pictures every epoch, averaged weights, resumed after a kill."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from train.batch_norm import fold
from train.calibrate import apply_temperature, calibration_error, fit_temperature
from train.checkpoint import Checkpoint, History
from train.data import Array, Mnist
from train.epochs import Floats, FreshEpochs, make_ahead
from train.fit import Calibration, Fitted, as_input, as_targets, build, set_seed
from train.receptive_fields import mask_kernel, receptive_fields
from train.recipes import Augmentation, FineTuning, Recipe


@dataclass(frozen=True, eq=False)
class Split:
    """The training set in two: what is learnt from, and what every choice is made by."""

    images: Array
    labels: Array
    held_out_images: Array
    held_out_labels: Array


def split(mnist: Mnist, augmentation: Augmentation) -> Split:
    """Hold out the last images of the training set, as many as `augmentation` says."""
    kept = len(mnist.x_train) - augmentation.held_out
    return Split(
        mnist.x_train[:kept], mnist.y_train[:kept], mnist.x_train[kept:], mnist.y_train[kept:]
    )


def fit_robust(
    recipe: Recipe,
    augmentation: Augmentation,
    mnist: Mnist,
    folder: Path,
    *,
    seed: int = 0,
    verbose: int = 0,
    callbacks: Sequence[Any] = (),
) -> Fitted:
    """Fit the network of `recipe` and evaluate it on the test set, once, at the end.

    Checkpoints go to `folder`. Where one lies there the run goes on from it, and ends with the
    weights that it would have had. After each epoch the held-out images are the validation set.
    """
    set_seed(seed)
    parts = split(mnist, augmentation)
    validation = (as_input(parts.held_out_images), as_targets(recipe, parts.held_out_labels))
    settings = {"validation_data": validation, "verbose": verbose}
    sets = FreshEpochs(augmentation, parts.images, parts.labels, seed, recipe.batch_size)
    fitting = _fit_cycles(recipe, sets, folder, seed, callbacks, settings)
    if tuning := recipe.fine_tuning:
        sets = FreshEpochs(tuning.augmentation, parts.images, parts.labels, seed, recipe.batch_size)
        fitting = _fine_tune(recipe, tuning, sets, fitting, callbacks, settings)
    model = build(replace(recipe, batch_norm=False), total_steps=1)
    model.set_weights(fitting.kept)
    test_loss, test_accuracy = model.evaluate(
        as_input(mnist.x_test), as_targets(recipe, mnist.y_test), verbose=0
    )
    return Fitted(
        recipe,
        seed,
        model,
        fitting.history,
        test_loss,
        test_accuracy,
        fitting.duration_s,
        _calibrate(model, validation, parts.held_out_labels, mnist),
    )


@dataclass(frozen=True, eq=False)
class _Fitting:
    """What a phase of the fit leaves: weights, what each unit sees, and how it went."""

    kept: list[Floats]
    mask: Floats
    history: History
    duration_s: float


def _fit_cycles(
    recipe: Recipe,
    sets: FreshEpochs,
    folder: Path,
    seed: int,
    callbacks: Sequence[Any],
    settings: Mapping[str, Any],
) -> _Fitting:
    """Fit cycle after cycle, each from the end of the last; keep the mean of the ends."""
    history: History = {}
    duration_s = 0.0
    weights: list[Floats] = []
    folded: list[list[Floats]] = []
    for number, cycle in enumerate(recipe.cycles):
        checkpoint = Checkpoint(folder, number, recipe, seed, every=5)
        model = checkpoint.restore() or _start(cycle, sets.steps_per_epoch, weights)
        mask = receptive_fields(model.layers[0].units, recipe.receptive_field, seed)
        if recipe.receptive_field:
            mask_kernel(model.layers[0], mask)
        earlier = len(history.get("loss", ()))
        first, end = earlier + checkpoint.epochs, earlier + cycle.epochs
        all_callbacks = [*callbacks, checkpoint.callback(model)]
        _fit(model, sets, first, end, callbacks=all_callbacks, **settings)
        weights = model.get_weights()
        folded.append(fold(model))
        _extend(history, checkpoint.history)
        duration_s += checkpoint.duration_s
    # The first cycle's end lies outside the valley that the further ones go round in.
    return _Fitting(_mean(folded[1:] or folded, mask), mask, history, duration_s)


def _fine_tune(
    recipe: Recipe,
    tuning: FineTuning,
    sets: FreshEpochs,
    fitting: _Fitting,
    callbacks: Sequence[Any],
    settings: Mapping[str, Any],
) -> _Fitting:
    """Go on from the weights that were kept; keep the mean of these and the tuned ones."""
    start = time.perf_counter()
    cycle = replace(recipe, batch_norm=False, epochs=tuning.epochs, optimizer=tuning.optimizer)
    model = _start(cycle, sets.steps_per_epoch, fitting.kept)
    mask_kernel(model.layers[0], fitting.mask)
    first = len(fitting.history["loss"])
    end = first + cycle.epochs
    tuning_history = _fit(model, sets, first, end, callbacks=list(callbacks), **settings)
    kept = _mean([fitting.kept, model.get_weights()], fitting.mask)
    history = {name: list(values) for name, values in fitting.history.items()}
    _extend(history, tuning_history)
    return _Fitting(kept, fitting.mask, history, fitting.duration_s + time.perf_counter() - start)


def _start(cycle: Recipe, steps_per_epoch: int, weights: list[Floats]) -> Any:
    model = build(cycle, total_steps=cycle.epochs * steps_per_epoch)
    if weights:
        model.set_weights(weights)
    return model


def _fit(model: Any, sets: FreshEpochs, first: int, end: int, **settings: Any) -> History:
    fitted = model.fit(
        _batches(sets, first, end),
        initial_epoch=first,
        epochs=end,
        steps_per_epoch=sets.steps_per_epoch,
        shuffle=False,  # the sets come shuffled
        validation_batch_size=1000,
        **settings,
    )
    history: History = fitted.history
    return history


def _extend(history: History, later: History) -> None:
    for name, values in later.items():
        history.setdefault(name, []).extend(values)


def _mean(networks: Sequence[list[Floats]], mask: Floats) -> list[Floats]:
    """Return the rounded mean of several networks' weights, 0 again where no unit sees."""
    # An exponential moving average of the weights is not quite 0 there.
    first_layer, *others = (np.mean(each, axis=0) for each in zip(*networks, strict=True))
    return [_rounded(weights) for weights in (first_layer * mask, *others)]


def _rounded(weights: Floats) -> Floats:
    """Keep 12 of the 24 significant bits, which costs no accuracy and packs a third smaller."""
    bits = np.ascontiguousarray(weights, np.float32).view(np.uint32)
    return ((bits + np.uint32(0x800)) & np.uint32(0xFFFFF000)).view(np.float32)


def _calibrate(model: Any, validation: tuple[Any, Any], labels: Array, mnist: Mnist) -> Calibration:
    held_out_loss, held_out_accuracy = model.evaluate(*validation, verbose=0)
    temperature = fit_temperature(model.predict(validation[0], verbose=0), labels)
    test = apply_temperature(model.predict(as_input(mnist.x_test), verbose=0), temperature)
    return Calibration(
        temperature, held_out_loss, held_out_accuracy, calibration_error(test, mnist.y_test)
    )


def _batches(sets: FreshEpochs, first: int, end: int) -> tf.data.Dataset:
    signature = (
        tf.TensorSpec((sets.size, 28, 28), tf.uint8),
        tf.TensorSpec((sets.size, 10), tf.float32),
    )
    epochs = tf.data.Dataset.from_generator(
        lambda: make_ahead(sets, first, end), output_signature=signature
    )
    return epochs.rebatch(sets.batch_size).map(_scaled).prefetch(8)


def _scaled(images: tf.Tensor, targets: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Scale in TensorFlow as `as_input` does in NumPy."""
    return tf.cast(tf.reshape(images, (-1, 28 * 28)), tf.float32) / 255, targets
