"""Corruptions of MNIST digits, 28x28: the fifteen kinds of MNIST-C (Mu and Gilmer, 2019).

The kinds are theirs, the code and the strengths are ours: figures cannot be compared with theirs.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Picture = NDArray[np.uint8]
Draw = Callable[[Picture, np.random.Generator], Picture]

_SIDE = 28


def _clip(levels: NDArray[np.floating]) -> Picture:
    return np.asarray(np.rint(levels).clip(0, 255), np.uint8)


def _shot_noise(image: Picture, rng: np.random.Generator) -> Picture:
    return _clip(rng.poisson(image / 255 * 5) * 51.0)


def _impulse_noise(image: Picture, rng: np.random.Generator) -> Picture:
    drawn = rng.random(image.shape)
    return np.where(drawn < 0.06, 0, np.where(drawn > 0.94, 255, image)).astype(np.uint8)


def _glass_blur(image: Picture, rng: np.random.Generator) -> Picture:
    y, x = np.mgrid[:_SIDE, :_SIDE] + rng.integers(-1, 2, (2, _SIDE, _SIDE))
    moved = Image.fromarray(image[y.clip(0, _SIDE - 1), x.clip(0, _SIDE - 1)])
    return np.asarray(moved.filter(ImageFilter.GaussianBlur(0.7)), np.uint8)


def _motion_blur(image: Picture, rng: np.random.Generator) -> Picture:
    angle = rng.uniform(0, np.pi)
    padded = np.pad(image, 8).astype(np.float64)
    total = np.zeros(image.shape)
    for step in range(-4, 5):
        y, x = 8 + round(step * np.sin(angle)), 8 + round(step * np.cos(angle))
        total += padded[y : y + _SIDE, x : x + _SIDE]
    return _clip(total / 9 * 1.5)


def _affine(image: Picture, a: float, b: float, d: float, e: float) -> Picture:
    """Map output (x, y), from the centre, to input (a x + b y, d x + e y)."""
    centre = (_SIDE - 1) / 2
    numbers = (a, b, centre * (1 - a - b), d, e, centre * (1 - d - e))
    moved = Image.fromarray(image).transform(
        (_SIDE, _SIDE), Image.Transform.AFFINE, numbers, Image.Resampling.BILINEAR
    )
    return np.asarray(moved)


def _shear(image: Picture, rng: np.random.Generator) -> Picture:
    return _affine(image, 1, float(rng.choice((-1, 1)) * rng.uniform(0.4, 0.7)), 0, 1)


def _scale(image: Picture, rng: np.random.Generator) -> Picture:
    factor = rng.uniform(1.5, 2.2)
    return _affine(image, factor, 0, 0, factor)


def _rotate(image: Picture, rng: np.random.Generator) -> Picture:
    angle = np.radians(rng.choice((-1, 1)) * rng.uniform(20, 40))
    cosine, sine = float(np.cos(angle)), float(np.sin(angle))
    return _affine(image, cosine, sine, -sine, cosine)


def _brightness(image: Picture, rng: np.random.Generator) -> Picture:
    return _clip(image + rng.uniform(90, 160))


def _translate(image: Picture, rng: np.random.Generator) -> Picture:
    down, right = rng.integers(0, 9, 2)
    return np.pad(image, 4)[down : down + _SIDE, right : right + _SIDE]


def _stripe(image: Picture, rng: np.random.Generator) -> Picture:
    striped = image.copy()
    left = int(rng.integers(3, 8))
    striped[:, left : left + 5] ^= 255
    striped[:, left + 12 : left + 17] ^= 255
    return striped


def _fog(image: Picture, rng: np.random.Generator) -> Picture:
    clouds = np.zeros(image.shape)
    for side in (2, 4, 7, 14):
        small = Image.fromarray(rng.random((side, side), np.float32) / side)
        clouds += np.asarray(small.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC))
    clouds = (clouds - clouds.min()) / (clouds.max() - clouds.min())
    return _clip((image + 255 * 0.8 * clouds) / 1.8)


def _spatter(image: Picture, rng: np.random.Generator) -> Picture:
    layer = Image.new("L", (_SIDE, _SIDE))
    for _ in range(12):
        x, y = rng.uniform(0, _SIDE, 2)
        a, b = rng.uniform(0.5, 1.8, 2)
        ImageDraw.Draw(layer).ellipse((x - a, y - b, x + a, y + b), fill=180)
    return np.asarray(np.maximum(image, np.asarray(layer)), np.uint8)


def _dotted_line(image: Picture, rng: np.random.Generator) -> Picture:
    page = Image.fromarray(image)
    start, end = rng.uniform(0, _SIDE, 2)
    for step in range(0, _SIDE, 3):
        y = start + (end - start) * step / _SIDE
        ImageDraw.Draw(page).ellipse((step, y, step + 1, y + 1), fill=255)
    return np.asarray(page)


def _zigzag(image: Picture, rng: np.random.Generator) -> Picture:
    page = Image.fromarray(image)
    middle, slope = rng.uniform(8, 20), rng.uniform(-0.3, 0.3)
    points = [
        (x, middle + slope * (x - _SIDE / 2) + (-2.5 if turn % 2 else 2.5))
        for turn, x in enumerate(range(0, _SIDE + 4, 4))
    ]
    ImageDraw.Draw(page).line(points, fill=255, width=1)
    return np.asarray(page)


def _canny_edges(image: Picture, _: np.random.Generator) -> Picture:
    """Edges one pixel wide, white on black: where ink borders on paper."""
    ink = np.where(image > 100, 255, 0).astype(np.uint8)
    inner = np.asarray(Image.fromarray(ink).filter(ImageFilter.MinFilter(3)))
    return np.asarray(ink - inner, np.uint8)


KINDS: dict[str, Draw] = {
    "corrupt-shot-noise": _shot_noise,
    "corrupt-impulse-noise": _impulse_noise,
    "corrupt-glass-blur": _glass_blur,
    "corrupt-motion-blur": _motion_blur,
    "corrupt-shear": _shear,
    "corrupt-scale": _scale,
    "corrupt-rotate": _rotate,
    "corrupt-brightness": _brightness,
    "corrupt-translate": _translate,
    "corrupt-stripe": _stripe,
    "corrupt-fog": _fog,
    "corrupt-spatter": _spatter,
    "corrupt-dotted-line": _dotted_line,
    "corrupt-zigzag": _zigzag,
    "corrupt-canny-edges": _canny_edges,
}
"""Each kind by name: from a digit (28, 28), white on black, and random numbers."""
