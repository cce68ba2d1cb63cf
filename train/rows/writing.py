"""Write a row of digits: glyphs side by side, as a hand puts them, with the truth for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw
from PIL.Image import Image as PILImage

from mnist_infer.inference.networks import NO_DIGIT
from train.data import Array
from train.rows.glyphs import FONTS_WITH_CURRENCIES, Glyphs, cut_out, lean, printed
from train.rows.hand import CAP, Groups, Hand
from train.rows.signs import BETWEEN, CLOSING, HEIGHTS_BESIDE_CELLS, OPENING, SLASH
from train.rows.skeleton import draw_skeleton

Box: TypeAlias = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels."""


@dataclass(frozen=True)
class Placed:
    """A digit of a row and its ink's box.

    The label of letters and drawings among digits, and of signs that look like a 1, is `NO_DIGIT`.
    """

    label: int
    box: Box


@dataclass(frozen=True)
class Written:
    """A row as written: ink, float32 `(H, W)` from 0 to 1, and its symbols from left to right."""

    ink: npt.NDArray[np.float32]
    symbols: tuple[Placed, ...]
    hand: Hand
    cells: tuple[float, ...] = ()
    """Where each cell of its comb begins, in pixels."""

    @property
    def digits(self) -> tuple[Placed, ...]:
        """The symbols that are digits."""
        return digits_of(self.symbols)


def digits_of(symbols: Sequence[Placed]) -> tuple[Placed, ...]:
    """Return the symbols that are digits."""
    return tuple(placed for placed in symbols if placed.label != NO_DIGIT)


def write_row(
    labels: Sequence[int], hand: Hand, glyphs: Glyphs, rng: np.random.Generator
) -> Written:
    """Write digits side by side.

    Args:
        labels: The digits from left to right; none gives a short empty row, or an empty cell.
        hand: How they are written.
        glyphs: What they are picked from.
        rng: Decides the rest.
    """
    writer = _Writer(hand, glyphs, rng)
    groups = hand.groups
    ends = groups.ends(len(labels)) if groups else []
    if hand.currency and labels and hand.is_currency_first:
        writer.currency()
    if groups and groups.has_parentheses and labels:
        writer.sign(OPENING)
    for place, label in enumerate(labels):
        writer.digit(label)
        if groups and place in ends:
            writer.end_of_group(groups, is_first=place == ends[0])
        elif hand.signs and rng.random() < hand.signs:
            writer.sign(int(rng.integers(len(BETWEEN))))
    if hand.currency and labels and not hand.is_currency_first:
        writer.currency()
    if hand.pitch and not labels:
        writer.next_cell()
    return writer.row()


class _Writer:
    """Puts digits and signs side by side."""

    def __init__(self, hand: Hand, glyphs: Glyphs, rng: np.random.Generator) -> None:
        self._hand, self._glyphs, self._rng = hand, glyphs, rng
        self._x = rng.uniform(0, 0.6) * CAP
        self._drawings: list[_Drawing] = []
        self._cells: list[float] = []
        self._steady = _SteadyHand(hand, glyphs, rng) if hand.is_steady else None

    def digit(self, digit: int) -> None:
        """Write a digit, or now and then what is none in its place."""
        hand, rng = self._hand, self._rng
        label = NO_DIGIT if hand.nondigits and rng.random() < hand.nondigits else digit
        drawn = self._draw_digit(label)
        rise = 1.0 - abs(rng.normal(0, hand.baseline_jitter))
        if hand.tail > 1 and label in (7, 9):
            rise -= rng.uniform(0, hand.tail - 1)
        elif hand.zero < 1 and label == 0:
            rise += rng.uniform(0, 0.5) * (1 - hand.zero) * rng.integers(2)
        top = round(CAP * (2 - rise) + hand.slope * self._x - drawn.shape[0])
        gap = max(-0.2, hand.gap + rng.normal(0, hand.gap_jitter))
        if hand.pitch:
            room = hand.pitch * CAP - drawn.shape[1]
            left = self._x + room / 2 + rng.normal(0, 0.06) * CAP
            self._drawings.append(_Drawing(round(left), top, drawn, label))
            self.next_cell()
            return
        self._drawings.append(_Drawing(round(self._x), top, drawn, label))
        if rng.random() < hand.word_gap:
            gap += rng.uniform(0.4, 1.6)
        self._x += drawn.shape[1] + gap * CAP

    def _draw_digit(self, label: int) -> Array:
        hand, rng, thin = self._hand, self._rng, self._hand.stroke > 0
        height = CAP * float(np.exp(rng.normal(0, hand.size_jitter)))
        height *= hand.zero if label == 0 else hand.tail if label in (1, 7, 9) else 1.0
        width = hand.width * (hand.zero_width if label == 0 else 1.0)
        if label == NO_DIGIT:
            glyph, slant = self._glyphs.nondigit(rng, thin=thin), hand.slant
        elif self._steady:
            glyph, slant = self._steady.digit(label)
        else:
            source = "rare" if hand.rare and rng.random() < hand.rare else hand.source
            glyph, slant = self._glyphs.digit(label, source, rng, thin=thin), hand.slant
        return _draw(glyph, np.clip(height, 9, 56), width, slant, hand, rng)

    def end_of_group(self, groups: Groups, *, is_first: bool) -> None:
        """Write the separator, close the parentheses of the first group, or leave a space."""
        if is_first and groups.has_parentheses:
            self.sign(CLOSING)
        elif groups.has_spaces and self._rng.random() < 0.5:
            self._x += self._rng.uniform(0.3, 1) * CAP
        else:
            self._x += self._rng.uniform(0, groups.gap) * CAP
            self.sign(groups.separator)

    def sign(self, number: int) -> None:
        """Write the sign of this number of `BETWEEN`."""
        rng, gap = self._rng, self._hand.groups.gap if self._hand.groups else 0.0
        drawn = self._draw_sign(number)
        self._x += rng.uniform(0, 0.25) * CAP
        top = round(CAP / 2 + self._hand.slope * self._x - len(drawn) / 2)
        label = NO_DIGIT if BETWEEN[number].is_like_one else None
        self._drawings.append(_Drawing(round(self._x), top, drawn, label))
        self._x += drawn.shape[1] + rng.uniform(0, 0.3 + gap) * CAP

    def currency(self) -> None:
        """Print the currency sign beside the row, on its line, which the hand only comes near."""
        hand, rng = self._hand, self._rng
        font = str(rng.choice(FONTS_WITH_CURRENCIES))
        drawn = self._draw_printed(hand.currency, font, CAP * rng.uniform(0.5, 1.35))
        gap = CAP * float(np.exp(rng.uniform(np.log(0.06), np.log(1.2))))
        if not hand.is_currency_first:
            self._x += gap
        top = round(CAP * (0.5 + rng.uniform(-0.2, 0.35)) - len(drawn) / 2 + hand.slope * self._x)
        self._drawings.append(_Drawing(round(self._x), top, drawn, None))
        self._x += drawn.shape[1] + gap * hand.is_currency_first

    def _draw_sign(self, number: int) -> Array:
        hand, rng = self._hand, self._rng
        is_beside_cells = hand.pitch > 0 and number == SLASH
        heights = HEIGHTS_BESIDE_CELLS if is_beside_cells else BETWEEN[number].heights
        height = CAP * rng.uniform(*heights)
        if hand.groups and hand.groups.font:
            return self._draw_printed(BETWEEN[number].text, hand.groups.font, height)
        slant = hand.slant + (hand.groups.slant if hand.groups else 0.0)
        sign = self._glyphs.sign_between(number, rng, thin=hand.stroke > 0)
        return _draw(sign, height, hand.width, slant, hand, rng)

    def _draw_printed(self, text: str, font: str, height: float) -> Array:
        plain = replace(self._hand, stroke=0.0, pen=0, bend=0.0)
        return _draw(printed(text, font), height, 1.0, 0.0, plain, self._rng)

    def next_cell(self) -> None:
        """Go on to the next cell of a comb."""
        self._cells.append(self._x)
        self._x += self._hand.pitch * CAP

    def row(self) -> Written:
        """Put all on one layer of ink."""
        width = round(self._x + self._rng.uniform(0.05, 0.6) * CAP) + 1
        top = min((each.top for each in self._drawings), default=0)
        bottom = max((each.top + len(each.ink) for each in self._drawings), default=CAP)
        ink = np.zeros((bottom - top, max(width, 12)), np.uint8)
        symbols = []
        for each in self._drawings:
            y = each.top - top
            left = min(max(each.left, 0), ink.shape[1] - 1)
            wide = min(each.ink.shape[1], ink.shape[1] - left)
            part = ink[y : y + len(each.ink), left : left + wide]
            np.maximum(part, each.ink[:, :wide], out=part)
            if each.label is not None:
                symbols.append(Placed(each.label, (left, y, left + wide, y + len(each.ink))))
        if self._hand.joins or self._hand.links:
            ink = _connect(ink, digits_of(symbols), self._hand, self._rng)
        return Written(np.float32(1 / 255) * ink, tuple(symbols), self._hand, tuple(self._cells))


@dataclass(frozen=True)
class _Drawing:
    """A drawn digit or sign: where its ink, uint8 `(h, w)`, stands, and the label of a symbol."""

    left: int
    top: int
    ink: Array
    label: int | None


class _SteadyHand:
    """Picks a row's digits: each digit in one form, and leaning as far as the hand does."""

    def __init__(self, hand: Hand, glyphs: Glyphs, rng: np.random.Generator) -> None:
        self._hand, self._rng = hand, rng
        sources = ["rare" if rng.random() < hand.rare else hand.source for _ in range(10)]
        self._pools = [glyphs.pool(label, source) for label, source in enumerate(sources)]
        self._forms = [int(rng.integers(len(pool.images))) for pool in self._pools]

    def digit(self, label: int) -> tuple[Array, float]:
        """Pick a digit: uint8 `(h, w)`, and the slant that brings it to the hand's."""
        pool = self._pools[label]
        image = pool.images[pool.alike(self._forms[label], self._rng)]
        slant = self._hand.slant - (lean(image) - pool.lean)
        return cut_out(image, self._hand.stroke > 0), slant


def _draw(
    glyph: Array,
    height: float,
    width: float,
    slant: float,
    hand: Hand,
    rng: np.random.Generator,
) -> Array:
    """Bring a glyph to its height, pen, slant and width: uint8 `(h, w)`."""
    rise, run = glyph.shape
    # The longer side of a glyph gives its size: a flat 1 of MNIST lies on its side.
    scale = height / max(rise, run)
    big_size = (max(2, round(2 * run * scale)), max(2, round(2 * rise * scale)))
    if hand.stroke:
        big = Image.fromarray(draw_skeleton(glyph, big_size, 2 * CAP * hand.stroke))
    else:
        big = Image.fromarray(_change_pen(glyph, big_size, hand.pen))
    slant += rng.normal(0, 0.06)
    turn = rng.normal(0, 0.04)
    wide = width * float(np.exp(rng.normal(0, 0.06)))
    out_height = round(big.height / 2)
    out_width = max(2, round(big.width / 2 * wide + abs(slant) * out_height))
    # Output pixel (x, y) comes from the big glyph at (a x + b y + c, d x + e y + f).
    a, b, d, e = 2 / wide, 2 * slant / wide, 2 * turn, 2.0
    c = big.width / 2 - a * out_width / 2 - b * out_height / 2
    f = big.height / 2 - d * out_width / 2 - e * out_height / 2
    moved = big.transform(
        (out_width, out_height),
        Image.Transform.AFFINE,
        (a, b, c, d, e, f),
        Image.Resampling.BILINEAR,
    )
    drawn = np.asarray(_bend(moved, hand.bend, rng) if hand.bend else moved)
    mask = drawn > 48
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(rows):
        return glyph
    drawn = drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    peak = int(drawn.max())
    return drawn if peak > 220 else (drawn * (255 / peak)).astype(np.uint8)


def _change_pen(glyph: Array, size: tuple[int, int], steps: int) -> Array:
    """Enlarge a glyph and widen its strokes, or thin them where `steps` is below 0."""
    margin = 2 + max(0, steps)
    grown = np.zeros((size[1] + 2 * margin, size[0] + 2 * margin), np.uint8)
    enlarged = Image.fromarray(glyph).resize(size, Image.Resampling.BICUBIC)
    grown[margin:-margin, margin:-margin] = np.asarray(enlarged)
    if steps < 0:
        thinned = 255 - _dilate(255 - grown, 1)
        grown = thinned if thinned.max() > 128 else grown
    return _dilate(grown, max(0, steps))


def _bend(image: PILImage, deviation: float, rng: np.random.Generator) -> PILImage:
    """Move the points of a grid of 3 x 3 cells, and what is drawn in the cells with them."""
    width, height = image.size
    shifts = rng.normal(0, deviation * max(width, height), (4, 4, 2))
    grid = np.array([[(x * width / 3, y * height / 3) for x in range(4)] for y in range(4)])
    moved = grid + shifts
    mesh = [
        (
            tuple(np.rint((*grid[y, x], *grid[y + 1, x + 1])).astype(int).tolist()),
            tuple(moved[[y, y + 1, y + 1, y], [x, x, x + 1, x + 1]].ravel().tolist()),
        )
        for y in range(3)
        for x in range(3)
    ]
    return image.transform(image.size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)


def _dilate(grey: Array, steps: int) -> Array:
    """Dilate a grey picture by a square that reaches `steps` pixels to each side."""
    for _ in range(steps):
        tall = grey.copy()
        np.maximum(tall[1:], grey[:-1], out=tall[1:])
        np.maximum(tall[:-1], grey[1:], out=tall[:-1])
        grey = tall.copy()
        np.maximum(grey[:, 1:], tall[:, :-1], out=grey[:, 1:])
        np.maximum(grey[:, :-1], tall[:, 1:], out=grey[:, :-1])
    return grey


def _connect(ink: Array, digits: Sequence[Placed], hand: Hand, rng: np.random.Generator) -> Array:
    """Draw strokes from digits to the next ones: straight joins, and arcs from top to top."""
    page = Image.fromarray(ink)
    pencil = ImageDraw.Draw(page)
    for most, probability, draw in (
        (0.5, hand.joins, _draw_join),
        (0.4, hand.links, _draw_link),
    ):
        if not probability:
            continue
        for before, behind in pairwise(digits):
            gap = behind.box[0] - before.box[2]
            if gap <= most * CAP and rng.random() <= probability:
                draw(pencil, before, behind, hand.line, rng)
    return np.array(page)


def _draw_join(
    pencil: ImageDraw.ImageDraw,
    before: Placed,
    behind: Placed,
    pen: int,
    rng: np.random.Generator,
) -> None:
    """Draw a straight stroke from anywhere in a digit to anywhere in the next."""
    ends = [
        (
            box[0] + share * (box[2] - box[0]),
            box[1] + rng.uniform(0.05, 0.95) * (box[3] - box[1]),
        )
        for box, share in ((before.box, 0.75), (behind.box, 0.25))
    ]
    pencil.line(ends, fill=int(rng.uniform(160, 255)), width=max(1, pen))


def _draw_link(
    pencil: ImageDraw.ImageDraw,
    before: Placed,
    behind: Placed,
    pen: int,
    rng: np.random.Generator,
) -> None:
    """Draw an arc from the top of a digit to the top of the next, as a quick hand links zeros."""
    (x1, y1), (x2, y2) = (
        ((box[0] + box[2]) / 2, box[1] + rng.uniform(0.02, 0.3) * (box[3] - box[1]))
        for box in (before.box, behind.box)
    )
    sag = rng.normal(0.12, 0.12) * CAP
    t = np.linspace(0, 1, 9)
    points = np.stack((x1 + t * (x2 - x1), y1 + t * (y2 - y1) + 4 * sag * t * (1 - t)), axis=1)
    pencil.line(points.ravel().tolist(), fill=int(rng.uniform(180, 255)), width=max(2, pen))
