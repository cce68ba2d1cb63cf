"""What is in, on or crossed out on the paper beside a number: holes, spirals, scribbles, stamps."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from PIL import ImageDraw
from PIL.Image import Image as PILImage

from train.rows.hand import CAP
from train.rows.writing import Box

Draw: TypeAlias = Callable[[PILImage, Box, int, np.random.Generator], Box]


def add_hole(layer: PILImage, room: Box, _: int, rng: np.random.Generator) -> Box:
    """Draw a punch hole, filled or with a rim around it, as an eyelet has."""
    pencil = ImageDraw.Draw(layer)
    radius = CAP * rng.uniform(0.25, 0.85)
    x, y = _place(room, radius, rng)
    shade = int(rng.uniform(60, 255))
    box = _around(x, y, radius)
    pencil.ellipse(box, fill=shade)
    kind = rng.random()
    if 0.5 <= kind < 0.8:  # a rim, as wide all around
        inside = _around(x, y, radius * rng.uniform(0.35, 0.75))
        pencil.ellipse(inside, fill=int(rng.uniform(0, 255)))
    elif kind >= 0.8:  # the shadow at one side of a hole in paper on paper
        offset = radius * rng.uniform(0.1, 0.35)
        pencil.ellipse(_around(x + offset, y + offset, radius * 0.97), fill=shade // 3)
    return box


def add_scribble(layer: PILImage, room: Box, line: int, rng: np.random.Generator) -> Box:
    """Cross something out with a zigzag or with loops."""
    left, top, right, bottom = room
    wide = min(right - left, CAP * rng.uniform(0.6, 3.5))
    tall = (bottom - top) * rng.uniform(0.45, 1.1)
    x = left + rng.uniform(0, max(1.0, right - left - wide))
    y = (top + bottom) / 2 + rng.normal(0, 0.1) * tall
    turns = max(4, round(wide / CAP * rng.uniform(4, 14)))
    if rng.random() < 0.6:
        t = np.linspace(0, 1, 2 * turns + 1)
        across = t + rng.normal(0, 0.03, len(t))
        down = np.where(np.arange(len(t)) % 2, 0.5, -0.5) * rng.uniform(0.7, 1.1, len(t))
    else:
        t = np.linspace(0, 1, 12 * turns)
        phase = 2 * np.pi * turns * t * 0.7
        across = t + rng.uniform(0.03, 0.12) * np.cos(phase)
        down = 0.5 * np.sin(phase) * (1 + rng.normal(0, 0.08, len(t)).cumsum().clip(-0.4, 0.4))
    if rng.random() < 0.5:  # and back again
        across, down = np.append(across, 1 - across), np.append(down, -down * rng.uniform(0.6, 1))
    lean = rng.normal(0, 0.25)
    xs, ys = x + wide * across - lean * tall * down, y + tall * down
    pencil = ImageDraw.Draw(layer)
    points = list(zip(xs.tolist(), ys.tolist(), strict=True))
    pencil.line(points, fill=int(rng.uniform(170, 255)), width=max(1, line), joint="curve")
    return float(xs.min()), float(ys.min()), float(xs.max()), float(ys.max())


def add_stamp(layer: PILImage, room: Box, _: int, rng: np.random.Generator) -> Box:
    """Draw rings around one point, as a postmark has, most of which may lie outside."""
    pencil = ImageDraw.Draw(layer)
    radius = CAP * rng.uniform(0.7, 2.6)
    x, y = _place(room, radius * rng.uniform(0.3, 1), rng)
    shade, width = int(rng.uniform(60, 200)), max(1, round(rng.uniform(1, 4)))
    for share in (1.0, rng.uniform(0.55, 0.9)):
        pencil.ellipse(_around(x, y, radius * share), outline=shade, width=width)
    for offset in np.linspace(-0.3, 0.3, int(rng.integers(0, 4))):
        wave = radius * offset
        pencil.line((x - radius, y + wave, x + radius, y + wave), fill=shade, width=width)
    return _around(x, y, radius)


OBJECTS: tuple[Draw, ...] = (add_hole, add_scribble, add_stamp)
_SHARES = (0.5, 0.38, 0.12)


def add_object(layer: PILImage, room: Box, line: int, rng: np.random.Generator) -> Box:
    """Draw one of these in some room beside a row.

    Args:
        layer: Where it is drawn.
        room: Where there is room.
        line: The width in pixels of the pen that the row is written in.
        rng: Decides all.

    Returns:
        Its box.
    """
    return OBJECTS[int(rng.choice(len(OBJECTS), p=_SHARES))](layer, room, line, rng)


def add_spiral(layer: PILImage, rng: np.random.Generator, height: float) -> None:
    """Draw the holes of a spiral notebook from side to side, with their wire or without.

    Args:
        layer: Where they are drawn.
        rng: Decides all.
        height: Where the middles of the holes are.
    """
    pencil = ImageDraw.Draw(layer)
    wide, tall = CAP * rng.uniform(0.15, 0.55, 2)
    if rng.random() < 0.5:
        wide = tall
    pitch = wide * rng.uniform(2.2, 5)
    shade, width = int(rng.uniform(80, 255)), max(1, round(rng.uniform(1, 4)))
    has_holes, has_wire = rng.choice(((1, 0), (0, 1), (1, 1)), p=(0.4, 0.3, 0.3)).tolist()
    wire = int(rng.uniform(80, 255))
    for x in np.arange(rng.uniform(-pitch, pitch), layer.width + pitch, pitch):
        box = (x - wide, height - tall, x + wide, height + tall)
        if has_holes:
            pencil.ellipse(box, fill=shade)
        if has_wire:
            rise = tall * rng.uniform(1.9, 2.1)
            pencil.ellipse(
                (x - wide / 2, height - rise, x + wide / 2, height), outline=wire, width=width
            )


def _place(room: Box, radius: float, rng: np.random.Generator) -> tuple[float, float]:
    """Pick the middle of something so large, in some room; what does not fit reaches out of it."""
    left, top, right, bottom = room
    x, y = (
        rng.uniform(min(low, high), max(low, high))
        for low, high in ((left + radius, right - radius), (top + radius / 2, bottom - radius / 2))
    )
    return float(x), float(y)


def _around(x: float, y: float, radius: float) -> Box:
    return x - radius, y - radius, x + radius, y + radius
