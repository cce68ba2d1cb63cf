"""Put ink on paper and photograph it: papers, light, pens, blur, noise, compression, bitmaps."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from train.data import Array

Floats = npt.NDArray[np.float32]


BITMAPS = 0.14
"""How often rows are black-and-white bitmaps."""


def photograph(ink: Floats, rng: np.random.Generator, bitmaps: float = BITMAPS) -> Array:
    """Make a grey picture of a row of ink.

    Args:
        ink: float32 `(H, W)` from 0 to 1.
        rng: Decides paper, pen and camera.
        bitmaps: How often it is a black-and-white bitmap; a coarse one is enlarged, with soft or
            hard edges.

    Returns:
        uint8 `(H, W)`, mostly dark ink on bright paper.
    """
    if rng.random() < bitmaps:
        methods = (Image.Resampling.NEAREST, Image.Resampling.BILINEAR)
        picture = bitmap(ink, rng, methods[rng.integers(2)])
    else:
        picture = _photo(ink, rng)
    return 255 - picture if rng.random() < 0.25 else picture


def bitmap(
    ink: Floats,
    rng: np.random.Generator,
    enlarge: Image.Resampling = Image.Resampling.NEAREST,
) -> Array:
    """Draw ink in pure black on white, at times with a fat brush, perhaps in coarse pixels.

    Args:
        ink: float32 `(H, W)` from 0 to 1.
        rng: Decides brush and pixels.
        enlarge: How coarse pixels are brought to the size of the ink.
    """
    image = Image.fromarray((255 * ink).astype(np.uint8))
    if rng.random() < 0.4:
        image = image.filter(ImageFilter.MaxFilter(3 + 2 * int(rng.integers(2))))
    size = image.size
    if rng.random() < 0.5:
        share = rng.uniform(0.35, 1)
        image = image.resize(_scaled(size, share), Image.Resampling.BOX)
    level = rng.uniform(60, 150)
    image = image.point([0 if shade > level else 255 for shade in range(256)])
    return np.asarray(image.resize(size, enlarge))


def _photo(ink: Floats, rng: np.random.Generator) -> Array:
    height, width = ink.shape
    contrast = rng.uniform(0.18, 1)
    bright = rng.uniform(0.5, 1) if contrast < 0.5 else rng.uniform(0.85, 1)
    paper = _paper(height, width, rng) * bright
    if rng.random() < 0.3:  # chalk and pencil catch on the grain
        ink = ink * np.clip(1 + grain(height, width, rng) * rng.uniform(0.1, 0.5), 0.2, 1)
    if rng.random() < 0.2:  # a pen that runs dry or is pressed unevenly
        ink = ink * np.linspace(rng.uniform(0.45, 1), rng.uniform(0.45, 1), width, dtype=np.float32)
    image = Image.fromarray(_to_grey(paper * (1 - contrast * ink)))
    if rng.random() < 0.55:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 1.3)))
    if rng.random() < 0.25:  # a small picture: what is left of a far photo
        small = image.resize(_scaled(image.size, rng.uniform(0.35, 0.8)), Image.Resampling.BOX)
        image = small.resize(image.size, Image.Resampling.BILINEAR)
    if rng.random() < 0.5:
        noise = rng.standard_normal((height, width), np.float32) * rng.uniform(1, 14)
        image = Image.fromarray((np.asarray(image) + noise).clip(0, 255).astype(np.uint8))
    if rng.random() < 0.2:
        packed = io.BytesIO()
        image.save(packed, "JPEG", quality=int(rng.integers(12, 70)))
        image = Image.open(packed)
    return np.asarray(image)


def _paper(height: int, width: int, rng: np.random.Generator) -> Floats:
    """Draw bare paper, float32 `(H, W)` around 1: light, shadows, texture, security printing."""
    across = np.linspace(-1, 1, width, dtype=np.float32)
    down = np.linspace(-1, 1, height, dtype=np.float32)[:, None]
    paper = 1 + np.float32(rng.normal(0, 0.07)) * across + np.float32(rng.normal(0, 0.05)) * down
    kind = rng.random()
    if kind < 0.3:
        paper = paper + grain(height, width, rng) * rng.uniform(0.01, 0.09)
    elif kind < 0.48:
        paper = paper - security_lines(height, width, rng) * rng.uniform(0.05, 0.35)
    if rng.random() < 0.15:  # the edge of a shadow, or of a dark margin
        angle = rng.uniform(-0.6, 0.6)
        place = rng.uniform(-1.2, 1.2)
        distance = (across + angle * down - place) * width / 2
        edge = 1 / (1 + np.exp(np.clip(-distance / rng.uniform(0.5, 10), -30, 30)))
        paper = paper * (1 - rng.uniform(0.1, 0.45) * edge)
    return np.asarray(paper, np.float32)


def grain(height: int, width: int, rng: np.random.Generator) -> Floats:
    """Draw blotches of some size, mean 0 and deviation 1."""
    size = rng.uniform(1, 8)
    shape = max(2, round(height / size)), max(2, round(width / size))
    small = rng.standard_normal(shape, np.float32)
    image = Image.fromarray(small).resize((width, height), Image.Resampling.BICUBIC)
    blotches = np.asarray(image)
    return np.asarray((blotches - blotches.mean()) / (blotches.std() + 1e-6), np.float32)


def security_lines(height: int, width: int, rng: np.random.Generator) -> Floats:
    """Draw families of fine wavy lines, as on cheques: float32 `(H, W)` from 0 to 1."""
    y, x = np.mgrid[:height, :width].astype(np.float32)
    lines = np.zeros((height, width), np.float32)
    for _ in range(rng.integers(1, 4)):
        angle = rng.uniform(0, np.pi)
        along = np.cos(angle) * x + np.sin(angle) * y
        athwart = np.cos(angle) * y - np.sin(angle) * x
        wave = rng.uniform(0, 5) * np.sin(along / rng.uniform(4, 25) + rng.uniform(0, 6))
        phase = (athwart + wave) * (2 * np.pi / rng.uniform(2.5, 9))
        lines = np.maximum(lines, np.sin(phase) ** (2 * int(rng.integers(1, 4))))
    return lines


def _scaled(size: tuple[int, int], share: float) -> tuple[int, int]:
    return max(3, round(size[0] * share)), max(3, round(size[1] * share))


def _to_grey(shade: Floats) -> Array:
    return (255 * shade).clip(0, 255).astype(np.uint8)
