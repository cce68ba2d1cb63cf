"""Ten digits that no model was trained on: not MNIST's, and not forms of `train.styles`.

Tests, benchmarks and the examples draw with them. A test holds the two sets of strokes apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

Point = tuple[float, float]
Stroke = tuple[Point, ...]

# Each stroke is a chain of cubic Bezier curves: its start, then two handles and an end for each
# curve. The digit stands in a box of 1 x 1, x to the right and y downwards.
GLYPHS: dict[int, tuple[Stroke, ...]] = {
    # a round ring whose end curls inwards
    0: (
        (
            (0.20, 0.22), (0.36, -0.04), (0.80, -0.02), (0.92, 0.32),
            (1.04, 0.70), (0.78, 0.98), (0.50, 0.97),
            (0.20, 0.96), (-0.02, 0.66), (0.10, 0.34),
            (0.20, 0.10), (0.50, 0.06), (0.64, 0.24),
        ),
    ),
    # a stem that leans far to the right and bends a little
    1: (((0.70, 0.02), (0.58, 0.30), (0.44, 0.62), (0.32, 0.98)),),
    # a swan's neck: small head, a straight back, a foot that rises
    2: (
        (
            (0.16, 0.34), (0.10, 0.02), (0.62, -0.10), (0.70, 0.20),
            (0.76, 0.46), (0.40, 0.70), (0.08, 0.92),
            (0.26, 0.78), (0.44, 0.80), (0.58, 0.90),
            (0.70, 0.98), (0.84, 0.98), (0.94, 0.84),
        ),
    ),
    # a small upper bow and a large belly that hangs to the left
    3: (
        (
            (0.30, 0.12), (0.42, -0.03), (0.72, -0.02), (0.70, 0.18),
            (0.68, 0.32), (0.54, 0.36), (0.40, 0.37),
            (0.70, 0.34), (0.92, 0.52), (0.84, 0.74),
            (0.76, 1.02), (0.28, 1.06), (0.10, 0.80),
        ),
    ),
    # a long arm, a low bar and a stem that leans
    4: (
        (
            (0.30, 0.02), (0.28, 0.24), (0.16, 0.50), (0.04, 0.66),
            (0.30, 0.60), (0.62, 0.60), (0.86, 0.66),
        ),
        ((0.82, 0.24), (0.70, 0.50), (0.62, 0.76), (0.56, 0.98)),
    ),
    # one line, like an S with a corner
    5: (
        (
            (0.84, 0.08), (0.66, 0.02), (0.44, 0.02), (0.30, 0.08),
            (0.26, 0.20), (0.20, 0.32), (0.16, 0.42),
            (0.44, 0.28), (0.84, 0.38), (0.80, 0.68),
            (0.76, 0.98), (0.34, 1.04), (0.08, 0.86),
        ),
    ),
    # a straight back and a round belly
    6: (
        (
            (0.50, 0.02), (0.26, 0.26), (0.10, 0.52), (0.12, 0.74),
            (0.16, 1.04), (0.78, 1.06), (0.84, 0.72),
            (0.86, 0.42), (0.36, 0.40), (0.14, 0.70),
        ),
    ),
    # a bar that falls to the right and a stem that bends to the left
    7: (
        (
            (0.04, 0.02), (0.30, 0.12), (0.62, 0.14), (0.92, 0.10),
            (0.72, 0.30), (0.40, 0.56), (0.24, 0.98),
        ),
    ),
    # a small ring on a wide one
    8: (
        (
            (0.54, 0.40), (0.28, 0.34), (0.30, 0.02), (0.56, 0.02),
            (0.82, 0.02), (0.80, 0.32), (0.54, 0.40),
            (0.02, 0.56), (0.06, 0.98), (0.48, 0.98),
            (0.96, 0.98), (0.94, 0.52), (0.54, 0.40),
        ),
    ),
    # a wide ring and a tail that swings below it
    9: (
        (
            (0.82, 0.22), (0.70, -0.06), (0.20, -0.02), (0.14, 0.28),
            (0.10, 0.60), (0.66, 0.62), (0.80, 0.24),
            (0.82, 0.54), (0.66, 0.84), (0.34, 0.98),
        ),
    ),
}  # fmt: skip


def outline(stroke: Sequence[Point], steps: int = 24) -> list[Point]:
    """Points along a stroke, `steps` for each of its Bezier curves, and its end."""
    knots = np.array(stroke)
    t = np.linspace(0, 1, steps, endpoint=False)[:, np.newaxis]
    pieces = [
        (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d
        for a, b, c, d in zip(knots[0:-1:3], knots[1::3], knots[2::3], knots[3::3], strict=True)
    ]
    return [(float(x), float(y)) for x, y in np.concatenate([*pieces, knots[-1:]])]


def digit_mask(digit: int, height: int, pen_width: float = 0.09, slant: float = 0.0) -> Image.Image:
    """The digit's ink as an "L" image, `height` high with its pen's margin, antialiased.

    Args:
        digit: 0 to 9.
        height: Of the digit, in pixels.
        pen_width: Share of the height.
        slant: Share of the height by which the top leans to the right.
    """
    zoom = 4 if height < 400 else 1
    margin = height * (pen_width + abs(slant))
    side = round(height + 2 * margin)
    canvas = Image.new("L", (side * zoom, side * zoom))
    draw = ImageDraw.Draw(canvas)
    radius = max(height * pen_width / 2, 0.5) * zoom
    for stroke in GLYPHS[digit]:
        line = [
            ((margin + (x + slant * (0.5 - y)) * height) * zoom, (margin + y * height) * zoom)
            for x, y in outline(stroke)
        ]
        draw.line(line, fill=255, width=round(2 * radius))
        for x, y in line:
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return canvas.resize((side, side), Image.Resampling.BOX)
