"""Draw the project's own digits: strokes that we wrote down, on papers that we made up.

`python examples/draw.py` writes the example pictures beside this file; tests draw others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

Point = tuple[float, float]

# Control points in a box of 1 x 1, y downwards; each stroke is a smooth curve through its points.
STROKES: dict[int, tuple[tuple[Point, ...], ...]] = {
    0: (
        (
            (0.55, 0.03), (0.28, 0.12), (0.18, 0.45), (0.24, 0.82), (0.5, 0.97),
            (0.74, 0.82), (0.82, 0.48), (0.74, 0.14), (0.5, 0.03),
        ),
    ),
    1: (((0.53, 0.02), (0.51, 0.35), (0.49, 0.65), (0.47, 0.98)),),
    2: (
        (
            (0.2, 0.24), (0.34, 0.06), (0.6, 0.04), (0.76, 0.2), (0.68, 0.44),
            (0.44, 0.7), (0.2, 0.94),
        ),
        ((0.2, 0.94), (0.5, 0.93), (0.84, 0.95)),
    ),
    3: (
        ((0.24, 0.1), (0.46, 0.02), (0.7, 0.1), (0.72, 0.3), (0.58, 0.44), (0.42, 0.48)),
        ((0.42, 0.48), (0.66, 0.52), (0.78, 0.7), (0.68, 0.9), (0.44, 0.98), (0.2, 0.88)),
    ),
    4: (
        ((0.36, 0.03), (0.3, 0.3), (0.2, 0.56)),
        ((0.2, 0.56), (0.5, 0.55), (0.86, 0.53)),
        ((0.68, 0.1), (0.66, 0.5), (0.62, 0.98)),
    ),
    5: (
        ((0.76, 0.04), (0.54, 0.05), (0.32, 0.06)),
        (
            (0.32, 0.06), (0.27, 0.42), (0.5, 0.36), (0.74, 0.5), (0.76, 0.76),
            (0.54, 0.96), (0.22, 0.9),
        ),
    ),
    6: (
        (
            (0.66, 0.03), (0.4, 0.24), (0.24, 0.56), (0.28, 0.86), (0.5, 0.98),
            (0.72, 0.84), (0.7, 0.6), (0.5, 0.52), (0.3, 0.66),
        ),
    ),
    7: (
        ((0.18, 0.08), (0.5, 0.07), (0.82, 0.06)),
        ((0.82, 0.06), (0.64, 0.34), (0.5, 0.64), (0.42, 0.97)),
    ),
    8: (
        (
            (0.7, 0.14), (0.5, 0.03), (0.3, 0.14), (0.36, 0.36), (0.58, 0.5), (0.74, 0.72),
            (0.62, 0.94), (0.4, 0.95), (0.26, 0.76), (0.4, 0.52), (0.64, 0.34), (0.7, 0.14),
        ),
    ),
    9: (
        (
            (0.72, 0.2), (0.52, 0.04), (0.3, 0.14), (0.26, 0.36), (0.44, 0.5),
            (0.66, 0.38), (0.72, 0.2),
        ),
        ((0.72, 0.2), (0.7, 0.5), (0.64, 0.98)),
    ),
}  # fmt: skip


def curve(points: Sequence[Point], steps: int = 24) -> list[Point]:
    """A Catmull-Rom spline through the points (Catmull and Rom, 1974)."""
    knots = np.array([points[0], *points, points[-1]], np.float64)
    t = np.linspace(0, 1, steps, endpoint=False)[:, np.newaxis]
    pieces = [
        0.5
        * (
            2 * b
            + (c - a) * t
            + (2 * a - 5 * b + 4 * c - d) * t**2
            + (3 * b - a - 3 * c + d) * t**3
        )
        for a, b, c, d in zip(knots, knots[1:], knots[2:], knots[3:], strict=False)
    ]
    return [(float(x), float(y)) for x, y in np.concatenate([*pieces, knots[-1:]])]


@dataclass(frozen=True)
class Pen:
    """A pen: its width as a share of the digit's height, and its colour."""

    width: float = 0.09
    colour: tuple[int, int, int] = (20, 20, 30)


def digit_mask(digit: int, height: int, pen_width: float = 0.09, slant: float = 0.0) -> Image.Image:
    """The digit's ink as an "L" image, `height` high with its pen's margin, antialiased.

    Args:
        digit: 0 to 9.
        height: Of the digit, in pixels.
        pen_width: Share of the height.
        slant: Share of the height by which the top leans to the right.
    """
    zoom = 4
    margin = height * (pen_width + abs(slant))
    side = round(height + 2 * margin)
    canvas = Image.new("L", (side * zoom, side * zoom))
    draw = ImageDraw.Draw(canvas)
    radius = max(height * pen_width / 2, 0.5) * zoom
    for stroke in STROKES[digit]:
        line = [
            ((margin + (x + slant * (0.5 - y)) * height) * zoom, (margin + y * height) * zoom)
            for x, y in curve(stroke)
        ]
        draw.line(line, fill=255, width=round(2 * radius))
        for x, y in line:
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return canvas.resize((side, side), Image.Resampling.BOX)


def write_on(
    page: Image.Image,
    digit: int,
    left_top: tuple[int, int],
    height: int,
    pen: Pen,
    slant: float = 0.0,
) -> None:
    """Write a digit on an RGB page, its drawn box's corner at `left_top`."""
    mask = digit_mask(digit, height, pen.width, slant)
    page.paste(pen.colour, left_top, mask)


def paper(
    size: tuple[int, int], seed: int, shade: tuple[int, int, int] = (246, 244, 238)
) -> Image.Image:
    """An RGB sheet with grain and a soft shadow from one corner to the other."""
    rng = np.random.default_rng(seed)
    width, height = size
    across = np.linspace(0, 1, width)[np.newaxis, :]
    down = np.linspace(0, 1, height)[:, np.newaxis]
    light = 1 - 0.22 * across * down
    grain = rng.normal(0, 2.5, (height, width))
    sheet = np.array(shade)[np.newaxis, np.newaxis, :] * light[:, :, np.newaxis]
    sheet = sheet + grain[:, :, np.newaxis]
    return Image.fromarray(np.clip(sheet, 0, 255).astype(np.uint8))


def _seven() -> Image.Image:
    page = Image.new("RGB", (280, 280), "white")
    write_on(page, 7, (26, 26), 190, Pen(0.09, (0, 0, 0)))
    return page


def _chalk() -> Image.Image:
    board = paper((320, 320), 3, (38, 58, 50))
    mask = digit_mask(3, 200, 0.1)
    dust = np.random.default_rng(5).uniform(0.55, 1, (mask.height, mask.width)) * 255
    chalky = ImageChops.multiply(mask, Image.fromarray(dust.astype(np.uint8)))
    board.paste((232, 232, 224), (30, 40), chalky)
    return board.filter(ImageFilter.GaussianBlur(0.7))


def _note() -> Image.Image:
    page = paper((900, 700), 4)
    write_on(page, 5, (520, 300), 130, Pen(0.05, (40, 60, 150)), slant=0.15)
    return page.filter(ImageFilter.GaussianBlur(0.8))


def _transparent() -> Image.Image:
    mask = digit_mask(2, 160, 0.11)
    image = Image.new("RGBA", mask.size, (0, 0, 0, 0))
    image.putalpha(mask)
    return image


def _page() -> Image.Image:
    page = paper((1000, 640), 8)
    rng = np.random.default_rng(9)
    for row, digits in enumerate(("5550199", "20263", "48 71")):
        for place, digit in enumerate(digits):
            if digit != " ":
                x, y = 90 + 112 * place + rng.integers(-8, 9), 60 + 175 * row + rng.integers(-8, 9)
                slant = float(rng.uniform(0, 0.2))
                write_on(page, int(digit), (int(x), int(y)), 96, Pen(0.07, (30, 40, 90)), slant)
    return page.rotate(1.2, Image.Resampling.BICUBIC, fillcolor=(236, 234, 228))


def main() -> None:
    """Write the example pictures."""
    folder = Path(__file__).parent
    _seven().save(folder / "seven.png", optimize=True)
    _chalk().save(folder / "chalk-three.jpg", quality=80)
    _note().save(folder / "note-five.jpg", quality=75)
    _page().save(folder / "page.jpg", quality=75)
    _transparent().save(folder / "transparent-two.png", optimize=True)


if __name__ == "__main__":
    main()
