"""Read the digits of a line one by one: over-segmentation and the best path through it.

Digits that touch are cut where a cut is plausible, the digit network judges every run of
neighbouring parts, and the path through the line that is most likely as a whole is taken
(Fujisawa et al. 1992; Liu et al. 2004).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mnist_infer.document.layout import FARTHEST, SMALLEST, Writing
from mnist_infer.imaging.components import EDGE, component_ink, gaps
from mnist_infer.imaging.digit import MAX_ASPECT
from mnist_infer.imaging.filters import bounds
from mnist_infer.imaging.normalize import render_variants
from mnist_infer.inference.tta import classify_variants

if TYPE_CHECKING:
    from mnist_infer.inference.tta import Classify

Box: TypeAlias = "tuple[int, int, int, int]"
LatticeDigit: TypeAlias = "tuple[Box, NDArray[np.float32]]"

# No digit is made of more parts than this, or of more pieces.
MOST_PARTS, MOST_PIECES = 6, 4
# Parts this tall, in line heights, are digits in their own right unless one stands over the other.
AS_TALL = 0.6
# Only what is at least this wide, in line heights, may be two digits.
TWO_WIDE = 0.9
# A cut goes through one stroke, at most this tall in line heights, and leaves parts this wide.
TALLEST_CUT, NARROWEST_PART = 0.7, 0.1
# Columns to the right per row downwards: digits lean, or one reaches over the other.
SLANTS = (0.0, 0.3, -0.3)
# Cuts nearer to each other than this, in line heights, are one.
NEAREST_CUT = 0.12
# Width over height of a slender digit, and the spread of its logarithm above that: what is wide
# and doubtful is two digits rather than one.
SLENDER_ASPECT, ASPECT_SPREAD = 0.2, 2.6
# Spread of the logarithm of height over line height, below 1: half a digit is rarely a small one.
HEIGHT_SPREAD = 0.4
# Costs as negative logarithms of probabilities: 0.9 that no cut is where one may be, 0.75 that a
# floating mark belongs to a digit.
CUT_COST, MARK_COST = 0.1, 0.3
# What is cut off a piece and has not a digit's shape is no mark to leave out, but a wrong cut.
SCRAP_COST = 6.0
# What is narrower than this counts as this wide, so that a 1 weighs something.
LEAST_WEIGHT = 0.6
# Below this confidence a digit, and below this mean a line of them, is taken for other marks. A
# doubtful digit stays, with its doubt: a number that lacks one in silence is worse.
LEAST_CONFIDENCE, LEAST_LINE_CONFIDENCE = 0.2, 0.7
# Marks farther apart than this, in line heights, are of two words.
WORD_GAP = 0.3
# Below this mean confidence one of several words is letters. Beside letters, which can look much
# like digits, only words above the second are digits.
LEAST_WORD_CONFIDENCE, LEAST_BESIDE_LETTERS = 0.85, 0.95


@dataclass(frozen=True)
class Part:
    """A piece of ink or a slice of one: its ink (h, w) uint8, its place, the piece's number."""

    ink: NDArray[np.uint8]
    box: NDArray[np.intp]
    piece: int

    @property
    def height(self) -> int:
        """Rows of its box."""
        return int(self.box[2] - self.box[0])


def read_lines(writing: Writing, classify: Classify) -> list[list[LatticeDigit]]:
    """The digits of each line, uncertain ones too; none where the line is taken for other marks."""
    lines = []
    for members, height in writing.lines:
        parts = [part for i in members for part in _cut(_part(writing, i), height)]
        line = _without_letters(_best_path(parts, height, classify), height)
        is_number = mean_confidence([certain(line)]) >= LEAST_LINE_CONFIDENCE
        lines.append(line if is_number else [])
    return lines


def _without_letters(line: list[LatticeDigit], size: float) -> list[LatticeDigit]:
    """A line without its words of letters, and without what may well be one beside them."""
    words: list[list[LatticeDigit]] = [[]]
    for digit in line:
        if words[-1] and digit[0][0] - words[-1][-1][0][2] > WORD_GAP * size:
            words.append([])
        words[-1].append(digit)
    least = LEAST_WORD_CONFIDENCE if len(words) > 1 else LEAST_LINE_CONFIDENCE
    if all(_is_number(word, least) for word in words):
        return line
    sure = [word for word in words if mean_confidence([word]) >= LEAST_BESIDE_LETTERS]
    return [digit for word in sure for digit in word]


def _is_number(word: list[LatticeDigit], least: float) -> bool:
    """Whether the mean confidence is enough; a sign before or behind a number may lower it."""
    return (
        len(word) < 2
        or max(mean_confidence([part]) for part in (word, word[1:], word[:-1])) >= least
    )


def certain(line: list[LatticeDigit]) -> list[LatticeDigit]:
    """A line without what is taken for other marks between its digits."""
    return [digit for digit in line if digit[1].max() >= LEAST_CONFIDENCE]


def mean_confidence(lines: list[list[LatticeDigit]]) -> float:
    """Mean confidence of all the digits, uncertain ones too; 0 of none."""
    return float(np.mean([digit[1].max() for line in lines for digit in line] or [0]))


def _part(writing: Writing, piece: int) -> Part:
    ink = component_ink(writing.pieces, piece, writing.ink)
    return Part(ink, writing.pieces.boxes[piece], piece)


class _CutLine(NamedTuple):
    """Where a piece may be cut: the ink crossed, the column halfway down, and that at each row."""

    is_slanted: bool
    tall: int
    place: int
    columns: NDArray[np.intp]


def _cut(part: Part, size: float) -> list[Part]:
    """Slice a wide piece wherever two digits may touch: along lines that cross one stroke only.

    Of the upright lines of each such stretch, and then of the slanted ones, the one through the
    thinnest place is taken, unless a better one is near.
    """
    height, width = part.ink.shape
    if width < TWO_WIDE * size or height < SMALLEST * size:
        return [part]
    kept: list[_CutLine] = []
    lines = _cut_lines(part.ink > EDGE, size)
    for line in sorted(lines, key=lambda line: (line.is_slanted, line.tall)):
        if all(abs(line.place - other.place) > NEAREST_CUT * size for other in kept):
            kept.append(line)
    slice_of = np.zeros(part.ink.shape, np.intp)
    for line in kept:
        slice_of += np.arange(width) >= line.columns[:, None]
    slices = (_slice(part, slice_of == i) for i in range(len(kept) + 1))
    return [each for each in slices if each is not None]


def _cut_lines(mask: NDArray[np.bool_], size: float) -> Iterator[_CutLine]:
    """At each slant, the line through the thinnest place of each stretch where one may cut."""
    height, width = mask.shape
    rows = np.arange(height)
    edge = round(NARROWEST_PART * size) + 1
    for slant in SLANTS:
        shift = np.rint(slant * (rows - height / 2)).astype(np.intp)
        columns = np.arange(width) + shift[:, None]
        inside = (columns >= 0) & (columns < width)
        crossed = mask[rows[:, None], columns.clip(0, width - 1)] & inside
        tall = crossed.sum(axis=0)
        strokes = crossed[0] + (crossed[1:] & ~crossed[:-1]).sum(axis=0)
        may_cut = (strokes == 1) & (tall < TALLEST_CUT * size)
        may_cut[:edge] = may_cut[-edge:] = False
        ends = np.flatnonzero(np.diff(np.concatenate(([False], may_cut, [False]))))
        for start, stop in ends.reshape(-1, 2).tolist():
            thinnest = np.flatnonzero(tall[start:stop] == tall[start:stop].min())
            place = start + int(thinnest[len(thinnest) // 2])
            yield _CutLine(slant != 0, int(tall[place]), place, place + shift)


def _slice(part: Part, chosen: NDArray[np.bool_]) -> Part | None:
    """Some pixels of a part, (h, w) bool, in their box; None where there is no ink among them."""
    ink = part.ink * chosen
    mask = ink > EDGE
    if not mask.any():
        return None
    rows, columns = (bounds(mask.max(axis=axis)) for axis in (1, 0))
    box = np.array((rows.start, columns.start, rows.stop, columns.stop)) + part.box[[0, 1, 0, 1]]
    return Part(ink[rows, columns], box, part.piece)


def _best_path(parts: Sequence[Part], size: float, classify: Classify) -> list[LatticeDigit]:
    """The likeliest digits of a line: their boxes (left, top, right, bottom) and probabilities.

    Dynamic programming over the gaps between parts. Each digit costs -log of its probability
    per line height of width, so that a path of many narrow digits is no cheaper than one of
    few; an unusual width or height and each cut cost extra.
    """
    runs = [
        (start, stop)
        for start in range(len(parts))
        for stop in range(start + 1, min(start + MOST_PARTS, len(parts)) + 1)
        if _may_be_one(parts[start:stop], size)
    ]
    drawn = [_join(parts[start:stop]) for start, stop in runs]
    probabilities = classify_variants([render_variants(ink) for ink, _ in drawn], classify)
    pieces = [-1, *(part.piece for part in parts), -1]
    is_cut = [before == behind for before, behind in pairwise(pieces)]
    are_of_slices = [any(is_cut[start : stop + 1]) for start, stop in runs]
    # Letters side by side are as wide as a dash, and no mark.
    are_marks = [
        _is_mark(ink.shape, size) and all(_is_mark(p.ink.shape, size) for p in parts[start:stop])
        for (ink, _), (start, stop) in zip(drawn, runs, strict=True)
    ]
    best: list[tuple[float, int]] = [(0.0, -1)] + [(np.inf, -1)] * len(parts)
    for run, (start, stop) in enumerate(runs):
        ink, _ = drawn[run]
        if are_marks[run]:
            cost = SCRAP_COST * _weight(ink, size) if are_of_slices[run] else MARK_COST
        else:
            cost = _cost(ink, probabilities[run], size)
        cost += best[start][0]
        if is_cut[start]:
            cost += CUT_COST
        if cost < best[stop][0]:
            best[stop] = (cost, run)
    path = []
    stop = len(parts)
    while stop > 0:
        run = best[stop][1]
        _, box = drawn[run]
        if are_of_slices[run] or not are_marks[run]:
            path.append((box, probabilities[run]))
        stop = runs[run][0]
    return path[::-1]


def _may_be_one(parts: Sequence[Part], size: float) -> bool:
    """Whether neighbouring parts may make one digit: close together, and not two tall ones.

    Specks alone make none.
    """
    pieces = {part.piece for part in parts}
    are_specks = all(part.height < SMALLEST * size for part in parts)
    if len(pieces) > MOST_PIECES or (len(pieces) == len(parts) > 1 and are_specks):
        return False
    for k in range(1, len(parts)):
        rows, columns = gaps(parts[k].box, np.stack([part.box for part in parts[:k]]))
        if np.maximum(rows, columns).min() > FARTHEST * size:
            return False
        a, b = parts[k - 1], parts[k]
        if a.piece != b.piece and min(a.height, b.height) > AS_TALL * size:
            shared = min(a.box[3], b.box[3]) - max(a.box[1], b.box[1])
            if shared < 0.5 * min(a.ink.shape[1], b.ink.shape[1]):
                return False
    return True


def _join(parts: Sequence[Part]) -> tuple[NDArray[np.uint8], Box]:
    boxes = np.stack([part.box for part in parts])
    top, left = boxes[:, :2].min(axis=0)
    bottom, right = boxes[:, 2:].max(axis=0)
    ink = np.zeros((bottom - top, right - left), np.uint8)
    for part in parts:
        y, x = part.box[:2] - (top, left)
        height, width = part.ink.shape
        place = ink[y : y + height, x : x + width]
        np.maximum(place, part.ink, out=place)
    return ink, (int(left), int(top), int(right), int(bottom))


def _is_mark(shape: tuple[int, ...], size: float) -> bool:
    height, width = shape
    return height < SMALLEST * size or width > MAX_ASPECT * height


def _cost(ink: NDArray[np.uint8], probabilities: NDArray[np.float32], size: float) -> float:
    height, width = ink.shape
    wider = max(0.0, float(np.log(width / height / SLENDER_ASPECT)) / ASPECT_SPREAD)
    lower = min(0.0, float(np.log(height / size)) / HEIGHT_SPREAD)
    surprise = -float(np.log(max(probabilities.max(), 1e-6))) + (wider**2 + lower**2) / 2
    return surprise * _weight(ink, size)


def _weight(ink: NDArray[np.uint8], size: float) -> float:
    return max(LEAST_WEIGHT, int(ink.shape[1]) / size)
