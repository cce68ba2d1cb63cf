"""Generated cells with their classes: digits of rows, and what is no digit."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from mnist_infer.imaging.cell_image import CELL_SIDE, cell_image
from mnist_infer.inference.networks import NO_DIGIT
from train.data import Array
from train.generated import Batch
from train.rows.glyphs import Glyphs
from train.rows.hand import CAP, Variety
from train.rows.paper import photograph
from train.rows.samples import Sample, make_row
from train.rows.writing import Box, Placed, digits_of

_MOST_DIGITS = 8
_VIEWS = 2  # of each digit and each kind: to write a row takes longer than to cut it
_BETWEEN = 0.3  # probability of a cell between two digits that are close
_ANYWHERE = 0.6  # probability of a cell of a row that is in no digit's place
_BARE = 0.15  # probability of a bare piece of paper for each row
_IN_LINE = 0.8  # height of a digit where only its line's is known, as a part of it
_EXTREMES = 20  # pixels of bare paper that a reader could take for ink


def make_batch(size: int, glyphs: Glyphs, rng: np.random.Generator, variety: Variety) -> Batch:
    """Make cells, some six sevenths of them with a digit.

    Returns:
        Images uint8 `(N, CELL_SIDE, CELL_SIDE)`, and classes int32 `(N,)`: a digit or `NO_DIGIT`.
    """
    images = np.empty((size, CELL_SIDE, CELL_SIDE), np.uint8)
    classes = np.empty(size, np.int32)
    made = 0
    while made < size:
        sample = make_row(int(rng.integers(1, _MOST_DIGITS + 1)), glyphs, rng, variety)
        cells = [(sample.picture, box, label) for box, label in _cells(sample, rng)]
        if rng.random() < _BARE:
            cells.append((*_bare(rng), NO_DIGIT))
        for picture, box, label in cells[: size - made]:
            images[made], classes[made] = cell_image(picture, box), label
            made += 1
    return images, classes


def _cells(sample: Sample, rng: np.random.Generator) -> Iterator[tuple[Box, int]]:
    """The cells of a row: each symbol's, as a reader might find it, and some without a digit."""
    line = _line(sample)
    for placed in sample.symbols:
        for _ in range(_VIEWS):
            yield _moved(placed.box, rng), placed.label
            yield _in_line(placed.box, line, rng), placed.label
    for placed in sample.objects:
        for _ in range(_VIEWS):
            yield _moved(placed.box, rng), placed.label
    for before, behind in pairwise(sample.symbols):
        if behind.box[0] - before.box[2] < CAP / 2 and rng.random() < _BETWEEN:
            yield _between(before.box, behind.box, rng), NO_DIGIT
    if rng.random() < _ANYWHERE and (box := _beside(sample, rng)):
        yield box, NO_DIGIT


def _moved(box: Box, rng: np.random.Generator) -> Box:
    """A square around a digit's box that misses it a little; now and then, by a good deal."""
    side = max(box[2] - box[0], box[3] - box[1])
    is_far = rng.random() < 0.15
    right = rng.uniform(-0.22, 0.22) if is_far else rng.normal(0, 0.05)
    x = (box[0] + box[2]) / 2 + right * side
    y = (box[1] + box[3]) / 2 + rng.normal(0, 0.05) * side
    larger = rng.normal(0.15, 0.3) if is_far else rng.normal(0, 0.1)
    return _square(x, y, side * np.exp(larger))


def _line(sample: Sample) -> tuple[float, float]:
    """The top and the bottom of a row's digits, or of all its symbols if none is a digit."""
    boxes = [placed.box for placed in digits_of(sample.symbols) or sample.symbols]
    return min(box[1] for box in boxes), max(box[3] for box in boxes)


def _in_line(box: Box, line: tuple[float, float], rng: np.random.Generator) -> Box:
    """A square around a digit as large as its line is high: a small digit stays small in it."""
    height = line[1] - line[0]
    # The row network misses the middle of a digit by a tenth of the line's height.
    x = (box[0] + box[2]) / 2 + rng.normal(0, 0.09) * height
    y = (line[0] + line[1]) / 2 + rng.normal(0, 0.05) * height
    return _square(x, y, _IN_LINE * height * np.exp(rng.normal(0, 0.15)))


def _bare(rng: np.random.Generator) -> tuple[Array, Box]:
    """A piece of bare paper, and a square around one of its darkest or brightest places."""
    side = int(rng.integers(40, 120))
    picture = photograph(np.zeros((side, side), np.float32), rng)
    order = (picture + rng.random(picture.shape)).ravel().argsort()
    places = order[:_EXTREMES] if rng.random() < 0.5 else order[-_EXTREMES:]
    y, x = divmod(int(rng.choice(places)), side)
    return picture, _square(x, y, np.exp(rng.uniform(np.log(4), np.log(side))))


def _between(before: Box, behind: Box, rng: np.random.Generator) -> Box:
    """A square around the middle between two boxes, as large as they are."""
    sides = [max(box[2] - box[0], box[3] - box[1]) for box in (before, behind)]
    side = sum(sides) / 2 * np.exp(rng.normal(0, 0.1))
    x = (before[2] + behind[0]) / 2 + rng.normal(0, 0.03) * side
    return _square(x, (before[1] + before[3] + behind[1] + behind[3]) / 4, side)


def _beside(sample: Sample, rng: np.random.Generator) -> Box | None:
    """A square somewhere on a row whose middle is in no symbol's place; None if none is found."""
    height, width = sample.picture.shape
    x, y, side = rng.uniform(0, width), rng.uniform(0, height), rng.uniform(0.5, 1.2) * CAP
    box = _square(x, y, side)
    return None if any(_holds(placed, x, y, 0.35 * side) for placed in sample.symbols) else box


def _holds(placed: Placed, x: float, y: float, margin: float) -> bool:
    left, top, right, bottom = placed.box
    return left - margin < x < right + margin and top - margin < y < bottom + margin


def _square(x: float, y: float, side: float) -> Box:
    half = side / 2
    return x - half, y - half, x + half, y + half
