"""Fit a network on generated batches, each of which is decided by the seed and its number."""

from __future__ import annotations

import json
import multiprocessing
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from train.data import Array, load_mnist
from train.rows.glyphs import HELD_OUT, Glyphs, load_glyphs
from train.rows.hand import PLAIN, Variety

if TYPE_CHECKING:
    from os import PathLike

MODEL_FILE = "model.keras"
Batch: TypeAlias = tuple[Array, npt.NDArray[np.int32]]
MakeBatch: TypeAlias = Callable[[int, Glyphs, np.random.Generator, Variety], Batch]
_BATCHES_AHEAD = 24  # generated before the network asks for them
_BATCH_NORM_BATCHES = 32  # from which batch normalisation is estimated for averaged weights


@dataclass(frozen=True)
class Cycle:
    """A linear warm-up of the learning rate, and then a cosine decay."""

    steps: int
    peak_learning_rate: float
    variety: Variety = PLAIN
    is_averaged: bool = False
    """Whether the learning rate stays at its peak instead of decaying, and the cycle ends with the
    mean of the weights after each epoch of its last four fifths."""


@dataclass(frozen=True)
class GeneratedRecipe:
    """How a network is fitted: AdamW, each cycle from the weights that the last one left."""

    cycles: tuple[Cycle, ...]
    batch_size: int
    steps_per_epoch: int = 250
    warmup_steps: int = 300
    weight_decay: float = 1e-4
    clip_norm: float = 5.0

    def __post_init__(self) -> None:
        """Refuse a cycle whose last steps would be no whole epoch, which are never fitted."""
        for cycle in self.cycles:
            if cycle.steps % self.steps_per_epoch:
                raise ValueError(
                    f"a cycle of {cycle.steps} steps is no whole number of epochs of "
                    f"{self.steps_per_epoch} steps"
                )


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
        FileExistsError: What lies in `folder` is of a run with another recipe or seed.
        FileNotFoundError: An epoch's weights, which an averaged cycle needs, have been deleted.
    """
    import keras

    folder.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(seed)
    model = task.build()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, _start_worker, (data, seed)) as pool:
        fit = _Fit(task, recipe, folder, seed, pool, callbacks)
        for number in range(len(recipe.cycles)):
            model = fit.cycle(number, model)
    model.save(folder / MODEL_FILE)
    record = {"seed": seed, **asdict(recipe)}
    (folder / f"{task.name}.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return model


@dataclass(frozen=True)
class _Fit:
    """A fit of one cycle after the other; see the arguments of `fit_generated`."""

    task: Task
    recipe: GeneratedRecipe
    folder: Path
    seed: int
    pool: ProcessPoolExecutor
    """Generates batches."""
    callbacks: Sequence[Any]

    def cycle(self, number: int, model: Any) -> Any:
        """Fit one cycle from the weights of `model`, or go on from the cycle's checkpoint."""
        from train.checkpoint import Checkpoint
        from train.weight_average import WeightAverage

        cycle = self.recipe.cycles[number]
        epochs = cycle.steps // self.recipe.steps_per_epoch
        checkpoint = Checkpoint(self.folder, number, self.recipe, self.seed)
        if (restored := checkpoint.restore()) is not None:
            model = restored
        else:
            model.compile(self._optimizer(cycle), loss=self.task.loss())
        average = WeightAverage(
            self.folder, number, self.recipe, self.seed, epochs=range(epochs // 5, epochs)
        )
        callbacks = [checkpoint.callback(model), *self.callbacks]
        if cycle.is_averaged:
            # Before the checkpoint, so that none of its epochs is without its weights.
            callbacks.insert(0, average.callback(model))
        if checkpoint.epochs < epochs:
            self._fit_epochs(model, number, checkpoint.epochs, epochs, callbacks)
        if cycle.is_averaged:
            with closing(self._batches(number, 0)) as batches:
                images = (images for images, _ in islice(batches, _BATCH_NORM_BATCHES))
                average.apply(model, images)
        return model

    def _optimizer(self, cycle: Cycle) -> Any:
        import keras

        recipe = self.recipe
        schedule = keras.optimizers.schedules.CosineDecay(
            0.0,
            cycle.steps - recipe.warmup_steps,
            alpha=1.0 if cycle.is_averaged else 0.005,
            warmup_target=cycle.peak_learning_rate,
            warmup_steps=recipe.warmup_steps,
        )
        return keras.optimizers.AdamW(
            schedule, weight_decay=recipe.weight_decay, clipnorm=recipe.clip_norm
        )

    def _fit_epochs(
        self, model: Any, number: int, begin: int, end: int, callbacks: list[Any]
    ) -> None:
        """Fit from one epoch of a cycle to another."""
        import tensorflow as tf

        steps = self.recipe.steps_per_epoch
        with closing(self._batches(number, begin * steps)) as batches:
            # With a plain generator Keras would infer the shapes from two batches, and take the
            # width of both, where it is the same, for that of all.
            dataset = tf.data.Dataset.from_generator(
                lambda: batches,
                output_signature=(
                    tf.TensorSpec((None, *self.task.image_shape), tf.uint8),
                    tf.TensorSpec((None, *self.task.target_shape), tf.int32),
                ),
            )
            model.fit(
                dataset,
                initial_epoch=begin,
                epochs=end,
                steps_per_epoch=steps,
                callbacks=callbacks,
                shuffle=False,
                verbose=2,
            )

    def _batches(self, number: int, first: int) -> Generator[Batch]:
        """Generate a cycle's batches from step `first` on, in the pool."""
        cycles = self.recipe.cycles
        start = sum(earlier.steps for earlier in cycles[:number])
        waiting: deque[Future[Batch]] = deque()
        try:
            # fit() may ask for a few more than it takes.
            for step in range(first, cycles[number].steps + _BATCHES_AHEAD):
                job = (self.recipe.batch_size, (self.seed, start + step), cycles[number].variety)
                waiting.append(self.pool.submit(_make_batch, self.task.make_batch, *job))
                if len(waiting) > _BATCHES_AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for batch in waiting:
                batch.cancel()


_glyphs: Glyphs  # of a worker process: too large to be sent to it with every batch


def _start_worker(data: str | PathLike[str] | None, seed: int) -> None:
    global _glyphs
    mnist = load_mnist(data)
    _glyphs = load_glyphs(mnist.x_train[:-HELD_OUT], mnist.y_train[:-HELD_OUT], seed)


def _make_batch(make_batch: MakeBatch, size: int, seed: tuple[int, int], variety: Variety) -> Batch:
    return make_batch(size, _glyphs, np.random.default_rng(seed), variety)
