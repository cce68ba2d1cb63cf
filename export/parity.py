"""The proof that an ONNX model answers as its Keras model does."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from export.errors import ParityError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Probabilities = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
    """uint8 (N, 28, 28) to float32 (N, 10)."""

BATCH_SIZES = (1, 7, 128, 10_000)
KERAS_LIMIT = 1e-5
SUM_LIMIT = 1e-6
ALONE_LIMIT = 1e-6


@dataclass(frozen=True)
class Row:
    """One set of images at one batch size: the largest deviation of each kind."""

    images: str
    batch_size: int
    keras_difference: float
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
        """The largest difference between a probability of ONNX and of Keras."""
        return max(row.keras_difference for row in self.rows)

    @property
    def label_changes(self) -> int:
        """The number of images whose most probable digit differs from Keras'."""
        return sum(row.label_changes for row in self.rows)


def onnx_probabilities(model: bytes) -> Probabilities:
    """Return a function that runs serialized ONNX on the CPU with one thread."""
    # ONNX Runtime from 1.29 reports home; it reads this when it is imported
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def run(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        (rows,) = session.run(["probabilities"], {"image": images})
        return np.asarray(rows)

    return run


def image_sets(test_images: NDArray[np.uint8]) -> dict[str, NDArray[np.uint8]]:
    """Return what parity is proved on: the test images, as much noise, and the two extremes."""
    noise = np.random.default_rng(0).integers(0, 256, test_images.shape, np.uint8)
    extremes = np.zeros((2, 28, 28), np.uint8)
    extremes[1] = 255
    return {"test": test_images, "noise": noise, "black and white": extremes}


def prove(
    onnx: Probabilities, keras: Probabilities, images: Mapping[str, NDArray[np.uint8]]
) -> Parity:
    """Compare two models on each set of uint8 (N, 28, 28), at every batch size.

    A set smaller than a batch is repeated until it fills one. Raises ParityError, which names
    the worst image of the first check that fails.
    """
    rows = []
    for name, originals in images.items():
        expected = keras(originals)
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
                )
            )
    return Parity(sum(len(each) for each in images.values()), tuple(rows))


def _compare(
    onnx: Probabilities,
    name: str,
    batch_size: int,
    *,
    images: NDArray[np.uint8],
    expected: NDArray[np.float32],
    alone: NDArray[np.float32],
    period: int,
) -> Row:
    actual = _in_batches(onnx, images, batch_size)
    keras_difference = np.abs(actual - expected).max(axis=1)
    label_changes = actual.argmax(axis=1) != expected.argmax(axis=1)
    sum_error = np.abs(actual.sum(axis=1, dtype=np.float64) - 1)
    alone_difference = np.abs(actual - alone).max(axis=1)
    neighbour_changes = np.zeros(len(images), bool)
    for kept, neighbours in _neighbourhoods(images) if batch_size > 1 else ():
        beside = _in_batches(onnx, neighbours, batch_size)
        neighbour_changes |= kept & (beside != actual).any(axis=1)

    for deviation, limit, meaning in (
        (keras_difference, KERAS_LIMIT, "a probability differs from Keras' by"),
        (label_changes, 0, "labels that differ from Keras':"),
        (sum_error, SUM_LIMIT, "the row's sum differs from 1 by"),
        (alone_difference, ALONE_LIMIT, "alone and in a batch, a probability differs by"),
        (neighbour_changes, 0, "rows that change with what stands beside them in a batch:"),
    ):
        # written so that a NaN fails
        if not (deviation <= limit).all():
            worst = int(deviation.argmax())
            found = np.count_nonzero(deviation) if limit == 0 else deviation[worst]
            raise ParityError(
                f"parity does not hold at batch size {batch_size}: {meaning} {found:.3g} "
                f"(allowed: {limit:g}); worst is {name} image {worst % period}: "
                f"Keras {_answer(expected[worst])}, ONNX {_answer(actual[worst])}; "
                "nothing was written"
            )
    return Row(
        name,
        batch_size,
        float(keras_difference.max()),
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
