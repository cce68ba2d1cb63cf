"""How one person writes one row, and how often generated rows show what only some rows show."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import accumulate, cycle, takewhile

import numpy as np

from train.rows.glyphs import FONTS, pick_source
from train.rows.paper import BITMAPS
from train.rows.signs import BETWEEN

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

    bitmaps: float = BITMAPS
    """Rows in black and white without grey levels."""

    currency: float = 0.0
    """Handwritten rows with a printed currency sign right before or behind them."""

    runs: float = 0.0
    """Rows with several equal digits side by side."""

    rings: float = 0.0
    """Rows that somebody has drawn a ring around."""

    objects: float = 0.0
    """Rows beside a hole, a scribble or a stamp, or below or without digits at a spiral."""


PLAIN = Variety()

# The width of a pen as a part of a digit's height: mean and deviation of its logarithm, and its
# limits. Of people's rows it is 0.05 to 0.11, in the middle 0.075; MNIST's strokes have 0.12.
_STROKE = (-2.6, 0.4)
_STROKE_RANGE = (0.035, 0.25)

CURRENCIES = ("$", "€", "£", "¥", "R$", "US$")
_CURRENCY_SHARES = (0.45, 0.2, 0.15, 0.08, 0.06, 0.06)

# Digits of each group, and again from the first: dates and telephone numbers.
_GROUPS = ((2, 2, 4), (2, 2, 2), (4, 2, 2), (1, 2, 4), (2, 1, 2), (2,), (3,), (4,), (3, 3, 4), (5,))

# How often each sign of `BETWEEN` is a separator, in plain writing and between the cells of a form.
_SEPARATORS = (0.35, 0.57, 0.02, 0.02, 0.04)
_SEPARATORS_OF_CELLS = (0.5, 0.4, 0.0, 0.0, 0.1)


@dataclass(frozen=True)
class Groups:
    """Groups of digits with one separator, as dates and telephone numbers have."""

    lengths: tuple[int, ...]
    """Digits of each group, over and over."""

    separator: int = 0
    """The number of a sign of `BETWEEN`."""

    font: str = ""
    """Of a printed separator; empty for a written one."""

    slant: float = 0.0
    """Of the separator, beside the hand's."""

    gap: float = 0.0
    """At most, on each side of a separator, in parts of the height of a digit."""

    has_spaces: bool = False
    """Whether half of the groups end in a space instead."""

    has_parentheses: bool = False
    """Whether the first group is in parentheses."""

    def ends(self, count: int) -> list[int]:
        """Return the places of `count` digits that are the last of a group, but the row's last."""
        ends = accumulate(cycle(self.lengths))
        return [end - 1 for end in takewhile(lambda end: end < count, ends)]


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
    groups: Groups | None = None
    currency: str = ""  # the printed sign beside the row
    is_currency_first: bool = True

    @property
    def line(self) -> int:
        """The width in pixels of lines that this hand draws."""
        return max(1, round(self.stroke * CAP)) if self.stroke else 2 + self.pen

    @property
    def dot(self) -> int:
        """The width in pixels of the points that this hand draws."""
        return self.line + max(0, self.pen)


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
        groups = _pick_groups(rng, in_cells=True) if rng.random() < 0.4 else None
        hand = replace(hand, pitch=float(rng.uniform(0.75, 1.6)), joins=0.0, groups=groups)
    elif not is_printed and variety.groups and rng.random() < variety.groups:
        hand = replace(hand, groups=_pick_groups(rng))
    if not is_printed and variety.currency and rng.random() < variety.currency:
        sign, is_first = str(rng.choice(CURRENCIES, p=_CURRENCY_SHARES)), bool(rng.random() < 0.8)
        hand = replace(hand, currency=sign, is_currency_first=is_first)
    if is_printed or not variety.loose or rng.random() > variety.loose:
        return hand
    return replace(
        hand,
        bend=float(rng.uniform(0, 0.08)),
        zero_width=float(np.exp(rng.normal(0.1, 0.25))),
        links=float(rng.choice((0.0, 0.6), p=(0.7, 0.3))),
        point=float(rng.uniform(0.8, 2.2)),
    )


def _pick_groups(rng: np.random.Generator, *, in_cells: bool = False) -> Groups:
    shares = _SEPARATORS_OF_CELLS if in_cells else _SEPARATORS
    return Groups(
        _GROUPS[rng.integers(len(_GROUPS))],
        int(rng.choice(len(BETWEEN), p=shares)),
        str(rng.choice(FONTS)) if rng.random() < (0.9 if in_cells else 0.4) else "",
        # What it separates tells it from a 1, so that it may lean less than other slashes.
        slant=float(rng.uniform(-0.15, 0)),
        gap=float(rng.choice((0.0, 0.6))),
        has_spaces=bool(rng.random() < 0.3),
        has_parentheses=not in_cells and bool(rng.random() < 0.15),
    )


def pick_labels(count: int, rng: np.random.Generator, variety: Variety = PLAIN) -> list[int]:
    """Pick the digits of a row; amounts with many zeros and repeated digits are more common."""
    labels = rng.integers(0, 10, count)
    if variety.runs and count > 1 and rng.random() < variety.runs:
        start, length = rng.integers(count - 1), rng.integers(2, 6)
        labels[start : start + length] = 1 if rng.random() < 0.5 else rng.integers(10)
        return [int(label) for label in labels]
    kind = rng.random()
    if kind < 0.2:
        labels[count // 2 :][rng.random(count - count // 2) < 0.8] = 0
    elif kind < 0.3:
        labels[rng.random(count) < 0.5] = rng.integers(10)
    elif kind < 0.4:
        labels[rng.random(count) < 0.5] = 1
    return [int(label) for label in labels]
