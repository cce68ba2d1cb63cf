"""The proof that a picture model answers as `Recognizer.predict` does with the same network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from export.drawings import draw_all
from export.errors import ParityError
from mnist_infer import ImageError, Recognizer
from mnist_infer.decode.images import decode_picture
from mnist_infer.inference.devices import CPU
from mnist_infer.inference.open_session import create_session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    Answer = Callable[[NDArray[np.uint8]], int]
    """uint8 (H, W) to the digit."""

SAME = 0.995
"""The least share of drawings with the digit that `predict` gives."""

ACCURACY_LIMIT = 0.003
SEED = 20_261_127
RENDERED = 5_000
"""How many of MNIST's training images are drawn, the last ones."""

FOLDERS = ("canvas", "canvas_bulk", "fresh_canvas", "fresh_bilevel", "fresh_small")
"""Folders of people's own drawings: `<folder>/<digit>/<image>`."""


@dataclass(frozen=True)
class Row:
    """How a set of drawings compares."""

    drawings: str
    count: int
    """Those that `predict` answers."""
    same: int
    right: int
    predict_right: int


@dataclass(frozen=True)
class Drawing:
    """What `predict` gets, the same in grey, and which digit it is."""

    source: Path | NDArray[np.uint8]
    grey: NDArray[np.uint8]
    label: int


def picture_answer(model: bytes) -> Answer:
    """Return a function that runs a serialized picture model on the CPU with one thread."""
    session = create_session(model, 1, [CPU])

    def run(picture: NDArray[np.uint8]) -> int:
        (probabilities,) = session.run(["probabilities"], {"picture": picture})
        if not np.isfinite(probabilities).all():
            raise ParityError(f"a picture of {picture.shape} has no finite probabilities")
        return int(probabilities.argmax())

    return run


def drawing_sets(
    images: NDArray[np.uint8], labels: NDArray[np.uint8], folder: Path | None
) -> Iterator[tuple[str, Iterable[Drawing]]]:
    """Yield what parity is proved on: MNIST's last training images, drawn, and people's drawings.

    Args:
        images: MNIST's training images, uint8 `(N, 28, 28)`.
        labels: `(N,)`.
        folder: Where `FOLDERS` lie; None leaves them out.
    """
    drawn = draw_all(images[-RENDERED:], SEED)
    yield (
        "mnist",
        (
            Drawing(each, each, int(label))
            for each, label in zip(drawn, labels[-RENDERED:], strict=True)
        ),
    )
    if folder is None:
        return
    for name in FOLDERS:
        files = sorted(path for path in (folder / name).rglob("*") if path.is_file())
        if not files:
            raise ParityError(f"{folder / name} holds no drawings: give the folder of {FOLDERS}")
        yield name, (Drawing(path, _grey(path), int(path.parent.name)) for path in files)


def prove_picture(
    answer: Answer, recognizer: Recognizer, sets: Iterable[tuple[str, Iterable[Drawing]]]
) -> tuple[Row, ...]:
    """Compare a picture model with `predict` on sets of drawings.

    Raises:
        ParityError: Over all sets, more than 0.5 % have another digit, or the accuracy differs by
            more than 0.3 points.
    """
    rows = tuple(_compare(answer, recognizer, name, drawings) for name, drawings in sets)
    count = sum(row.count for row in rows)
    same = sum(row.same for row in rows) / count
    right = sum(row.right for row in rows) / count
    predicted = sum(row.predict_right for row in rows) / count
    if same < SAME or abs(right - predicted) > ACCURACY_LIMIT:
        raise ParityError(
            f"of {count:,} drawings {same:.2%} have the digit of `predict`, and {SAME:.1%} are "
            f"needed; right are {right:.2%}, with `predict` {predicted:.2%}, and "
            f"{100 * ACCURACY_LIMIT:.1f} points between them are allowed; nothing was written"
        )
    return rows


def _compare(answer: Answer, recognizer: Recognizer, name: str, drawings: Iterable[Drawing]) -> Row:
    count = same = right = predict_right = 0
    for drawing in drawings:
        try:
            expected = recognizer.predict(drawing.source).digit
        except ImageError:
            continue
        found = answer(drawing.grey)
        count += 1
        same += found == expected
        right += found == drawing.label
        predict_right += expected == drawing.label
    return Row(name, count, same, right, predict_right)


def _grey(path: Path) -> NDArray[np.uint8]:
    pixels = decode_picture(path).pixels
    return pixels if pixels.ndim == 2 else np.asarray(Image.fromarray(pixels).convert("L"))
