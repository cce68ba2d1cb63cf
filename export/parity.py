"""The proof that an ONNX model answers as the one that it was made from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from export.errors import ParityError
from mnist_infer.inference.devices import CPU
from mnist_infer.inference.open_session import create_session

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Probabilities = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
    """uint8 (N, 28, 28) to float32 (N, 10)."""

BATCH_SIZES = (1, 7, 128, 10_000)
SUM_LIMIT = 1e-6
ALONE_LIMIT = 1e-6


@dataclass(frozen=True)
class Limits:
    """How far a set of images may differ from its reference."""

    difference: float
    """Of one probability."""
    label_changes: int


EXACT = Limits(difference=1e-5, label_changes=0)
INT8 = Limits(difference=0.15, label_changes=5)
ACCURACY_LIMIT = 0.0002
UNLIMITED = Limits(difference=1, label_changes=1_000_000)


@dataclass(frozen=True)
class Row:
    """One set of images at one batch size: the largest deviation of each kind."""

    images: str
    batch_size: int
    difference: float
    """The largest between a probability and its reference."""
    label_changes: int
    sum_error: float
    alone_difference: float
    neighbour_changes: int
    """Rows of which a bit changed when every other image of their batch was replaced."""


@dataclass(frozen=True)
class Parity:
    """Parity that holds: the number of different images, and a row per set and batch size."""

    images: int
    rows: tuple[Row, ...]

    @property
    def max_abs_difference(self) -> float:
        """The largest difference between a probability and its reference."""
        return max(row.difference for row in self.rows)

    @property
    def label_changes(self) -> int:
        """The number of images whose most probable digit differs from the reference's."""
        return sum(row.label_changes for row in self.rows if row.batch_size == 1)


def onnx_probabilities(model: bytes) -> Probabilities:
    """Return a function that runs serialized ONNX on the CPU with one thread."""
    session = create_session(model, 1, [CPU])

    def run(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        (rows,) = session.run(["probabilities"], {"image": images})
        return np.asarray(rows)

    return run


def accuracy(probabilities: NDArray[np.float32], labels: NDArray[np.uint8]) -> float:
    """Return the share of rows (N, 10) whose most probable digit is that of ``labels`` (N,)."""
    return float((probabilities.argmax(axis=1) == labels).mean())


def image_sets(test_images: NDArray[np.uint8]) -> dict[str, NDArray[np.uint8]]:
    """Return what parity is proved on: the test images, as much noise, and the two extremes."""
    noise = np.random.default_rng(0).integers(0, 256, test_images.shape, np.uint8)
    extremes = np.zeros((2, 28, 28), np.uint8)
    extremes[1] = 255
    return {"test": test_images, "noise": noise, "black and white": extremes}


def prove(
    onnx: Probabilities,
    reference: Probabilities,
    images: Mapping[str, NDArray[np.uint8]],
    *,
    against: str = "Keras",
    limits: Limits = EXACT,
) -> Parity:
    """Compare a model with its reference on each set of uint8 (N, 28, 28), at every batch size.

    A set smaller than a batch is repeated until it fills one. Raises ParityError, which names
    the worst image of the first check that fails, and calls the reference what ``against`` says.
    """
    rows = []
    for name, originals in images.items():
        expected = reference(originals)
        alone = _in_batches(onnx, originals, 1)
        for batch_size in BATCH_SIZES:
            count = max(len(originals), batch_size)
            rows.append(
                _compare(
                    onnx,
                    name,
                    batch_size,
                    images=np.resize(originals, (count, 28, 28)),
                    expected=np.resize(expected, (count, 10)),
                    alone=np.resize(alone, (count, 10)),
                    period=len(originals),
                    against=against,
                    limits=limits,
                )
            )
    return Parity(sum(len(each) for each in images.values()), tuple(rows))


def prove_int8(
    int8: Probabilities,
    float32: Probabilities,
    images: Mapping[str, NDArray[np.uint8]],
    labels: NDArray[np.uint8],
) -> Parity:
    """Compare a network in int8 with the same in float32 on the sets of ``image_sets``.

    Answers may differ a little on the test images, which ``labels`` are of. On noise they may
    differ at will, and yet no row may depend on its batch. Raises ParityError.
    """
    right = [accuracy(each(images["test"]), labels) for each in (int8, float32)]
    # Rounded: 0.9956 - 0.9954 is more than 0.0002.
    if not round(abs(right[0] - right[1]), 6) <= ACCURACY_LIMIT:
        raise ParityError(
            f"in int8 {right[0]:.2%} of the test images are right, in float32 {right[1]:.2%}: "
            f"they may differ by {ACCURACY_LIMIT:.2%}; nothing was written"
        )
    parities = [
        prove(int8, float32, {name: originals}, against="float32", limits=limits)
        for name, originals in images.items()
        for limits in (INT8 if name == "test" else UNLIMITED,)
    ]
    return Parity(
        sum(each.images for each in parities), tuple(row for each in parities for row in each.rows)
    )


def _compare(
    onnx: Probabilities,
    name: str,
    batch_size: int,
    *,
    images: NDArray[np.uint8],
    expected: NDArray[np.float32],
    alone: NDArray[np.float32],
    period: int,
    against: str,
    limits: Limits,
) -> Row:
    actual = _in_batches(onnx, images, batch_size)
    difference = np.abs(actual - expected).max(axis=1)
    label_changes = actual.argmax(axis=1) != expected.argmax(axis=1)
    sum_error = np.abs(actual.sum(axis=1, dtype=np.float64) - 1)
    alone_difference = np.abs(actual - alone).max(axis=1)
    neighbour_changes = np.zeros(len(images), bool)
    for kept, neighbours in _neighbourhoods(images) if batch_size > 1 else ():
        beside = _in_batches(onnx, neighbours, batch_size)
        neighbour_changes |= kept & (beside != actual).any(axis=1)

    for deviation, limit, meaning in (
        (difference, limits.difference, f"a probability differs from {against}'s by"),
        (label_changes, limits.label_changes, f"labels that differ from {against}'s:"),
        (sum_error, SUM_LIMIT, "the row's sum differs from 1 by"),
        (alone_difference, ALONE_LIMIT, "alone and in a batch, a probability differs by"),
        (neighbour_changes, 0, "rows that change with what stands beside them in a batch:"),
    ):
        found = deviation.sum() if deviation.dtype == bool else deviation.max()
        # written so that a NaN fails
        if not found <= limit:
            worst = int(deviation.argmax())
            raise ParityError(
                f"parity does not hold at batch size {batch_size}: {meaning} {found:.3g} "
                f"(allowed: {limit:g}); worst is {name} image {worst % period}: "
                f"{against} {_answer(expected[worst])}, ONNX {_answer(actual[worst])}; "
                "nothing was written"
            )
    return Row(
        name,
        batch_size,
        float(difference.max()),
        int(label_changes.sum()),
        float(sum_error.max()),
        float(alone_difference.max()),
        int(neighbour_changes.sum()),
    )


def _in_batches(
    model: Probabilities, images: NDArray[np.uint8], batch_size: int
) -> NDArray[np.float32]:
    return np.concatenate(
        [model(images[start : start + batch_size]) for start in range(0, len(images), batch_size)]
    )


def _neighbourhoods(
    images: NDArray[np.uint8],
) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.uint8]]]:
    """Yield masks of the rows that stay, and the images with all others replaced.

    Each row stays once beside black, white and noise: what a scale per batch would react to.
    """
    odd = np.arange(len(images)) % 2 == 1
    noise = np.random.default_rng(1).integers(0, 256, images.shape, np.uint8)
    for kept in (odd, ~odd):
        for neighbour in (np.uint8(0), np.uint8(255), noise):
            yield kept, np.where(kept[:, None, None], images, neighbour)


def _answer(probabilities: NDArray[np.float32]) -> str:
    digit = int(probabilities.argmax())
    return f"says {digit} ({probabilities[digit]:.6f})"
