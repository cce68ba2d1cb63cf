"""Draw the icons for a home screen: `python web/icons.py`.

The same seven as `icon.svg`, as PNG files, which every phone takes.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageDraw

FOLDER = Path(__file__).with_name("icons")
BLUE, WHITE = "#2f5bd0", "#ffffff"

STROKE = ((9, 9), (23, 9), (14, 25))
"""The seven, on a square of `UNITS` a side."""
UNITS = 32
PEN = 4
CORNER = 8
FINE = 4
"""Pixels, a side, of which each is the mean."""


def icon(side: int, *, maskable: bool) -> Image.Image:
    """Draw a square icon.

    Args:
        side: In pixels.
        maskable: Filled to its corners, since the phone cuts its own shape out of it.
    """
    large = side * FINE
    unit = large / UNITS
    drawn = Image.new("RGBA", (large, large), BLUE if maskable else (0, 0, 0, 0))
    draw = ImageDraw.Draw(drawn)
    if not maskable:
        draw.rounded_rectangle((0, 0, large - 1, large - 1), CORNER * unit, BLUE)
    points = [(x * unit, y * unit) for x, y in STROKE]
    draw.line(points, WHITE, round(PEN * unit))
    for x, y in points:
        radius = PEN * unit / 2
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), WHITE)
    return drawn.resize((side, side), Image.Resampling.BOX)


def main() -> None:
    """Write all icons."""
    FOLDER.mkdir(exist_ok=True)
    for side in (192, 512):
        icon(side, maskable=False).save(FOLDER / f"{side}.png", optimize=True)
    icon(512, maskable=True).save(FOLDER / "maskable-512.png", optimize=True)


if __name__ == "__main__":
    main()
