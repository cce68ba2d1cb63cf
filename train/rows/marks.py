"""What stands on a row beside its digits, and is no digit: rules, boxes, points, signs, letters."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw
from PIL.Image import Image as PILImage

from train.data import Array
from train.rows.glyphs import FONTS, Glyphs, printed
from train.rows.hand import CAP, PLAIN, Variety
from train.rows.objects import add_object, add_spiral
from train.rows.skeleton import draw_skeleton
from train.rows.words import pick_word, write_word
from train.rows.writing import Box, Written

_WORDS = "ABCDEFGHJKLMNPQRTUVWXYZabcdefghijkmnpqrtuvwxyz#%&@?:="
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
_SIGNS = (*"#=-$*+xF:()%", "--", "EUR", "Rs", "Nr.", "No")
_ALONE = 0.5  # How often a row without digits shows a spiral, if rows with digits have objects.


@dataclass(frozen=True)
class Marked:
    """A row with marks around its digits."""

    ink: npt.NDArray[np.float32]
    """float32 `(H, W)` from 0 to 1."""

    right: int
    """How far the row's own ink was moved to the right, in pixels."""

    down: int
    """How far it was moved down."""

    objects: tuple[Box, ...] = ()
    """Where holes, scribbles and stamps are."""


def add_marks(
    written: Written, glyphs: Glyphs, rng: np.random.Generator, variety: Variety = PLAIN
) -> Marked:
    """Add marks to a row, in more room than its digits need.

    Args:
        written: The row.
        glyphs: What letters and digits are picked from.
        rng: Decides all.
        variety: What only some rows show.
    """
    height, width = written.ink.shape
    above, below = (round(CAP * share) for share in rng.uniform(0.5, 0.9, 2))
    before, behind = (
        round(CAP * rng.uniform(0.6, 2.2)) if rng.random() < 0.22 else 0 for _ in range(2)
    )
    is_form = variety.form > 0 and rng.random() < variety.form
    has_comb = bool(written.cells) or (is_form and rng.random() < 0.3)
    has_words = is_form and not has_comb
    pitch = written.hand.pitch * CAP
    if written.cells:
        before, behind = (round(pitch * n) for n in rng.choice(4, 2, p=(0.5, 0.25, 0.15, 0.1)))
    if has_words:
        before, behind = (
            round(CAP * rng.uniform(1.5, 6)) if rng.random() < share else 0
            for share in ((0.75, 0.35) if written.digits else (1, 0))
        )
    has_objects = variety.objects > 0 and not written.cells
    has_objects = has_objects and rng.random() < (variety.objects if written.digits else _ALONE)
    is_behind = has_objects and rng.random() < 0.35
    if has_objects and not has_words:
        room = round(CAP * rng.uniform(1.2, 4))
        before, behind = (before, room) if is_behind else (room, behind)
    rooms = ((0, before), (before + width, behind))
    ink = np.zeros((height + above + below, width + before + behind), np.float32)
    ink[above : above + height, before : before + width] = written.ink
    layer = Image.new("L", (ink.shape[1], ink.shape[0]))
    if written.cells:
        add_cells(layer, written, before, above, rng)
    elif has_comb:
        add_comb(layer, written, before, above, rng)
    else:
        _add_rules(layer, above, height, rng)
    if rng.random() < 0.25:
        add_points(layer, written, before, above, rng)
    if variety.rings and not written.cells and rng.random() < variety.rings:
        box = (before, above, before + width, above + height)
        add_ring(layer, box, written.hand.line, rng)
    for number, (left, room) in enumerate(rooms):
        if has_words:
            add_words(layer, left, room, above, height, rng, written.hand.stroke)
        elif room and not written.cells and not (has_objects and number == is_behind):
            add_sign(layer, left, room, above, height, glyphs, rng, written.hand.stroke)
    if rng.random() < 0.3:
        add_neighbours(layer, above, height, glyphs, rng, written.hand.stroke)
    objects: tuple[Box, ...] = ()
    if has_objects and (not written.digits or rng.random() < 0.12):
        add_spiral(layer, rng, _beside_row(above, height, bool(written.digits), rng))
    elif has_objects and not has_words:
        left, room = rooms[is_behind]
        place = (left, above, left + room, above + height)
        objects = (add_object(layer, place, written.hand.line, rng),)
    return Marked(np.maximum(ink, np.asarray(layer, np.float32) / 255), before, above, objects)


def _beside_row(top: int, height: int, has_digits: bool, rng: np.random.Generator) -> float:
    """Pick the height of a spiral: that of an empty row, or above or below its digits."""
    if not has_digits:
        return top + height * rng.uniform(0.2, 0.8)
    return float(rng.choice((top - 0.5 * CAP, top + height + 0.5 * CAP)))


@dataclass(frozen=True)
class Rule:
    """A printed line: its thickness in pixels and its shade, 0 to 255."""

    thickness: int
    shade: int


def pick_rule(rng: np.random.Generator) -> Rule:
    """Pick a printed line, faint or strong."""
    return Rule(max(1, round(rng.uniform(0.6, 3.4))), int(rng.uniform(70, 255)))


def _add_rules(layer: PILImage, top: int, height: int, rng: np.random.Generator) -> None:
    """Draw ruled lines, squared paper or a box on some rows."""
    rule = pick_rule(rng)
    kind = rng.random()
    tilt = rng.normal(0, 0.012) * layer.width
    if kind < 0.2:
        add_lines(layer, top, height, rule, tilt, rng)
    elif kind < 0.26:
        add_squares(layer, rule, tilt, rng)
    elif kind < 0.34:
        add_box(layer, top, height, rule, rng)


def add_lines(
    layer: PILImage, top: int, height: int, rule: Rule, tilt: float, rng: np.random.Generator
) -> None:
    """Draw the line that a row is written on, and perhaps the next one above."""
    pencil = ImageDraw.Draw(layer)
    for y in (top + height * rng.uniform(0.85, 1.12), top - height * rng.uniform(0.0, 0.4)):
        pencil.line((0, y, layer.width, y + tilt), fill=rule.shade, width=rule.thickness)
        if rng.random() < 0.6:
            break


def add_squares(layer: PILImage, rule: Rule, tilt: float, rng: np.random.Generator) -> None:
    """Draw squared paper."""
    pencil = ImageDraw.Draw(layer)
    wide, tall = layer.size
    step = rng.uniform(0.3, 1.3) * CAP
    for y in np.arange(rng.uniform(0, step), tall, step):
        pencil.line((0, y, wide, y + tilt), fill=rule.shade, width=rule.thickness)
    for x in np.arange(rng.uniform(0, step), wide, step):
        pencil.line((x, 0, x - tilt, tall), fill=rule.shade, width=rule.thickness)


def add_box(layer: PILImage, top: int, height: int, rule: Rule, rng: np.random.Generator) -> None:
    """Draw a box around a row, or what is left of one that was cut at its rules."""
    pencil = ImageDraw.Draw(layer)
    inset = rng.uniform(0, 3, 4)
    right, bottom = layer.width - 1 - inset[1], top + height + inset[3] * 3
    box = (inset[0], top - rng.uniform(2, 12), right, bottom)
    sides = ((0, 1, 2, 1), (0, 3, 2, 3), (0, 1, 0, 3), (2, 1, 2, 3))
    kept = rng.random(4) < rng.choice((1.0, 0.6))
    for side, is_kept in zip(sides, kept, strict=True):
        if is_kept:
            pencil.line([box[i] for i in side], fill=rule.shade, width=rule.thickness)


def add_ring(
    layer: PILImage, row: tuple[int, int, int, int], line: int, rng: np.random.Generator
) -> None:
    """Draw a ring around a row, which need not close and may cross the digits at its ends.

    Args:
        layer: Where it is drawn.
        row: Left, top, right and bottom of the row.
        line: The width of the pen that the row is written in.
        rng: Decides all.
    """
    left, top, right, bottom = row
    turns = np.linspace(0, 2 * np.pi * rng.uniform(0.9, 1.15), 80) + rng.uniform(0, 2 * np.pi)
    drift = np.linspace(1, rng.uniform(0.93, 1.1), len(turns))
    # A pen goes around in something between an ellipse and a box.
    power = rng.uniform(0.55, 1.0)
    wide = (right - left) / 2 + CAP * rng.uniform(-0.1, 0.5)
    tall = (bottom - top) / 2 * rng.uniform(1.0, 1.5)
    x = np.sign(np.cos(turns)) * np.abs(np.cos(turns)) ** power * wide * drift
    y = np.sign(np.sin(turns)) * np.abs(np.sin(turns)) ** power * tall * drift
    x, y = x + (left + right) / 2, y + (top + bottom) / 2 + rng.normal(0, 0.08) * CAP
    width = max(1, round(line * rng.uniform(0.6, 1.5)))
    points = list(zip(x.tolist(), y.tolist(), strict=True))
    ImageDraw.Draw(layer).line(points, fill=int(rng.uniform(120, 255)), width=width, joint="curve")


def add_comb(
    layer: PILImage, written: Written, left: int, top: int, rng: np.random.Generator
) -> None:
    """Draw a box around each digit, as forms have them."""
    pencil = ImageDraw.Draw(layer)
    thickness, shade = max(1, round(rng.uniform(0.6, 3))), int(rng.uniform(70, 255))
    boxes = [placed.box for placed in written.digits]
    gaps = [(a[2] + b[0]) / 2 for a, b in pairwise(boxes) if b[0] - a[2] > 1]
    ends = [boxes[0][0] - rng.uniform(2, 9), boxes[-1][2] + rng.uniform(2, 9)] if boxes else []
    reach = rng.uniform(0.05, 0.4, 2) * CAP
    rows = (top - reach[0], top + written.ink.shape[0] + reach[1])
    if rng.random() < 0.25:  # only the lower half of each bar
        rows = (rows[1] - rng.uniform(0.2, 0.6) * CAP, rows[1])
    for x in (*gaps, *ends):
        pencil.line((left + x, rows[0], left + x, rows[1]), fill=shade, width=thickness)
    if ends:
        for y in rows:
            pencil.line((left + ends[0], y, left + ends[1], y), fill=shade, width=thickness)


CELL_STYLES = ("boxes", "apart", "teeth", "dashes", "bars")
"""Combs of equal cells: boxes side by side, boxes apart, teeth on a base line, a dash under each
digit, and bars alone."""


def add_cells(
    layer: PILImage,
    written: Written,
    left: int,
    top: int,
    rng: np.random.Generator,
    style: str = "",
) -> None:
    """Draw the cells that a row was written into, and empty ones where the layer has room.

    Args:
        layer: What is drawn on.
        written: A row in a hand with a pitch.
        left: Where the row begins.
        top: Where it begins.
        rng: Decides the rest.
        style: One of `CELL_STYLES`; any by default.
    """
    pencil = ImageDraw.Draw(layer)
    rule = pick_rule(rng)
    style = style or str(rng.choice(CELL_STYLES, p=(0.25, 0.2, 0.3, 0.1, 0.15)))
    pitch = written.hand.pitch * CAP
    begins = [left + cell for cell in written.cells]
    while begins[0] >= pitch:
        begins.insert(0, begins[0] - pitch)
    while begins[-1] + 2 * pitch <= layer.width:
        begins.append(begins[-1] + pitch)
    base = top + written.ink.shape[0] + rng.uniform(-0.15, 0.3) * CAP
    roof = top - rng.uniform(-0.15, 0.35) * CAP
    inset = rng.uniform(0.04, 0.15) * pitch if style in ("apart", "dashes") else 0.0
    tooth = base - rng.uniform(0.12, 0.6) * CAP if style in ("teeth", "bars") else roof
    for x in begins:
        sides = (x + inset, x + pitch - inset)
        if style != "bars":
            pencil.line((sides[0], base, sides[1], base), fill=rule.shade, width=rule.thickness)
        if style != "dashes":
            for side in sides:
                pencil.line((side, tooth, side, base), fill=rule.shade, width=rule.thickness)
        if style in ("boxes", "apart"):
            pencil.line((sides[0], roof, sides[1], roof), fill=rule.shade, width=rule.thickness)


def add_words(
    layer: PILImage,
    left: int,
    width: int,
    top: int,
    height: int,
    rng: np.random.Generator,
    stroke: float = 0.0,
) -> None:
    """Fill room beside the row with words, printed or written, up to a gap before the digits."""
    stop = left + width - rng.uniform(0.25, 0.8) * CAP
    tall = CAP * rng.uniform(0.55, 1.1)
    base = top + height - rng.uniform(0, 0.15) * CAP
    is_printed, font = rng.random() < (0.5 if stroke else 0.7), str(rng.choice(FONTS))
    pen = max(1.0, stroke * CAP if stroke else rng.uniform(1.5, 4))
    x = left + rng.uniform(0, 0.4) * CAP + (0.3 * CAP if left else 0)
    while x < stop:
        if is_printed:
            text = "".join(rng.choice(list(_LETTERS), int(rng.integers(1, 8))).tolist())
            word = printed(text if rng.random() < 0.7 else text.capitalize(), font)
            share = min(tall / word.shape[0], 1.6)
            rise = word.shape[0] * share
        else:
            if not (letters := pick_word((stop - x) / tall, rng)):
                break
            word, baseline = write_word(letters, tall, pen, rng)
            share, rise = 1.0, float(baseline)
        if x + word.shape[1] * share > stop:
            break
        _paste(layer, word, x, base - rise, share)
        x += word.shape[1] * share + rng.uniform(0.2, 0.5) * CAP


def add_points(
    layer: PILImage, written: Written, left: int, top: int, rng: np.random.Generator
) -> None:
    """Draw points and commas between digits, as in 12.500 or 1,5."""
    pencil = ImageDraw.Draw(layer)
    size = max(1.5, written.hand.dot * rng.uniform(0.6, 1.2)) * written.hand.point
    for placed in written.digits:
        if rng.random() > 0.3:
            continue
        x, y = left + placed.box[2] + rng.uniform(-0.5, 3), top + placed.box[3]
        if rng.random() < 0.6:
            pencil.ellipse((x, y - size, x + size, y), fill=255)
        else:
            end = (x - rng.uniform(0, 0.15) * CAP, y + rng.uniform(0.1, 0.25) * CAP)
            pencil.line((x, y - size, *end), fill=255, width=max(1, round(size * 0.7)))


def add_sign(
    layer: PILImage,
    left: int,
    width: int,
    top: int,
    height: int,
    glyphs: Glyphs,
    rng: np.random.Generator,
    stroke: float = 0.0,
) -> None:
    """Put a dash, a sign or letters before or behind the row, apart from it."""
    room = max(4, round(width * rng.uniform(0.45, 0.8)))
    kind = rng.random()
    if kind < 0.3:
        y = top + height * rng.uniform(0.35, 0.75)
        pencil = ImageDraw.Draw(layer)
        pen = max(1, round(stroke * CAP * rng.uniform(0.7, 1.5) if stroke else rng.uniform(1, 5)))
        for offset in (0, rng.uniform(4, 9))[: 1 + (rng.random() < 0.4)]:
            rise = rng.normal(0, 1.5)
            pencil.line((left + 3, y + offset, left + room, y + offset + rise), fill=255, width=pen)
        return
    is_printed = kind < (0.4 if stroke else 0.65)
    if is_printed:
        sign = printed(str(rng.choice(_SIGNS)), str(rng.choice(FONTS)))
    elif stroke and kind < 0.75:
        sign = glyphs.sign(rng, thin=True)
    else:
        sign = glyphs.letter(rng, thin=stroke > 0)
    share = min(room / sign.shape[1], CAP * rng.uniform(0.6, 1.3) / sign.shape[0])
    y = top + height * rng.uniform(0.1, 0.4)
    _paste(layer, sign, left + 2, y, share, 0.0 if is_printed else stroke)


def add_neighbours(
    layer: PILImage,
    top: int,
    height: int,
    glyphs: Glyphs,
    rng: np.random.Generator,
    stroke: float = 0.0,
) -> None:
    """Let text above or below reach into the picture: print in small type, or cut-off writing."""
    wide, tall = layer.size
    is_above = rng.random() < 0.5
    if rng.random() < 0.5:
        text = "".join(rng.choice(list(_WORDS), int(rng.integers(2, 12))).tolist())
        line = printed(text, str(rng.choice(FONTS)))
        share = rng.uniform(0.25, 0.5)
        room = line.shape[0] * share
        y = top - room - rng.uniform(1, 6) if is_above else top + height + rng.uniform(1, 6)
        _paste(layer, line, rng.uniform(-0.2, 0.8) * wide, y, share)
        return
    for x in np.arange(rng.uniform(0, CAP), wide, CAP * rng.uniform(0.8, 2.5)):
        sign = glyphs.digit(int(rng.integers(10)), "mnist", rng, thin=stroke > 0)
        seen = rng.uniform(0.1, 0.35) * CAP
        y = seen - CAP if is_above else tall - seen
        _paste(layer, sign, x, y, CAP / sign.shape[0], stroke)


def _paste(
    layer: PILImage, sign: Array, x: float, y: float, share: float, stroke: float = 0.0
) -> None:
    """Paste a sign, or with a stroke its skeleton drawn with such a pen."""
    size = (max(1, round(sign.shape[1] * share)), max(1, round(sign.shape[0] * share)))
    if stroke:
        small = Image.fromarray(draw_skeleton(sign, size, stroke * CAP))
        x, y = x - (small.width - size[0]) / 2, y - (small.height - size[1]) / 2
    else:
        small = Image.fromarray(sign).resize(size, Image.Resampling.BILINEAR)
    layer.paste(255, (round(x), round(y)), small)
