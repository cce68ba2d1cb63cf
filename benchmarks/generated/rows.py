"""Generated rows and pages: each kind has one difficulty, on rows that are plain otherwise.

Digits are written, marked and put on paper by the parts that `train.rows` trains with; what differs
is that the digits are held out, and that a kind shows its difficulty always.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter
from PIL.Image import Image as PILImage

from train.rows import marks, objects
from train.rows.glyphs import Glyphs
from train.rows.hand import CAP, PLAIN, Groups, Hand, Variety, pick_labels
from train.rows.paper import bitmap, grain, security_lines
from train.rows.writing import Written, write_row

Picture = NDArray[np.uint8]
Ink = NDArray[np.float32]
Mark = Callable[[PILImage, Written, int, int, Glyphs, np.random.Generator], None]
"""Draws on a layer around a row, which stands so many pixels from its left and its top."""
Paper = Callable[[Ink, np.random.Generator], Picture]

CALM = Hand(
    source="mnist",
    slant=0.0,
    width=1.0,
    size_jitter=0.05,
    baseline_jitter=0.02,
    slope=0.0,
    gap=0.25,
    gap_jitter=0.04,
    word_gap=0.0,
    pen=0,
    zero=1.0,
    tail=1.0,
    joins=0.0,
)
"""Digits of about one size, apart from each other, on one line."""

STYLED = 0.3
"""How often a row is written in our own styles rather than with MNIST's digits."""


def _scan(ink: Ink, rng: np.random.Generator, contrast: float = 0.75) -> Picture:
    """Bright paper of one level, with a little blur and noise."""
    paper = rng.uniform(215, 255)
    image = Image.fromarray((paper * (1 - contrast * ink)).astype(np.uint8))
    blurred = np.asarray(image.filter(ImageFilter.GaussianBlur(0.5)), np.float32)
    noisy = blurred + rng.normal(0, 2, blurred.shape)
    return np.rint(noisy).clip(0, 255).astype(np.uint8)


def _no_mark(*_: object) -> None:
    """Draw nothing."""


@dataclass(frozen=True)
class Row:
    """A kind of picture with one row: what differs from a calm hand on plain paper."""

    hand: dict[str, Any] = field(default_factory=dict)
    mark: Mark = _no_mark
    paper: Paper = _scan
    has_digits: bool = True
    variety: Variety = PLAIN

    def __call__(self, glyphs: Glyphs, rng: np.random.Generator) -> tuple[Picture, str]:
        """Make a picture, and its text."""
        count = int(rng.integers(3, 10)) if self.has_digits else 0
        written = _write(count, glyphs, rng, self.hand, self.variety)
        ink = _in_room(written, self.mark, glyphs, rng)
        return _enlarge(self.paper(ink, rng), rng), _text(written)


def pictures(kind: str, glyphs: Glyphs, count: int, seed: int = 0) -> Iterator[tuple[Picture, str]]:
    """Pictures of one kind with their texts, lines parted by a newline.

    Args:
        kind: One of `KINDS`.
        glyphs: Digits that nothing was trained on.
        count: How many.
        seed: Of all random numbers.
    """
    for number in range(count):
        rng = np.random.default_rng((seed, zlib.crc32(kind.encode()), number))
        yield KINDS[kind](glyphs, rng)


def _write(
    count: int,
    glyphs: Glyphs,
    rng: np.random.Generator,
    hand: dict[str, Any],
    variety: Variety = PLAIN,
) -> Written:
    source = "styled" if rng.random() < STYLED else "mnist"
    changes = {"source": source, "slant": rng.normal(0, 0.1), **hand}
    return write_row(pick_labels(count, rng, variety), replace(CALM, **changes), glyphs, rng)


def _in_room(written: Written, mark: Mark, glyphs: Glyphs, rng: np.random.Generator) -> Ink:
    """Ink of a row and its marks with some room around, float32 `(H, W)` from 0 to 1."""
    left, right, top, bottom = (round(CAP * share) for share in rng.uniform(0.4, 1.2, 4))
    if mark in (_words, _signs, _amount, _teeth, _boxes, _hole, _scribble, _stamp):
        left, right = left + 3 * CAP, right + 2 * CAP
    row = np.pad(written.ink, ((top, bottom), (left, right)))
    layer = Image.new("L", (row.shape[1], row.shape[0]))
    mark(layer, written, left, top, glyphs, rng)
    return np.maximum(row, np.asarray(layer, np.float32) / 255)


def _enlarge(picture: Picture, rng: np.random.Generator) -> Picture:
    """Bring a row from the generator's resolution to a camera's."""
    share = rng.uniform(1, 3)
    image = Image.fromarray(picture)
    size = (round(image.width * share), round(image.height * share))
    return np.asarray(image.resize(size, Image.Resampling.BICUBIC))


def _text(written: Written) -> str:
    return "".join(str(placed.label) for placed in written.digits)


def _points(
    layer: PILImage, written: Written, left: int, top: int, _: Glyphs, rng: np.random.Generator
) -> None:
    marks.add_points(layer, written, left, top, rng)


def _lines(
    layer: PILImage, written: Written, _: int, top: int, __: Glyphs, rng: np.random.Generator
) -> None:
    marks.add_lines(layer, top, written.ink.shape[0], marks.pick_rule(rng), 0.0, rng)


def _squares(
    layer: PILImage, _: Written, __: int, ___: int, ____: Glyphs, rng: np.random.Generator
) -> None:
    marks.add_squares(layer, replace(marks.pick_rule(rng), thickness=1), 0.0, rng)


def _ring(
    layer: PILImage, written: Written, left: int, top: int, _: Glyphs, rng: np.random.Generator
) -> None:
    height, width = written.ink.shape
    marks.add_ring(layer, (left, top, left + width, top + height), written.hand.line, rng)


def _object(
    layer: PILImage,
    written: Written,
    left: int,
    top: int,
    _: Glyphs,
    rng: np.random.Generator,
    draw: objects.Draw,
) -> None:
    height, width = written.ink.shape
    gap = 0.5 * CAP
    before = (0.0, float(top), left - gap, float(top + height))
    behind = (left + width + gap, float(top), float(layer.width), float(top + height))
    draw(layer, before if rng.random() < 0.5 else behind, written.hand.line, rng)


_hole = partial(_object, draw=objects.add_hole)
_scribble = partial(_object, draw=objects.add_scribble)
_stamp = partial(_object, draw=objects.add_stamp)


def _box(
    layer: PILImage, written: Written, _: int, top: int, __: Glyphs, rng: np.random.Generator
) -> None:
    marks.add_box(layer, top, written.ink.shape[0], marks.pick_rule(rng), rng)


def _comb(
    layer: PILImage, written: Written, left: int, top: int, _: Glyphs, rng: np.random.Generator
) -> None:
    marks.add_comb(layer, written, left, top, rng)


def _cells(
    layer: PILImage,
    written: Written,
    left: int,
    top: int,
    _: Glyphs,
    rng: np.random.Generator,
    style: str,
) -> None:
    marks.add_cells(layer, written, left, top, rng, style)


_teeth, _boxes = (partial(_cells, style=style) for style in ("teeth", "apart"))


def _words(
    layer: PILImage, written: Written, left: int, top: int, _: Glyphs, rng: np.random.Generator
) -> None:
    height, width = written.ink.shape
    marks.add_words(layer, 0, left, top, height, rng)
    end = left + width
    marks.add_words(layer, end, layer.width - end, top, height, rng)


def _signs(
    layer: PILImage, written: Written, left: int, top: int, glyphs: Glyphs, rng: np.random.Generator
) -> None:
    height, width = written.ink.shape
    stroke = written.hand.stroke
    marks.add_sign(layer, left // 2, left // 2, top, height, glyphs, rng, stroke)
    marks.add_sign(layer, left + width, CAP * 2, top, height, glyphs, rng, stroke)


def _amount(
    layer: PILImage, written: Written, left: int, top: int, glyphs: Glyphs, rng: np.random.Generator
) -> None:
    """Points between digits, signs before and behind them, as in an amount of money."""
    _points(layer, written, left, top, glyphs, rng)
    _signs(layer, written, left, top, glyphs, rng)


def _neighbours(
    layer: PILImage, written: Written, _: int, top: int, glyphs: Glyphs, rng: np.random.Generator
) -> None:
    marks.add_neighbours(layer, top, written.ink.shape[0], glyphs, rng)


def _faint(ink: Ink, rng: np.random.Generator) -> Picture:
    """Pencil that catches on the paper's grain."""
    caught = ink * np.clip(
        1 + grain(ink.shape[0], ink.shape[1], rng) * rng.uniform(0.1, 0.4), 0.2, 1
    )
    return _scan(caught, rng, contrast=float(rng.uniform(0.12, 0.25)))


def _security(ink: Ink, rng: np.random.Generator) -> Picture:
    """Fine wavy lines under the writing, as on cheques."""
    return _scan(
        np.maximum(ink, security_lines(ink.shape[0], ink.shape[1], rng) * rng.uniform(0.15, 0.4)),
        rng,
    )


def _shadow(ink: Ink, rng: np.random.Generator) -> Picture:
    """Light that falls off, and the edge of a shadow."""
    return _shade(_scan(ink, rng), rng)


def _shade(picture: NDArray[np.floating | np.uint8], rng: np.random.Generator) -> Picture:
    height, width = picture.shape
    across = (
        np.linspace(-1, 1, width) + rng.uniform(-0.5, 0.5) * np.linspace(-1, 1, height)[:, None]
    )
    edge = 1 / (1 + np.exp((rng.uniform(-0.8, 0.8) - across) * rng.uniform(5, 60)))
    lit = picture * (1 - 0.15 * (1 + across) / 2) * (1 - rng.uniform(0.2, 0.5) * edge)
    return lit.clip(0, 255).astype(np.uint8)


def _desk(ink: Ink, rng: np.random.Generator) -> Picture:
    """A sheet on a darker desk, turned a little, and the edge of a shadow across both."""
    sheet = _scan(ink, rng)
    room = [
        (round(CAP * before), round(CAP * behind)) for before, behind in rng.uniform(1, 3, (2, 2))
    ]
    angle = float(rng.normal(0, 4))
    picture, covered = (
        np.asarray(
            Image.fromarray(np.pad(layer, room)).rotate(angle, Image.Resampling.BICUBIC), np.float32
        )
        for layer in (sheet, np.full_like(sheet, 255))
    )
    desk = rng.uniform(30, 150) + rng.uniform(1, 8) * grain(len(picture), picture.shape[1], rng)
    return _shade(picture + desk * (1 - covered / 255), rng)


def _small(ink: Ink, rng: np.random.Generator) -> Picture:
    """A far photo: digits of 10 to 18 pixels."""
    picture = Image.fromarray(_scan(ink, rng))
    share = rng.uniform(0.35, 0.6)
    size = (round(picture.width * share), round(picture.height * share))
    return np.asarray(picture.resize(size, Image.Resampling.BOX))


def _noise(ink: Ink, rng: np.random.Generator) -> Picture:
    noisy = _scan(ink, rng) + rng.normal(0, rng.uniform(10, 30), ink.shape)
    return np.rint(noisy).clip(0, 255).astype(np.uint8)


def _jpeg(ink: Ink, rng: np.random.Generator) -> Picture:
    packed = io.BytesIO()
    Image.fromarray(_scan(ink, rng)).save(packed, "JPEG", quality=int(rng.integers(8, 30)))
    return np.asarray(Image.open(packed))


def _inverted(ink: Ink, rng: np.random.Generator) -> Picture:
    """Chalk on a board."""
    return 255 - _scan(ink, rng)


def _page(glyphs: Glyphs, rng: np.random.Generator) -> tuple[Picture, str]:
    """Three to six lines, one below the other."""
    rows = [_write(int(rng.integers(3, 9)), glyphs, rng, {}) for _ in range(rng.integers(3, 7))]
    width = max(row.ink.shape[1] for row in rows) + 2 * CAP
    page = np.zeros((round(CAP * (1.7 * len(rows) + 1)), width), np.float32)
    for number, row in enumerate(rows):
        top, left = round(CAP * (0.7 + 1.7 * number)), int(rng.integers(width - row.ink.shape[1]))
        _put(page, row.ink, top, left)
    return _enlarge(_scan(page, rng), rng), "\n".join(_text(row) for row in rows)


def _spiral(glyphs: Glyphs, rng: np.random.Generator) -> tuple[Picture, str]:
    """Two to four lines on a page with the holes of a spiral above them, or on their left."""
    rows = [_write(int(rng.integers(3, 9)), glyphs, rng, {}) for _ in range(rng.integers(2, 5))]
    width = max(row.ink.shape[1] for row in rows) + 4 * CAP
    page = np.zeros((round(CAP * (1.7 * len(rows) + 3)), width), np.float32)
    for number, row in enumerate(rows):
        _put(page, row.ink, round(CAP * (2.7 + 1.7 * number)), 3 * CAP)
    is_above = rng.random() < 0.5
    layer = Image.new("L", page.shape[::-1] if is_above else page.shape)
    objects.add_spiral(layer, rng, height=1.2 * CAP)
    drawn = np.asarray(layer, np.float32) / 255
    page = np.maximum(page, drawn if is_above else drawn.T)
    return _enlarge(_scan(page, rng), rng), "\n".join(_text(row) for row in rows)


def _sizes(glyphs: Glyphs, rng: np.random.Generator) -> tuple[Picture, str]:
    """Two to four lines, one below the other, of sizes that differ by up to four times."""
    rows = [_write(int(rng.integers(2, 7)), glyphs, rng, {}) for _ in range(rng.integers(2, 5))]
    inks = []
    for row in rows:
        factor = float(np.exp(rng.uniform(np.log(0.8), np.log(3.2))))
        size = (round(factor * row.ink.shape[1]), round(factor * row.ink.shape[0]))
        enlarged = Image.fromarray(row.ink).resize(size, Image.Resampling.BICUBIC)
        inks.append(np.asarray(enlarged).clip(0, 1))
    width = max(ink.shape[1] for ink in inks) + 2 * CAP
    below = [round(float(rng.uniform(0.4, 1)) * len(ink)) for ink in inks]
    page = np.zeros((sum(len(ink) for ink in inks) + sum(below) + CAP, width), np.float32)
    top = CAP
    for ink, space in zip(inks, below, strict=True):
        _put(page, ink, top, int(rng.integers(width - ink.shape[1])))
        top += len(ink) + space
    return _scan(page, rng), "\n".join(_text(row) for row in rows)


def _table(glyphs: Glyphs, rng: np.random.Generator, overhang: float = 0.0) -> tuple[Picture, str]:
    """A ruled table with a number in each cell; its lines may reach beyond it, as by hand."""
    lines, columns = (int(n) for n in rng.integers(2, 5, 2))
    cells = [
        [_write(int(rng.integers(1, 4)), glyphs, rng, {}) for _ in range(columns)]
        for _ in range(lines)
    ]
    wide = max(cell.ink.shape[1] for line in cells for cell in line) + CAP
    tall = round(1.8 * CAP)
    page = np.zeros((lines * tall + CAP, columns * wide + CAP), np.float32)
    layer = Image.new("L", (page.shape[1], page.shape[0]))
    pencil, rule = ImageDraw.Draw(layer), marks.pick_rule(rng)
    edge = CAP // 2

    def ends(length: int) -> tuple[float, float]:
        before, behind = rng.uniform(0, overhang * CAP, 2) if overhang else (0.0, 0.0)
        return edge - before, edge + length + behind

    for k in range(columns + 1):
        x, (start, stop) = edge + k * wide, ends(lines * tall)
        pencil.line((x, start, x, stop), fill=rule.shade, width=rule.thickness)
    for k in range(lines + 1):
        y, (start, stop) = edge + k * tall, ends(columns * wide)
        pencil.line((start, y, stop, y), fill=rule.shade, width=rule.thickness)
    page = np.maximum(page, np.asarray(layer, np.float32) / 255)
    for y, line in enumerate(cells):
        for x, cell in enumerate(line):
            room = wide - cell.ink.shape[1]
            left = edge + x * wide + int(rng.integers(room // 4, 3 * room // 4 + 1))
            _put(page, cell.ink, edge + y * tall + round(0.4 * CAP), left)
    text = "\n".join("".join(_text(cell) for cell in line) for line in cells)
    return _enlarge(_scan(page, rng), rng), text


def _put(page: Ink, ink: Ink, top: int, left: int) -> None:
    """Put a row on a page, in place; what does not fit is cut."""
    place = page[top : top + ink.shape[0], left : left + ink.shape[1]]
    np.maximum(place, ink[: place.shape[0], : place.shape[1]], out=place)


KINDS: dict[str, Callable[[Glyphs, np.random.Generator], tuple[Picture, str]]] = {
    "row-plain": Row(),
    "row-touching": Row({"gap": -0.06}),
    "row-overlapping": Row({"gap": -0.15, "gap_jitter": 0.08}),
    "row-linked": Row({"gap": 0.05, "links": 0.8}),
    "row-wandering": Row({"size_jitter": 0.2, "baseline_jitter": 0.12, "slope": 0.08}),
    "row-small-zeros": Row({"zero": 0.5}),
    "row-long-tails": Row({"tail": 1.45}),
    "row-allographs": Row({"rare": 0.5}),
    "row-bent": Row({"bend": 0.07}),
    "row-slanted": Row({"slant": 0.4}),
    "row-gaps": Row({"word_gap": 0.4}),
    "row-fat": Row({"pen": 3}),
    "row-thin": Row({"pen": -1}),
    "row-ballpoint": Row({"stroke": 0.06}),
    "row-points": Row(mark=_points),
    "row-ruled": Row(mark=_lines),
    "row-squared": Row(mark=_squares),
    "row-boxed": Row(mark=_box),
    "row-comb": Row(mark=_comb),
    "row-teeth": Row({"pitch": 1.1}, mark=_teeth),
    "row-full-boxes": Row({"pitch": 0.9}, mark=_boxes),
    "row-dates-in-boxes": Row(
        {"pitch": 1.1, "groups": Groups((2, 2, 4), font="DejaVuSans", gap=0.3)}, mark=_boxes
    ),
    "row-words": Row(mark=_words),
    "row-signs": Row(mark=_signs),
    "row-letters": Row({"nondigits": 0.3}),
    "row-neighbours": Row(mark=_neighbours),
    "row-faint": Row(paper=_faint),
    "row-security": Row(paper=_security),
    "row-dates": Row({"stroke": 0.08, "signs": 0.3, "gap": 0.15}),
    "row-groups": Row({"stroke": 0.08, "gap": 0.15, "groups": Groups((2, 2, 4))}),
    "row-print-between": Row(
        {"stroke": 0.08, "gap": 0.15, "groups": Groups((2, 2, 4), font="DejaVuSans")}
    ),
    "row-cheque": Row(
        {"stroke": 0.08, "gap": 0.0, "gap_jitter": 0.06, "zero": 0.7, "rare": 0.1},
        _amount,
        _security,
    ),
    "row-currency": Row({"stroke": 0.08, "gap": 0.1, "currency": "$"}),
    "row-ring": Row({"stroke": 0.08, "gap": 0.1}, mark=_ring),
    "row-runs": Row({"stroke": 0.08, "gap": 0.05, "slant": 0.2}, variety=Variety(runs=1.0)),
    "row-hole": Row({"stroke": 0.08}, mark=_hole),
    "row-scribble": Row({"stroke": 0.08}, mark=_scribble),
    "row-stamp": Row({"stroke": 0.08}, mark=_stamp),
    "row-shadow": Row(paper=_shadow),
    "row-desk": Row(paper=_desk),
    "row-small": Row(paper=_small),
    "row-noise": Row(paper=_noise),
    "row-jpeg": Row(paper=_jpeg),
    "row-bitmap": Row(paper=bitmap),
    "row-inverted": Row(paper=_inverted),
    "row-words-only": Row(mark=_words, has_digits=False),
    "page-lines": _page,
    "page-spiral": _spiral,
    "page-sizes": _sizes,
    "page-table": _table,
    "page-table-by-hand": partial(_table, overhang=0.5),
}
"""Each kind of picture by name; the text of a picture without a digit is empty."""
