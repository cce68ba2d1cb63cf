"""What an augmented recipe learns from: new pictures every few epochs, in a new order every epoch.

Epoch and seed alone decide them, so that a run that is taken up again sees what it would have
seen. Nothing here loads Keras, so that the process that makes the sets starts fast and stays small.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from multiprocessing import get_context
from multiprocessing.connection import Connection

import numpy as np
import numpy.typing as npt

from train.augment import distort
from train.coarse import coarse_copies
from train.data import Array
from train.nondigits import nondigits
from train.recipes import Augmentation
from train.styles import RARE_STYLES, styled_digits

Floats = npt.NDArray[np.float32]

_FLAT_TARGET = np.full(10, 0.1, np.float32)
# Normalising is slow: sets pick their coarse copies from so many times as many, made once.
_COARSE_POOL = 3


class FreshEpochs:
    """The training sets of a run: distorted images, drawn digits, pictures without a digit."""

    def __init__(
        self, augmentation: Augmentation, images: Array, labels: Array, seed: int, batch_size: int
    ) -> None:
        self._augmentation = augmentation
        self._images = images
        self._labels = labels
        self._seed = seed
        self._latest: tuple[int, Array, Floats] | None = None
        self.batch_size = batch_size
        added = (
            augmentation.styles
            + augmentation.rare_styles
            + augmentation.coarse
            + augmentation.nondigits
        )
        self.steps_per_epoch = (len(images) + added) // batch_size
        # Whole batches only: an epoch must not lean into the next one.
        self.size = self.steps_per_epoch * batch_size

    def make(self, epoch: int) -> tuple[Array, Floats]:
        """Make an epoch's set, shuffled: images (N, 28, 28) and target rows (N, 10)."""
        set_number, repeat = divmod(epoch, self._augmentation.epochs_per_set)
        if self._latest is None or self._latest[0] != set_number:
            self._latest = (set_number, *self._make_set(set_number))
        _, images, targets = self._latest
        order = np.random.default_rng((self._seed, set_number, repeat)).permutation(self.size)
        return images[order], targets[order]

    def _make_set(self, number: int) -> tuple[Array, Floats]:
        rng = np.random.default_rng((self._seed, number))
        drawn, drawn_digits = styled_digits(self._augmentation.styles, rng)
        rare, rare_digits = styled_digits(self._augmentation.rare_styles, rng, RARE_STYLES)
        copies, copied_digits = self._coarse
        chosen = rng.choice(len(copies), self._augmentation.coarse, replace=False)
        others = nondigits(self._images, self._labels, self._augmentation.nondigits, rng)
        digits = np.concatenate([self._labels, drawn_digits, rare_digits, copied_digits[chosen]])
        images = np.concatenate([self._images, drawn, rare, copies[chosen], others])
        targets = np.concatenate(
            [np.eye(10, dtype=np.float32)[digits], np.tile(_FLAT_TARGET, (len(others), 1))]
        )
        kept = rng.permutation(len(images))[: self.size]
        return distort(images[kept], rng, self._augmentation.distortion), targets[kept]

    @cached_property
    def _coarse(self) -> tuple[Array, Array]:
        """Coarse copies and their digits: of training images one half, of drawn ones the other."""
        rng = np.random.default_rng(self._seed)
        half = _COARSE_POOL * self._augmentation.coarse // 2
        drawn, drawn_digits = styled_digits(half, rng)
        chosen = rng.integers(len(self._images), size=half)
        copies = coarse_copies(np.concatenate([self._images[chosen], drawn]), rng)
        return copies, np.concatenate([self._labels[chosen], drawn_digits])


def make_ahead(sets: FreshEpochs, first: int, end: int) -> Iterator[tuple[Array, Floats]]:
    """Yield the sets of epochs from `first` up to `end`, each made while the last is learnt from.

    A process of its own makes them. A thread would take three times as long: glibc gives a thread's
    memory back to the system after each step and has to ask for it again.
    """
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    maker = context.Process(target=_send, args=(sets, first, end, sender), daemon=True)
    # The other cores are the fit's: BLAS threads that wait for them take three times as long.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    maker.start()
    sender.close()  # the maker holds the only one left: should it die, `recv` fails and says so
    try:
        for _ in range(first, end):
            yield receiver.recv()
    finally:
        maker.terminate()


def _send(sets: FreshEpochs, first: int, end: int, sender: Connection) -> None:
    with suppress(BrokenPipeError):  # the fit was killed
        for epoch in range(first, end):
            sender.send(sets.make(epoch))
