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
"""How far the sum of a row's probabilities may be from 1."""
ALONE_LIMIT = 1e-6
"""How far a probability may be from that of the same image in a batch of its own."""


@dataclass(frozen=True)
class Limits:
    """How far a set of images may differ from its reference."""

    difference: float
    """Of one probability."""
    label_changes: int


FLOAT32_LIMITS = Limits(difference=1e-5, label_changes=0)
INT8_LIMITS = Limits(difference=0.15, label_changes=5)
INT8_NOISE_LIMITS = Limits(difference=1, label_changes=1_000_000)
"""What is no digit may get any answer in int8."""
INT8_ACCURACY_LIMIT = 0.0002
"""How far the test accuracy in int8 may be from that in float32, as a share."""


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
    limits: Limits = FLOAT32_LIMITS,
) -> Parity:
    """Compare a model with its reference on each set of images, at every batch size.

    Args:
        onnx: The model.
        reference: What it was made from.
        images: uint8 (N, 28, 28) by the name of the set. A set smaller than a batch is repeated
            until it fills one.
        against: What errors call the reference.
        limits: How far the answers may differ.

    Raises:
        ParityError: A check fails; the message names its worst image.
    """
    rows = []
    for name, originals in images.items():
        expected_once = reference(originals)
        alone_once = _in_batches(onnx, originals, 1)
        for batch_size in BATCH_SIZES:
            count = max(len(originals), batch_size)
            repeated = np.resize(originals, (count, 28, 28))
            expected = np.resize(expected_once, (count, 10))
            alone = np.resize(alone_once, (count, 10))
            actual = _in_batches(onnx, repeated, batch_size)
            deviations = _measure(onnx, batch_size, repeated, actual, expected, alone)
            if failure := _first_failure(deviations, limits, against):
                reason, worst = failure
                raise ParityError(
                    f"parity does not hold at batch size {batch_size}: {reason}; worst is {name} "
                    f"image {worst % len(originals)}: {against} {_answer(expected[worst])}, "
                    f"ONNX {_answer(actual[worst])}; nothing was written"
                )
            rows.append(deviations.row(name, batch_size))
    return Parity(sum(len(each) for each in images.values()), tuple(rows))


def prove_int8(
    int8: Probabilities,
    float32: Probabilities,
    images: Mapping[str, NDArray[np.uint8]],
    labels: NDArray[np.uint8],
) -> Parity:
    """Compare a network in int8 with the same in float32 on the sets of ``image_sets``.

    Answers may differ a little on the test images, which ``labels`` are of. On noise they may
    differ at will, and yet no row may depend on its batch.

    Raises:
        ParityError: The accuracies or the answers differ too much.
    """
    right = [accuracy(each(images["test"]), labels) for each in (int8, float32)]
    # Rounded: 0.9956 - 0.9954 is more than 0.0002.
    if not round(abs(right[0] - right[1]), 6) <= INT8_ACCURACY_LIMIT:
        raise ParityError(
            f"in int8 {right[0]:.2%} of the test images are right, in float32 {right[1]:.2%}: "
            f"they may differ by {INT8_ACCURACY_LIMIT:.2%}; nothing was written"
        )
    rows: list[Row] = []
    for name, originals in images.items():
        limits = INT8_LIMITS if name == "test" else INT8_NOISE_LIMITS
        parity = prove(int8, float32, {name: originals}, against="float32", limits=limits)
        rows.extend(parity.rows)
    return Parity(sum(len(each) for each in images.values()), tuple(rows))


@dataclass(frozen=True, eq=False)
class _Deviations:
    """How much is wrong with each row of a set, (N,) each; the fields are those of `Row`."""

    difference: NDArray[np.float32]
    label_changes: NDArray[np.bool_]
    sum_error: NDArray[np.float64]
    alone_difference: NDArray[np.float32]
    neighbour_changes: NDArray[np.bool_]

    def row(self, images: str, batch_size: int) -> Row:
        """Return the largest of each, or how many there are."""
        return Row(
            images,
            batch_size,
            float(self.difference.max()),
            int(self.label_changes.sum()),
            float(self.sum_error.max()),
            float(self.alone_difference.max()),
            int(self.neighbour_changes.sum()),
        )


def _measure(
    onnx: Probabilities,
    batch_size: int,
    images: NDArray[np.uint8],
    actual: NDArray[np.float32],
    expected: NDArray[np.float32],
    alone: NDArray[np.float32],
) -> _Deviations:
    """Compare rows with those of the reference, of batches of one, and beside other images."""
    neighbour_changes = np.zeros(len(images), bool)
    for kept, neighbours in _neighbourhoods(images) if batch_size > 1 else ():
        beside = _in_batches(onnx, neighbours, batch_size)
        neighbour_changes |= kept & (beside != actual).any(axis=1)
    return _Deviations(
        difference=np.abs(actual - expected).max(axis=1),
        label_changes=actual.argmax(axis=1) != expected.argmax(axis=1),
        sum_error=np.abs(actual.sum(axis=1, dtype=np.float64) - 1),
        alone_difference=np.abs(actual - alone).max(axis=1),
        neighbour_changes=neighbour_changes,
    )


def _first_failure(deviations: _Deviations, limits: Limits, against: str) -> tuple[str, int] | None:
    """Return what the first check that fails has found, and the worst row; None if all hold."""
    for deviation, limit, meaning in (
        (deviations.difference, limits.difference, f"a probability differs from {against}'s by"),
        (deviations.label_changes, limits.label_changes, f"labels that differ from {against}'s:"),
        (deviations.sum_error, SUM_LIMIT, "the row's sum differs from 1 by"),
        (
            deviations.alone_difference,
            ALONE_LIMIT,
            "alone and in a batch, a probability differs by",
        ),
        (
            deviations.neighbour_changes,
            0,
            "rows that change with what stands beside them in a batch:",
        ),
    ):
        found = deviation.sum() if deviation.dtype == bool else deviation.max()
        # Written so that a NaN fails.
        if not found <= limit:
            return f"{meaning} {found:.3g} (allowed: {limit:g})", int(deviation.argmax())
    return None


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
