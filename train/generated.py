"""Fit a network on generated batches, each of which is decided by the seed and its number."""

from __future__ import annotations

import json
import multiprocessing
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from train.data import Array, load_mnist
from train.rows.glyphs import HELD_OUT, Glyphs, load
from train.rows.hand import PLAIN, Variety

if TYPE_CHECKING:
    from os import PathLike

MODEL_FILE = "model.keras"
Batch: TypeAlias = tuple[Array, npt.NDArray[np.int32]]
MakeBatch: TypeAlias = Callable[[int, Glyphs, np.random.Generator, Variety], Batch]
_AHEAD = 24  # batches that wait for the network


@dataclass(frozen=True)
class Cycle:
    """A short rise of the learning rate and a long cosine fall."""

    steps: int
    peak: float
    variety: Variety = PLAIN


@dataclass(frozen=True)
class GeneratedRecipe:
    """How a network is fitted: AdamW, each cycle from the weights that the last one left."""

    cycles: tuple[Cycle, ...]
    batch_size: int
    steps_per_epoch: int = 250
    rising: int = 300  # steps
    weight_decay: float = 1e-4
    clip_norm: float = 5.0


@dataclass(frozen=True)
class Task:
    """A network that is fitted on generated batches."""

    name: str
    recipe: GeneratedRecipe
    build: Callable[[], Any]
    """Returns the Keras network with its first weights."""
    loss: Callable[[], Any]
    """Returns the Keras loss."""
    make_batch: MakeBatch
    """Takes a number of examples, glyphs, random numbers, and a variety. A function at the top of a
    module, since other processes import it."""
    image_shape: tuple[int | None, ...]
    target_shape: tuple[int | None, ...]
    """Of one example."""


def fit_generated(
    task: Task,
    recipe: GeneratedRecipe,
    folder: Path,
    *,
    seed: int,
    data: str | PathLike[str] | None = None,
    workers: int = 1,
    callbacks: Sequence[Any] = (),
) -> Any:
    """Fit a task's network, or go on from the checkpoint in `folder`.

    Args:
        task: What is fitted.
        recipe: How: the task's own, or another.
        folder: Where the checkpoints and, at the end, `model.keras` and its record are written.
        seed: Decides the first weights and every generated example.
        data: MNIST, as for `train.data.load_mnist`; only its training images are used.
        workers: Processes that generate batches.
        callbacks: Keras callbacks.

    Returns:
        The fitted Keras model.

    Raises:
        DataError: There is no MNIST.
        FileExistsError: The checkpoint is of a run with another recipe or seed.
    """
    import keras

    folder.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(seed)
    model = task.build()
    for number in range(len(recipe.cycles)):
        model = _fit_cycle(model, task, recipe, number, folder, seed, data, workers, callbacks)
    model.save(folder / MODEL_FILE)
    record = {"seed": seed, **asdict(recipe)}
    (folder / f"{task.name}.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return model


def _fit_cycle(
    model: Any,
    task: Task,
    recipe: GeneratedRecipe,
    number: int,
    folder: Path,
    seed: int,
    data: str | PathLike[str] | None,
    workers: int,
    callbacks: Sequence[Any],
) -> Any:
    """Fit one cycle from the weights of `model`, or go on from the cycle's checkpoint."""
    import keras
    import tensorflow as tf

    from train.checkpoint import Checkpoint

    cycle = recipe.cycles[number]
    checkpoint = Checkpoint(folder, number, recipe, seed)
    if (restored := checkpoint.restore()) is not None:
        model = restored
    else:
        schedule = keras.optimizers.schedules.CosineDecay(
            0.0,
            cycle.steps - recipe.rising,
            alpha=0.005,
            warmup_target=cycle.peak,
            warmup_steps=recipe.rising,
        )
        optimizer = keras.optimizers.AdamW(
            schedule, weight_decay=recipe.weight_decay, clipnorm=recipe.clip_norm
        )
        model.compile(optimizer, loss=task.loss())
    epochs = cycle.steps // recipe.steps_per_epoch
    if checkpoint.epochs == epochs:
        return model
    first = checkpoint.epochs * recipe.steps_per_epoch
    batches = _batches(task, recipe, number, first, seed, data, workers)
    # From a plain generator Keras infers the shape by two batches, which may be equally wide.
    dataset = tf.data.Dataset.from_generator(
        lambda: batches,
        output_signature=(
            tf.TensorSpec((None, *task.image_shape), tf.uint8),
            tf.TensorSpec((None, *task.target_shape), tf.int32),
        ),
    )
    model.fit(
        dataset,
        initial_epoch=checkpoint.epochs,
        epochs=epochs,
        steps_per_epoch=recipe.steps_per_epoch,
        callbacks=[checkpoint.callback(model), *callbacks],
        shuffle=False,
        verbose=2,
    )
    batches.close()
    return model


def _batches(
    task: Task,
    recipe: GeneratedRecipe,
    number: int,
    first: int,
    seed: int,
    data: str | PathLike[str] | None,
    workers: int,
) -> Generator[Batch]:
    """Generate a cycle's batches from step `first` on, in processes of their own."""
    variety = recipe.cycles[number].variety
    start = sum(earlier.steps for earlier in recipe.cycles[:number])
    with ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), _start_worker, (data, seed)
    ) as pool:
        waiting: deque[Future[Batch]] = deque()
        # fit() may ask for a few more than it takes.
        for step in range(first, recipe.cycles[number].steps + _AHEAD):
            waiting.append(
                pool.submit(
                    _make, task.make_batch, recipe.batch_size, (seed, start + step), variety
                )
            )
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


_glyphs: Glyphs


def _start_worker(data: str | PathLike[str] | None, seed: int) -> None:
    global _glyphs
    mnist = load_mnist(data)
    _glyphs = load(mnist.x_train[:-HELD_OUT], mnist.y_train[:-HELD_OUT], seed)


def _make(make_batch: MakeBatch, size: int, seed: tuple[int, int], variety: Variety) -> Batch:
    return make_batch(size, _glyphs, np.random.default_rng(seed), variety)
