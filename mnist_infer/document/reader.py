"""Read a page: every digit in reading order, line by line.

Digits that touch are cut by over-segmentation and best path (Fujisawa et al. 1992; Liu et al.
2004): cut where a cut is plausible, let the recogniser judge every run of neighbouring parts,
and take the path through the line that it finds most likely as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mnist_infer.decode.images import Picture
from mnist_infer.document.rows import NOTHING, around, look_at, read_crops
from mnist_infer.errors import ImageError
from mnist_infer.imaging.binarize import extract_ink, suiting_window
from mnist_infer.imaging.components import (
    EDGE,
    find_pieces,
    gaps,
    ink_of,
    piece_ink,
    piece_pen,
)
from mnist_infer.imaging.digit import DASH, DOT, OTHER_PEN
from mnist_infer.imaging.filters import extent, stroke_width
from mnist_infer.imaging.normalize import take_looks
from mnist_infer.imaging.paper import pen_grey
from mnist_infer.imaging.rulings import remove_frames, remove_lines
from mnist_infer.inference.tta import classify_looks
from mnist_infer.results import LocatedDigit, Unread

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from mnist_infer.document.rows import ReadRow, RowReading
    from mnist_infer.imaging.components import Pieces
    from mnist_infer.inference.tta import Classify

    Box = tuple[int, int, int, int]
    _Digit = tuple[Box, NDArray[np.float32]]

# A digit of 20 pixels may be this small a part of the page: some 80 lines.
WORKING_SIDE = 1600
# More could not be told apart at that size; each would cost time all the same.
MOST_DIGITS = 10_000
# Heights against the typical digit of the page: smaller is a mark, slender and taller a rule.
SMALLEST, TALLEST = 0.4, 3.0
# With more of the ink than this in dots, the page is texture.
MOST_SPECKS = 0.5
# Lower than this, in pixels, no digit can be told from another.
LOWEST = 6
# Slenderer than this, a piece is no measure of the digits' height: it may be a 1 or a rule.
SLENDER = 6
# Slender pieces within so many pens' widths of a page's dark margin are its frayed edge.
FRAYED = 2.0
# Lines of print smaller than this, against the largest writing, are the form's, not the writer's.
SMALL_PRINT = 0.6
# A digit's height on a line is this percentile of its pieces' heights: letters are lower.
DIGIT_HEIGHT = 90
# Digits of one line share at least this part of their height.
SHARED_HEIGHT = 0.4
# Parts farther apart than this, in line heights, are not of one digit.
FARTHEST = 0.25
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


# What the segmentation lattice does not take for digits, the row network must read with this mean
# confidence: letters and marks look like single digits more than like rows of them.
LEAST_ALONE = 0.8


@dataclass(frozen=True)
class _Part:
    """A piece of ink or a slice of one: its ink (h, w) uint8, its place, the piece's number."""

    ink: NDArray[np.uint8]
    box: NDArray[np.intp]
    piece: int

    @property
    def height(self) -> int:
        return int(self.box[2] - self.box[0])


@dataclass(frozen=True)
class _Writing:
    """What is written on a page: its ink (H, W) uint8, the ink's pieces, and its lines.

    A line is its pieces, from left to right, and its height; lines go from top to bottom. The
    pen is in pixels.
    """

    ink: NDArray[np.uint8]
    pieces: Pieces
    lines: list[tuple[list[int], float]]
    pen: float


def read_page(
    picture: Picture, classify: Classify, read_row: ReadRow
) -> tuple[tuple[tuple[LocatedDigit, ...], ...], tuple[Unread, ...]]:
    """Read all the digits of a page.

    Args:
        picture: Read at `WORKING_SIDE`.
        classify: uint8 `(N, 28, 28)` -> float32 `(N, 10)` probabilities.
        read_row: The row network, uint8 `(32, W)` -> float32 `(T, 11)` log-probabilities.

    Returns:
        The digits of each line, and what may be a digit and was not read.
    """
    ink, window = extract_ink(picture.pixels)
    writing = _find_writing(ink)
    lines = _read(writing, classify)
    # Until writing is found its stroke width is a guess; re-binarization knows it.
    better = suiting_window(window, writing.pen)
    if better is not None:
        other = _find_writing(extract_ink(picture.pixels, better)[0])
        second = _read(other, classify)
        if _confidence(second) > _confidence(lines):
            writing, lines = other, second
    if not ink.any():
        return (), ()
    grey = pen_grey(picture.pixels)
    if not writing.lines:
        return _read_bare(picture, grey, writing, read_row), ()
    boxes = [_hull(writing.pieces.boxes[members]) for members, _ in writing.lines]
    found, unread = [], []
    for line, box, (members, size) in zip(lines, boxes, writing.lines, strict=True):
        crops = [look_at(grey, *around(box.tolist(), grey.shape), read_row)]
        if len(boxes) == 1:
            # The picture may be cut to a row; then nothing of the row can get lost in the layout.
            crops.append(look_at(grey, slice(0, len(grey)), slice(0, grey.shape[1]), read_row))
        row = read_crops(crops, *_second_opinion(line))
        if not line and row.confidence < LEAST_ALONE:
            row = NOTHING
        digits = _combine(line, row, box, writing)
        if digits:
            found.append(digits)
        unread += [
            Unread(_original(picture, piece), "no digit was recognized here")
            for piece in _left_over(writing, members, size, digits)
        ]
    return tuple(_locate(picture, digits) for digits in found), tuple(unread)


def _read_bare(
    picture: Picture, grey: NDArray[np.uint8], writing: _Writing, read_row: ReadRow
) -> tuple[tuple[LocatedDigit, ...], ...]:
    """Read a picture on which the layout finds no line as one row, if the row network is sure."""
    height, width = grey.shape
    row = read_crops([look_at(grey, slice(0, height), slice(0, width), read_row)], "", 0.0)
    if row.confidence < LEAST_ALONE:
        return ()
    return (_locate(picture, _combine([], row, np.array((0, 0, height, width)), writing)),)


def _locate(picture: Picture, digits: list[tuple[Box, int, float]]) -> tuple[LocatedDigit, ...]:
    return tuple(
        LocatedDigit(digit, confidence, _original(picture, box))
        for box, digit, confidence in digits
    )


def _original(picture: Picture, box: Box) -> Box:
    """A box (left, top, right, bottom) of the page as x, y, width, height of the original."""
    left, top, right, bottom = box
    return picture.original_box(slice(top, bottom), slice(left, right))


def _second_opinion(line: list[_Digit]) -> tuple[str, float]:
    """What the segmentation lattice reads, and its least confidence."""
    certain = _certain(line)
    text = "".join(str(int(row.argmax())) for _, row in certain)
    return text, min((float(row.max()) for _, row in certain), default=0.0)


def _combine(
    line: list[_Digit], row: RowReading, box: NDArray[np.intp], writing: _Writing
) -> list[tuple[Box, int, float]]:
    """The digits of a row with their boxes: the lattice's where both read the same."""
    text, _ = _second_opinion(line)
    boxes = (
        [place for place, _ in _certain(line)] if row.text == text else _cells(row, box, writing)
    )
    return [
        (place, int(digit), confidence)
        for place, digit, confidence in zip(boxes, row.text, row.confidences, strict=True)
    ]


def _cells(row: RowReading, box: NDArray[np.intp], writing: _Writing) -> list[Box]:
    """A box for each digit of a row: the ink between the middles of its gaps."""
    top, left, bottom, right = box.tolist()
    middles = row.middles
    ends = [left, *(round((a + b) / 2) for a, b in pairwise(middles)), right]
    boxes = []
    for k, middle in enumerate(middles):
        start, stop = min(ends[k], round(middle)), max(ends[k + 1], round(middle) + 1)
        start, stop = max(0, start), min(stop, writing.ink.shape[1])
        mask = writing.ink[top:bottom, start:stop] > EDGE
        rows, columns = (extent(mask.max(axis=axis)) for axis in (1, 0))
        if not mask.any():
            rows, columns = slice(0, bottom - top), slice(0, stop - start)
        boxes.append(
            (start + columns.start, top + rows.start, start + columns.stop, top + rows.stop)
        )
    return boxes


def _left_over(
    writing: _Writing, members: list[int], size: float, digits: list[tuple[Box, int, float]]
) -> list[Box]:
    """Pieces of a line, as tall as a digit, in no digit's box: left, top, right, bottom."""
    boxes = []
    for piece in members:
        top, left, bottom, right = writing.pieces.boxes[piece].tolist()
        middle = (left + right) / 2
        is_read = any(start <= middle <= stop for (start, _, stop, _), _, _ in digits)
        if bottom - top >= AS_TALL * size and not is_read:
            boxes.append((left, top, right, bottom))
    return boxes


def _read(writing: _Writing, classify: Classify) -> list[list[_Digit]]:
    """The digits of each line, uncertain ones too; none where the line is taken for other marks."""
    lines = []
    for members, height in writing.lines:
        parts = [part for i in members for part in _cut(_part(writing, i), height)]
        line = _without_letters(_best_path(parts, height, classify), height)
        is_number = _confidence([_certain(line)]) >= LEAST_LINE_CONFIDENCE
        lines.append(line if is_number else [])
    return lines


def _without_letters(line: list[_Digit], size: float) -> list[_Digit]:
    """A line without its words of letters, and without what may well be one beside them."""
    words: list[list[_Digit]] = [[]]
    for digit in line:
        if words[-1] and digit[0][0] - words[-1][-1][0][2] > WORD_GAP * size:
            words.append([])
        words[-1].append(digit)
    least = LEAST_WORD_CONFIDENCE if len(words) > 1 else LEAST_LINE_CONFIDENCE
    if all(_is_number(word, least) for word in words):
        return line
    sure = [word for word in words if _confidence([word]) >= LEAST_BESIDE_LETTERS]
    return [digit for word in sure for digit in word]


def _is_number(word: list[_Digit], least: float) -> bool:
    """Whether the mean confidence is enough; a sign before or behind a number may lower it."""
    return (
        len(word) < 2 or max(_confidence([part]) for part in (word, word[1:], word[:-1])) >= least
    )


def _certain(line: list[_Digit]) -> list[_Digit]:
    """A line without what is taken for other marks between its digits."""
    return [digit for digit in line if digit[1].max() >= LEAST_CONFIDENCE]


def _confidence(lines: list[list[_Digit]]) -> float:
    """Mean confidence of all the digits, uncertain ones too; 0 of none."""
    return float(np.mean([digit[1].max() for line in lines for digit in line] or [0]))


def _find_writing(ink: NDArray[np.uint8]) -> _Writing:
    """The pieces that are writing, and their lines."""
    ink = remove_frames(remove_lines(ink))
    pieces = find_pieces(ink)
    heights, boxes, mass = pieces.heights, pieces.boxes, pieces.mass
    # A page's dark margin is no stroke, and would make dots of all that are.
    stroke = stroke_width(ink_of(pieces, ~pieces.is_edging, ink))
    dots = pieces.lengths < DOT * stroke
    nothing = _Writing(ink, pieces, [], stroke)
    if mass[dots].sum() > MOST_SPECKS * mass[~pieces.is_edging].sum():
        return nothing
    marks = dots | (pieces.widths > DASH * heights) | pieces.is_edging | _frayed(pieces, stroke)
    measures = ~marks & ~pieces.at_border & (heights < SLENDER * pieces.widths)
    if not measures.any():
        measures = ~marks
    if not measures.any():
        return nothing
    typical = _weighted_median(heights[measures], mass[measures])
    rules = (heights > SLENDER * pieces.widths) & (heights > TALLEST * typical)
    digits = ~marks & ~rules & (heights > SMALLEST * typical)
    if digits.sum() > MOST_DIGITS:
        raise ImageError(
            f"{digits.sum():,} marks that may be digits, and at most {MOST_DIGITS:,} are read from "
            "one picture: it is texture, or must be cut into several"
        )
    members = np.flatnonzero(digits)
    if not members.size:
        return nothing
    pens = np.array([piece_pen(pieces, i, ink) for i in members.tolist()])
    pen = _weighted_median(pens, mass[members])
    # Another pen's strokes: the form's thin lines, a finger at the page's edge.
    thin = pens * OTHER_PEN < pen
    thick = (pens > OTHER_PEN * pen) & pieces.at_border[members]
    digits[members[thin | thick]] = False
    rules[members[thin | thick]] = True
    lines = _join_by_height(boxes, np.flatnonzero(digits))
    sizes = [float(np.percentile(heights[line], DIGIT_HEIGHT)) for line in lines]
    found = []
    for line, size in zip(lines, sizes, strict=True):
        if size < max(LOWEST, SMALL_PRINT * max(sizes)):
            continue
        near = _floating(boxes, line, np.flatnonzero(~digits & ~rules), size)
        found.append((sorted(line + near, key=lambda i: int(boxes[i, 1] + boxes[i, 3])), size))
    return _Writing(ink, pieces, found, pen)


def _frayed(pieces: Pieces, pen: float) -> NDArray[np.bool_]:
    """Which pieces are the frayed edge of a margin; (N,) bool."""
    near = np.zeros(len(pieces.mass), bool)
    for margin in pieces.boxes[pieces.is_edging]:
        near |= np.maximum(*gaps(margin, pieces.boxes)) < FRAYED * pen
    return near & (pieces.heights > SLENDER * pieces.widths)


def _weighted_median(values: NDArray[np.number[Any]], weights: NDArray[np.intp]) -> float:
    order = values.argsort()
    total = weights[order].cumsum()
    return float(values[order][np.searchsorted(total, total[-1] / 2)])


def _join_by_height(boxes: NDArray[np.intp], members: NDArray[np.intp]) -> list[list[int]]:
    """Lines, top to bottom: each piece joins the line whose last piece stands most level with it.

    Comparing with the last piece only lets a line climb or fall.
    """
    lines: list[list[int]] = []
    lasts = np.empty((len(members), 2), np.intp)  # of each line the last piece's top and bottom
    for i in members[(boxes[members, 1] + boxes[members, 3]).argsort()].tolist():
        shared = _shared_heights(lasts[: len(lines)], boxes[i, [0, 2]])
        place = int(shared.argmax()) if shared.max(initial=0) > SHARED_HEIGHT else len(lines)
        if place == len(lines):
            lines.append([])
        lines[place].append(i)
        lasts[place] = boxes[i, [0, 2]]
    return sorted(lines, key=lambda line: float(boxes[line][:, [0, 2]].mean()))


def _shared_heights(spans: NDArray[np.intp], span: NDArray[np.intp]) -> NDArray[np.float64]:
    """What a span of rows (2,) shares with each of others (N, 2), against the shorter of both."""
    shared = np.minimum(spans[:, 1], span[1]) - np.maximum(spans[:, 0], span[0])
    lower: NDArray[np.float64] = shared / np.minimum(spans[:, 1] - spans[:, 0], span[1] - span[0])
    return lower


def _floating(
    boxes: NDArray[np.intp], line: list[int], marks: NDArray[np.intp], size: float
) -> list[int]:
    """Marks that may be part of a digit of the line: close to one and not below its middle.

    An underline or a decimal point is below.
    """
    near = []
    level, _ = gaps(_hull(boxes[line]), boxes[marks])
    for i in marks[level < FARTHEST * size].tolist():
        if boxes[i, 3] - boxes[i, 1] > TALLEST * size:
            continue
        rows, columns = gaps(boxes[i], boxes[line])
        closest = int(np.maximum(rows, columns).argmin())
        top, _, bottom, _ = boxes[line[closest]]
        gap = max(rows[closest], columns[closest])
        if gap < FARTHEST * size and boxes[i, 0] + boxes[i, 2] < top + bottom:
            near.append(i)
    return near


def _hull(boxes: NDArray[np.intp]) -> NDArray[np.intp]:
    """The box (4,) around boxes (N, 4)."""
    return np.concatenate((boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)))


def _part(writing: _Writing, piece: int) -> _Part:
    ink = piece_ink(writing.pieces, piece, writing.ink)
    return _Part(ink, writing.pieces.boxes[piece], piece)


class _CutLine(NamedTuple):
    """Where a piece may be cut: the ink crossed, the column halfway down, and that at each row."""

    is_slanted: bool
    tall: int
    place: int
    columns: NDArray[np.intp]


def _cut(part: _Part, size: float) -> list[_Part]:
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


def _slice(part: _Part, chosen: NDArray[np.bool_]) -> _Part | None:
    """Some pixels of a part, (h, w) bool, in their box; None where there is no ink among them."""
    ink = part.ink * chosen
    mask = ink > EDGE
    if not mask.any():
        return None
    rows, columns = (extent(mask.max(axis=axis)) for axis in (1, 0))
    box = np.array((rows.start, columns.start, rows.stop, columns.stop)) + part.box[[0, 1, 0, 1]]
    return _Part(ink[rows, columns], box, part.piece)


def _best_path(parts: Sequence[_Part], size: float, classify: Classify) -> list[_Digit]:
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
    probabilities = classify_looks([take_looks(ink) for ink, _ in drawn], classify)
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


def _may_be_one(parts: Sequence[_Part], size: float) -> bool:
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


def _join(parts: Sequence[_Part]) -> tuple[NDArray[np.uint8], Box]:
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
    return height < SMALLEST * size or width > DASH * height


def _cost(ink: NDArray[np.uint8], probabilities: NDArray[np.float32], size: float) -> float:
    height, width = ink.shape
    wider = max(0.0, float(np.log(width / height / SLENDER_ASPECT)) / ASPECT_SPREAD)
    lower = min(0.0, float(np.log(height / size)) / HEIGHT_SPREAD)
    surprise = -float(np.log(max(probabilities.max(), 1e-6))) + (wider**2 + lower**2) / 2
    return surprise * _weight(ink, size)


def _weight(ink: NDArray[np.uint8], size: float) -> float:
    return max(LEAST_WEIGHT, int(ink.shape[1]) / size)
