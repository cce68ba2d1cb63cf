"""Write a row of digits: glyphs side by side, as a hand puts them, with the truth for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import cycle, pairwise

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw
from PIL.Image import Image as PILImage

from mnist_infer.inference.networks import NO_DIGIT
from train.data import Array
from train.rows.glyphs import FONTS, Glyphs, cut_out, lean, pick_source, printed
from train.rows.signs import BETWEEN, CLOSING, OPENING
from train.rows.skeleton import draw_skeleton

CAP = 30
"""Height in pixels of a typical digit of a generated row, before the row is brought to its size."""

MOST_DIGITS = 12
"""What training rows hold at most; the network itself has no limit."""


@dataclass(frozen=True)
class Variety:
    """How often generated rows show what only some rows show; each from 0 to 1."""

    rare: float = 0.0
    """Digits in rare allographs, on average over handwritten rows."""

    form: float = 0.0
    """Rows that stand in a form: words beside them, or a comb of boxes around them."""

    loose: float = 0.0
    """Rows in a loose hand: bent digits, flat zeros that are linked, fat points."""

    pens: float = 0.0
    """Handwritten rows in a pen of any width, most of them thinner than MNIST's; with it signs are
    written too, not only printed."""

    signs: float = 0.0
    """Handwritten rows with slashes, dashes, parentheses and the like between their digits."""

    steady: float = 0.0
    """Handwritten rows in a steady hand: its digits lean alike, and equal ones have one form."""

    nondigits: float = 0.0
    """Handwritten rows with letters and drawings in the places of some digits."""

    combs: float = 0.0
    """Handwritten rows in a comb of a form: boxes or teeth at equal distances, some empty."""

    groups: float = 0.0
    """Handwritten rows in groups with one separator, as dates and telephone numbers have."""


PLAIN = Variety()

# The width of a pen as a part of a digit's height: mean and deviation of its logarithm, and its
# limits. Of people's rows it is 0.05 to 0.11, in the middle 0.075; MNIST's strokes have 0.12.
_STROKE = (-2.6, 0.4)
_STROKE_RANGE = (0.035, 0.25)

# Digits of each group, and again from the first: dates and telephone numbers.
_GROUPS = ((2, 2, 4), (2, 2, 2), (4, 2, 2), (1, 2, 4), (2, 1, 2), (2,), (3,), (4,), (3, 3, 4), (5,))

# How often each sign of `BETWEEN` is a separator: slashes above all, then dashes.
_SEPARATORS = (0.6, 0.34, 0.02, 0.02, 0.02)


@dataclass(frozen=True)
class Hand:
    """How one person writes one row. Lengths are parts of the height of a typical digit."""

    source: str
    slant: float  # shear
    width: float  # factor
    size_jitter: float  # deviation of a digit's height, natural logarithm
    baseline_jitter: float
    slope: float  # of the whole row, rise over run
    gap: float
    gap_jitter: float
    word_gap: float  # probability of a wide gap after a digit
    pen: int  # strokes widened (above 0) or thinned, steps of about a fifteenth of the height
    zero: float  # height of a 0
    tail: float  # height of a 1, 7 or 9
    joins: float  # probability of a stroke to the next digit
    rare: float = 0.0  # probability of a rare allograph
    bend: float = 0.0  # deviation of the points of a grid that bends each digit
    zero_width: float = 1.0  # factor
    links: float = 0.0  # probability of an arc from the top of a digit to the next
    point: float = 1.0  # factor on the size of points and commas
    stroke: float = 0.0  # width of the pen; 0 for the strokes of MNIST
    signs: float = 0.0  # probability of a sign after a digit
    is_steady: bool = False  # digits lean alike, equal ones have one form
    nondigits: float = 0.0  # probability of a letter or a drawing in the place of a digit
    pitch: float = 0.0  # from digit to digit in a comb; 0 for none
    groups: tuple[int, ...] = ()  # digits of each group, over and over
    separator: int = 0  # of groups: the number of a sign of `BETWEEN`
    separator_font: str = ""  # of a printed separator
    separator_slant: float = 0.0  # beside the hand's
    separator_gap: float = 0.0  # at most, on each side of it
    has_spaces: bool = False  # some groups have a space between them, and no separator
    has_parentheses: bool = False  # around the first group

    @property
    def line(self) -> int:
        """The width in pixels of lines that this hand draws."""
        return max(1, round(self.stroke * CAP)) if self.stroke else 2 + self.pen

    @property
    def dot(self) -> int:
        """The width in pixels of the points that this hand draws."""
        return self.line + max(0, self.pen)


@dataclass(frozen=True)
class Placed:
    """A digit of a row and its ink's box in pixels: left, top, right, bottom.

    The label of letters and drawings among digits, and of signs that look like a 1, is `NO_DIGIT`.
    """

    label: int
    box: tuple[float, float, float, float]


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


def pick_hand(rng: np.random.Generator, variety: Variety = PLAIN) -> Hand:
    """Pick how a row is written.

    Args:
        rng: Decides all.
        variety: What only some rows show.
    """
    gaps = (rng.normal(0.08, 0.08), rng.uniform(0, 0.7), rng.uniform(-0.14, 0.02))
    source = pick_source(rng)
    is_printed = source in FONTS
    hand = Hand(
        source=source,
        slant=0.0 if is_printed else float(rng.normal(0, 0.18)),
        width=float(np.exp(rng.normal(0, 0.14))),
        size_jitter=0.0 if is_printed else float(rng.uniform(0, 0.18)),
        baseline_jitter=0.0 if is_printed else float(rng.uniform(0, 0.08)),
        slope=float(rng.normal(0, 0.025)),
        gap=float(gaps[rng.choice(3, p=(0.45, 0.3, 0.25))]),
        gap_jitter=float(rng.uniform(0.01, 0.08)),
        word_gap=float(rng.choice((0.0, 0.15))),
        pen=int(rng.choice((-1, 0, 1, 2, 3), p=(0.22, 0.38, 0.2, 0.13, 0.07))),
        zero=float(rng.uniform(0.4, 0.85)) if rng.random() < 0.3 else 1.0,
        tail=float(rng.uniform(1.05, 1.5)) if rng.random() < 0.3 else 1.0,
        joins=float(rng.choice((0.0, 0.4), p=(0.75, 0.25))),
        # Half of the writers have rare allographs, and those use them often.
        rare=float(rng.choice((0.0, 2 * variety.rare))) if variety.rare and not is_printed else 0.0,
    )
    if not is_printed and variety.pens and rng.random() < variety.pens:
        hand = replace(hand, stroke=float(np.exp(rng.normal(*_STROKE)).clip(*_STROKE_RANGE)))
    if not is_printed and variety.signs and rng.random() < variety.signs:
        hand = replace(hand, signs=float(rng.uniform(0.1, 0.4)))
    if not is_printed and variety.steady and rng.random() < variety.steady:
        # MNIST's digits lean by themselves; without that the hand alone decides.
        hand = replace(hand, is_steady=True, slant=1.6 * hand.slant)
    if not is_printed and variety.nondigits and rng.random() < variety.nondigits:
        hand = replace(hand, nondigits=float(rng.uniform(0.2, 0.8)))
    if not is_printed and variety.combs and rng.random() < variety.combs:
        hand = replace(hand, pitch=float(rng.uniform(0.75, 1.4)), joins=0.0)
    if not is_printed and variety.groups and rng.random() < variety.groups:
        hand = replace(
            hand,
            groups=_GROUPS[rng.integers(len(_GROUPS))],
            separator=int(rng.choice(len(BETWEEN), p=_SEPARATORS)),
            separator_font=str(rng.choice(FONTS)) if rng.random() < 0.4 else "",
            # What it separates tells it from a 1, so that it may lean less than other slashes.
            separator_slant=float(rng.uniform(-0.2, 0)),
            separator_gap=float(rng.choice((0.0, 0.6))),
            has_spaces=bool(rng.random() < 0.3),
            has_parentheses=bool(rng.random() < 0.15),
        )
    if is_printed or not variety.loose or rng.random() > variety.loose:
        return hand
    return replace(
        hand,
        bend=float(rng.uniform(0, 0.08)),
        zero_width=float(np.exp(rng.normal(0.1, 0.25))),
        links=float(rng.choice((0.0, 0.6), p=(0.7, 0.3))),
        point=float(rng.uniform(0.8, 2.2)),
    )


def pick_labels(count: int, rng: np.random.Generator) -> list[int]:
    """Pick the digits of a row; amounts with many zeros and repeated digits are more common."""
    labels = rng.integers(0, 10, count)
    kind = rng.random()
    if kind < 0.2:
        labels[count // 2 :][rng.random(count - count // 2) < 0.8] = 0
    elif kind < 0.3:
        labels[rng.random(count) < 0.5] = rng.integers(10)
    elif kind < 0.4:
        labels[rng.random(count) < 0.5] = 1
    return [int(label) for label in labels]


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
    x = rng.uniform(0, 0.6) * CAP
    placed: list[tuple[int, int, Array, int | None]] = []
    cells = []
    ends = _ends_of_groups(len(labels), hand.groups)
    steady = _SteadyHand(hand, glyphs, rng) if hand.is_steady else None
    for place, digit in enumerate(labels):
        if hand.has_parentheses and place == 0:
            drawn = _draw_sign(OPENING, hand, glyphs, rng)
            placed.append((round(x), round(CAP / 2 - len(drawn) / 2), drawn, NO_DIGIT))
            x += drawn.shape[1] + rng.uniform(0, 0.25) * CAP
        label = NO_DIGIT if hand.nondigits and rng.random() < hand.nondigits else digit
        height = CAP * float(np.exp(rng.normal(0, hand.size_jitter)))
        height *= hand.zero if label == 0 else hand.tail if label in (1, 7, 9) else 1.0
        width = hand.width * (hand.zero_width if label == 0 else 1.0)
        if label == NO_DIGIT:
            glyph, slant = glyphs.nondigit(rng, thin=hand.stroke > 0), hand.slant
        elif steady:
            glyph, slant = steady.digit(label)
        else:
            source = "rare" if hand.rare and rng.random() < hand.rare else hand.source
            glyph, slant = glyphs.digit(label, source, rng, thin=hand.stroke > 0), hand.slant
        drawn = _draw(glyph, np.clip(height, 9, 56), width, slant, hand, rng)
        rise = 1.0 - abs(rng.normal(0, hand.baseline_jitter))
        if hand.tail > 1 and label in (7, 9):
            rise -= rng.uniform(0, hand.tail - 1)
        elif hand.zero < 1 and label == 0:
            rise += rng.uniform(0, 0.5) * (1 - hand.zero) * rng.integers(2)
        bottom = CAP * (2 - rise) + hand.slope * x
        top = round(bottom - drawn.shape[0])
        gap = max(-0.2, hand.gap + rng.normal(0, hand.gap_jitter))
        if hand.pitch:
            cells.append(x)
            room = hand.pitch * CAP - drawn.shape[1]
            placed.append((round(x + room / 2 + rng.normal(0, 0.06) * CAP), top, drawn, label))
            x += hand.pitch * CAP
        else:
            placed.append((round(x), top, drawn, label))
            if rng.random() < hand.word_gap:
                gap += rng.uniform(0.4, 1.6)
            x += drawn.shape[1] + gap * CAP
        number: int | None = None
        if place in ends:
            number = hand.separator
            if hand.has_parentheses and place == min(ends):
                number = CLOSING
            elif hand.has_spaces and rng.random() < 0.5:
                number = None
                x += rng.uniform(0.3, 1) * CAP
            x += rng.uniform(0, hand.separator_gap) * CAP
        elif hand.signs and rng.random() < hand.signs:
            number = int(rng.integers(len(BETWEEN)))
        if number is not None:
            drawn = _draw_sign(number, hand, glyphs, rng)
            x += rng.uniform(0, 0.25) * CAP
            top = CAP / 2 + hand.slope * x - len(drawn) / 2
            sign = NO_DIGIT if BETWEEN[number].is_like_one else None
            placed.append((round(x), round(top), drawn, sign))
            x += drawn.shape[1] + rng.uniform(0, 0.3 + hand.separator_gap) * CAP
    if hand.pitch and not labels:
        cells.append(x)
        x += hand.pitch * CAP
    width = round(x + rng.uniform(0.05, 0.6) * CAP) + 1
    tops = [y for _, y, _, _ in placed] or [0]
    bottoms = [y + drawn.shape[0] for _, y, drawn, _ in placed] or [CAP]
    shift = -min(tops)
    page = Image.new("L", (max(width, 12), max(bottoms) + shift))
    ink = np.array(page)
    symbols = []
    for left, y, drawn, symbol in placed:
        top = y + shift
        height, wide = drawn.shape
        left = min(max(left, 0), ink.shape[1] - 1)
        wide = min(wide, ink.shape[1] - left)
        part = ink[top : top + height, left : left + wide]
        np.maximum(part, drawn[: part.shape[0], :wide], out=part)
        if symbol is not None:
            symbols.append(Placed(symbol, (left, top, left + wide, top + height)))
    if hand.joins or hand.links:
        ink = _connect(ink, digits_of(symbols), hand, rng)
    return Written(np.float32(1 / 255) * ink, tuple(symbols), hand, tuple(cells))


def _ends_of_groups(count: int, groups: Sequence[int]) -> set[int]:
    """Return the places of `count` digits that are the last of a group, but for the row's last."""
    ends = np.cumsum([length for length, _ in zip(cycle(groups), range(count), strict=False)])
    return {int(end) - 1 for end in ends if end < count}


def _draw_sign(number: int, hand: Hand, glyphs: Glyphs, rng: np.random.Generator) -> Array:
    height = CAP * rng.uniform(*BETWEEN[number].heights)
    slant = hand.slant
    if hand.groups:
        if hand.separator_font:
            sign = printed(BETWEEN[number].text, hand.separator_font)
            return _draw(sign, height, 1.0, 0.0, replace(hand, stroke=0.0, pen=0, bend=0.0), rng)
        slant += hand.separator_slant
    sign = glyphs.sign_between(number, rng, thin=hand.stroke > 0)
    return _draw(sign, height, hand.width, slant, hand, rng)


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
