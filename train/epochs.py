"""What an augmented recipe learns from: a new set of pictures for every epoch.

Epoch and seed alone decide a set, so that a run that is taken up again sees what it would have
seen. Nothing here loads Keras, so that the process that makes the sets starts fast and stays small.
"""

from collections.abc import Iterator
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection

import numpy as np
import numpy.typing as npt

from train.augment import distort
from train.data import Array
from train.nondigits import nondigits
from train.recipes import Augmentation
from train.styles import styled_digits

Floats = npt.NDArray[np.float32]

_FLAT = np.full(10, 0.1, np.float32)


class FreshEpochs:
    """The sets of a run: distorted training images, drawn digits, pictures without a digit."""

    def __init__(
        self, augmentation: Augmentation, images: Array, labels: Array, seed: int, batch_size: int
    ) -> None:
        self._augmentation = augmentation
        self._images = images
        self._labels = labels
        self._seed = seed
        self.batch_size = batch_size
        total = len(images) + augmentation.styles + augmentation.nondigits
        self.steps = total // batch_size
        # Whole batches only: an epoch must not lean into the next one.
        self.size = self.steps * batch_size

    def make(self, epoch: int) -> tuple[Array, Floats]:
        """Makes an epoch's set, shuffled: images (N, 28, 28) and target rows (N, 10)."""
        rng = np.random.default_rng((self._seed, epoch))
        drawn, digits = styled_digits(self._augmentation.styles, rng)
        others = nondigits(self._images, self._labels, self._augmentation.nondigits, rng)
        images = np.concatenate([self._images, drawn, others])
        targets = np.concatenate(
            [
                np.eye(10, dtype=np.float32)[np.concatenate([self._labels, digits])],
                np.tile(_FLAT, (len(others), 1)),
            ]
        )
        order = rng.permutation(len(images))[: self.size]
        return distort(images[order], rng, self._augmentation.distortion), targets[order]


def made_ahead(sets: FreshEpochs, first: int, end: int) -> Iterator[tuple[Array, Floats]]:
    """Makes each epoch's set in a process of its own while the one before is learnt from.

    In a thread it would take three times as long: glibc gives a thread's memory back to the system
    after each step and has to ask for it again.
    """
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    maker = context.Process(target=_send, args=(sets, first, end, sender), daemon=True)
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
