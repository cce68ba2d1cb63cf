"""Pictures without a digit, for which no answer should look sure.

Scribbles, letters written and printed, textures, halves of digits and pairs of digits. Forms that
could well be a digit are left out, as the letter O and the lower half of a 9.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from mnist_infer.imaging.normalize import SIDE, normalize
from train.data import Array
from train.strokes import Stroke, draw, draw_pens, spline, write

_SIGNS = "ACEFHKMNPRVWXacdefhkmnpruvwx&@#$%*+=?<>{}~^"
_FONTS = ("DejaVuSans", "DejaVuSans-Oblique", "DejaVuSerif", "cmr10", "cmmi10", "cmss10", "cmtt10")
_HALVES = ((0, "TB"), (2, "TBL"), (3, "TBL"), (5, "TBL"), (6, "T"), (8, "L"))


# Letters and signs as a pen writes them; control points as in `train.styles`.
_LETTERS: tuple[tuple[Stroke, ...], ...] = (
    (  # a, as in script
        (
            (0.72, 0.2), (0.45, 0.04), (0.18, 0.35), (0.2, 0.78), (0.46, 0.92), (0.68, 0.6),
            (0.74, 0.16), (0.72, 0.7), (0.82, 0.94), (0.96, 0.82),
        ),
    ),
    (((0.82, 0.2), (0.58, 0.04), (0.28, 0.2), (0.18, 0.55), (0.36, 0.9), (0.84, 0.86)),),  # c
    (  # d
        ((0.66, 0.5), (0.4, 0.42), (0.2, 0.7), (0.4, 0.96), (0.68, 0.76)),
        ((0.72, 0.02), (0.7, 0.5), (0.74, 0.98)),
    ),
    (((0.2, 0.55), (0.6, 0.5), (0.74, 0.24), (0.46, 0.06), (0.2, 0.5), (0.44, 0.94), (0.84, 0.8)),),
    (  # f
        ((0.78, 0.1), (0.56, 0.03), (0.46, 0.3), (0.44, 0.98)),
        ((0.24, 0.42), (0.46, 0.41), (0.7, 0.4)),
    ),
    (  # h
        ((0.26, 0.02), (0.24, 0.5), (0.22, 0.98)),
        ((0.22, 0.7), (0.5, 0.48), (0.7, 0.64), (0.7, 0.98)),
    ),
    (  # k
        ((0.24, 0.02), (0.23, 0.5), (0.22, 0.98)),
        ((0.74, 0.3), (0.48, 0.5), (0.24, 0.66)),
        ((0.4, 0.56), (0.58, 0.76), (0.8, 0.98)),
    ),
    (  # m
        ((0.08, 0.2), (0.1, 0.5), (0.1, 0.9)),
        ((0.1, 0.4), (0.3, 0.16), (0.46, 0.4), (0.48, 0.9)),
        ((0.48, 0.4), (0.7, 0.16), (0.88, 0.4), (0.9, 0.9)),
    ),
    (((0.2, 0.1), (0.22, 0.5), (0.22, 0.94)), ((0.22, 0.4), (0.5, 0.1), (0.76, 0.4), (0.8, 0.94))),
    (((0.24, 0.06), (0.3, 0.5), (0.3, 0.96)), ((0.3, 0.44), (0.46, 0.14), (0.8, 0.08))),  # r
    (((0.1, 0.08), (0.14, 0.6), (0.38, 0.92), (0.7, 0.7), (0.8, 0.1)), ((0.8, 0.1), (0.82, 0.92))),
    (((0.12, 0.06), (0.3, 0.5), (0.48, 0.94)), ((0.48, 0.94), (0.66, 0.5), (0.86, 0.06))),  # v
    (  # w
        ((0.04, 0.1), (0.16, 0.5), (0.28, 0.88)),
        ((0.28, 0.88), (0.5, 0.3), (0.72, 0.88)),
        ((0.72, 0.88), (0.84, 0.5), (0.98, 0.1)),
    ),
    (((0.14, 0.06), (0.5, 0.5), (0.86, 0.94)), ((0.84, 0.06), (0.5, 0.5), (0.16, 0.94))),  # x
    (((0.06, 0.5), (0.5, 0.5), (0.94, 0.48)), ((0.5, 0.06), (0.5, 0.5), (0.48, 0.94))),  # plus
    (((0.1, 0.32), (0.5, 0.31), (0.9, 0.3)), ((0.1, 0.68), (0.5, 0.68), (0.9, 0.66))),  # equals
    (  # theta
        (
            (0.5, 0.02), (0.26, 0.3), (0.28, 0.76), (0.5, 0.98), (0.74, 0.7), (0.72, 0.26),
            (0.5, 0.02),
        ),
        ((0.2, 0.5), (0.5, 0.48), (0.96, 0.44)),
    ),
    (  # A
        ((0.5, 0.02), (0.32, 0.5), (0.12, 0.98)),
        ((0.5, 0.02), (0.68, 0.5), (0.88, 0.98)),
        ((0.24, 0.66), (0.5, 0.65), (0.78, 0.64)),
    ),
    (  # E
        ((0.8, 0.04), (0.5, 0.04), (0.22, 0.04)),
        ((0.22, 0.04), (0.21, 0.5), (0.2, 0.96)),
        ((0.2, 0.96), (0.5, 0.96), (0.82, 0.95)),
        ((0.22, 0.5), (0.44, 0.5), (0.68, 0.49)),
    ),
    (  # H
        ((0.18, 0.04), (0.17, 0.5), (0.16, 0.96)),
        ((0.82, 0.04), (0.82, 0.5), (0.8, 0.96)),
        ((0.18, 0.5), (0.5, 0.5), (0.82, 0.49)),
    ),
    (  # Y
        ((0.1, 0.04), (0.3, 0.28), (0.5, 0.5)),
        ((0.9, 0.04), (0.66, 0.3), (0.5, 0.5), (0.48, 0.98)),
    ),
    (  # y, its tail straight
        ((0.16, 0.06), (0.3, 0.3), (0.46, 0.54)),
        ((0.84, 0.02), (0.62, 0.32), (0.42, 0.66), (0.26, 0.98)),
    ),
    (  # gamma
        ((0.06, 0.14), (0.24, 0.04), (0.44, 0.3), (0.46, 0.7)),
        ((0.94, 0.04), (0.66, 0.4), (0.44, 0.74), (0.3, 0.98)),
    ),
    (  # sigma
        (
            (0.98, 0.14), (0.66, 0.16), (0.36, 0.2), (0.16, 0.56), (0.36, 0.94), (0.66, 0.72),
            (0.6, 0.3), (0.44, 0.16),
        ),
    ),
    (  # a, round
        ((0.68, 0.24), (0.4, 0.1), (0.14, 0.5), (0.34, 0.9), (0.66, 0.6)),
        ((0.7, 0.12), (0.68, 0.5), (0.74, 0.84), (0.9, 0.9)),
    ),
    (  # n, as in script
        (
            (0.06, 0.3), (0.2, 0.14), (0.22, 0.9), (0.3, 0.4), (0.56, 0.12), (0.7, 0.4),
            (0.72, 0.86), (0.94, 0.84),
        ),
    ),
    (  # t
        ((0.48, 0.02), (0.46, 0.5), (0.5, 0.92), (0.78, 0.92)),
        ((0.2, 0.32), (0.48, 0.31), (0.8, 0.3)),
    ),
    (  # N
        ((0.14, 0.96), (0.15, 0.5), (0.16, 0.04)),
        ((0.16, 0.04), (0.5, 0.5), (0.82, 0.96)),
        ((0.82, 0.96), (0.83, 0.5), (0.84, 0.04)),
    ),
    (  # R
        ((0.22, 0.02), (0.21, 0.5), (0.2, 0.98)),
        ((0.22, 0.06), (0.6, 0.03), (0.74, 0.26), (0.54, 0.48), (0.22, 0.5)),
        ((0.4, 0.5), (0.6, 0.74), (0.84, 0.98)),
    ),
    (  # F
        ((0.84, 0.04), (0.52, 0.04), (0.22, 0.05)),
        ((0.22, 0.05), (0.21, 0.5), (0.2, 0.98)),
        ((0.21, 0.48), (0.44, 0.48), (0.68, 0.47)),
    ),
    (  # asterisk
        ((0.5, 0.04), (0.5, 0.5), (0.5, 0.96)),
        ((0.1, 0.26), (0.5, 0.5), (0.9, 0.74)),
        ((0.9, 0.26), (0.5, 0.5), (0.1, 0.74)),
    ),
    (  # bracket
        ((0.2, 0.04), (0.5, 0.04), (0.8, 0.04)),
        ((0.8, 0.04), (0.8, 0.5), (0.8, 0.96)),
        ((0.8, 0.96), (0.5, 0.96), (0.2, 0.96)),
    ),
    (  # bracket that opens
        ((0.7, 0.04), (0.48, 0.04), (0.26, 0.04)),
        ((0.26, 0.04), (0.26, 0.5), (0.26, 0.96)),
        ((0.26, 0.96), (0.48, 0.96), (0.7, 0.96)),
    ),
)  # fmt: skip


def nondigits(digits: Array, labels: Array, count: int, rng: np.random.Generator) -> Array:
    """Make `count` pictures without a digit, uint8 (N, 28, 28), as many of each kind.

    Args:
        digits: images (N, 28, 28) to cut into halves and to pair.
        labels: their digits (N,).
        count: how many pictures to make.
        rng: decides all.
    """
    kinds: tuple[Callable[[int], Array], ...] = (
        lambda number: scribbles(number, rng),
        lambda number: written_letters(number, rng),
        lambda number: _printed(number, rng),
        lambda number: _textures(number, rng),
        lambda number: _halves(digits, labels, number, rng),
        lambda number: _pairs(digits, number, rng),
    )
    shares = np.full(len(kinds), 1 / len(kinds))
    numbers = rng.multinomial(count, shares)
    return np.concatenate([kind(number) for kind, number in zip(kinds, numbers, strict=True)])


def scribbles(count: int, rng: np.random.Generator) -> Array:
    """Draw smooth curves through 8 places without any plan."""
    anywhere = tuple((0.7 * (i % 2), 0.7 * (i // 2 % 2)) for i in range(8))  # for even steps
    curves = spline(anywhere) @ rng.random((count, len(anywhere), 2), np.float32)
    return draw(curves, draw_pens(count, rng))


def written_letters(count: int, rng: np.random.Generator) -> Array:
    """Write `count` letters and signs, each by another hand and pen; uint8 (N, 28, 28)."""
    numbers = rng.multinomial(count, np.full(len(_LETTERS), 1 / len(_LETTERS)))
    written = [
        write((letter,), number, rng) for letter, number in zip(_LETTERS, numbers, strict=True)
    ]
    return np.concatenate(written)


@cache
def _glyphs() -> Array:
    """Draw every sign in every font; the fonts come with matplotlib, so no machine lacks them."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    glyphs = []
    for name in _FONTS:
        font = ImageFont.truetype(folder / f"{name}.ttf", 64)
        for sign in _SIGNS:
            page = Image.new("L", (128, 128))
            ImageDraw.Draw(page).text((24, 16), sign, fill=255, font=font)
            glyphs.append(normalize(np.asarray(page)))
    return np.stack(glyphs)


def _printed(count: int, rng: np.random.Generator) -> Array:
    return rng.choice(_glyphs(), count)


def _textures(count: int, rng: np.random.Generator) -> Array:
    """Draw waves and grain of any size, some of them thresholded."""
    grid = np.indices((SIDE, SIDE), np.float32)[:, np.newaxis]
    angle, phase = rng.uniform(0, 2 * np.pi, (2, count, 1, 1))
    frequency = rng.uniform(0.2, 1.5, (count, 1, 1))
    waves = np.sin(frequency * (np.cos(angle) * grid[0] + np.sin(angle) * grid[1]) + phase)
    coarse = rng.normal(size=(count, 10, 10))
    grain = np.repeat(np.repeat(coarse, 3, axis=1), 3, axis=2)[:, :SIDE, :SIDE]
    fine = rng.normal(size=(count, SIDE, SIDE))
    mix = rng.dirichlet((0.4, 0.4, 0.4), count).T[:, :, np.newaxis, np.newaxis]
    surface = mix[0] * waves + mix[1] * grain + mix[2] * fine
    contrast = np.exp(rng.uniform(3, 7, (count, 1, 1)))
    return np.asarray((128 + contrast * surface).clip(0, 255), np.uint8)


def _halves(digits: Array, labels: Array, count: int, rng: np.random.Generator) -> Array:
    """Cut digits in two and bring one half back to full size."""
    kinds = [(digit, side) for digit, sides in _HALVES for side in sides]
    halves = np.empty((count, SIDE, SIDE), np.uint8)
    choices = rng.integers(len(kinds), size=count)
    for choice, (digit, side) in enumerate(kinds):
        rows = np.flatnonzero(choices == choice)
        whole = digits[rng.choice(np.flatnonzero(labels == digit), len(rows))]
        for row, image in zip(rows, whole, strict=True):
            halves[row] = normalize(_half(image, side))
    return halves


def _half(image: Array, side: str) -> Array:
    middle = SIDE // 2
    return {"T": image[:middle], "B": image[middle:], "L": image[:, :middle]}[side]


def _pairs(digits: Array, count: int, rng: np.random.Generator) -> Array:
    """Write two digits side by side, close or apart."""
    first, second = rng.integers(len(digits), size=(2, count))
    gaps = rng.integers(16, 22, count)
    pairs = np.empty((count, SIDE, SIDE), np.uint8)
    for row, (left, right, gap) in enumerate(zip(first, second, gaps, strict=True)):
        page = np.zeros((SIDE, 2 * SIDE), np.uint8)
        page[:, :SIDE] = digits[left]
        page[:, gap : gap + SIDE] = np.maximum(page[:, gap : gap + SIDE], digits[right])
        pairs[row] = normalize(page)
    return pairs
