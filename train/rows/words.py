"""Words as a pen writes them, from Hershey's stroke fonts (Hershey, 1967), no two alike."""

from __future__ import annotations

from functools import cache
from string import ascii_lowercase

import numpy as np
import numpy.typing as npt
from HersheyFonts import HersheyFonts
from PIL import Image, ImageDraw

from mnist_infer.imaging.normalize import normalize
from train.data import Array

_FONTS = ("scripts", "futural")
"""A linked script and plain letters, each of single strokes."""

_UNLIKE_DIGITS = "acdefhjkmnprtuvwxyACEFGHJKLMNPQRTUVWXY"
"""Letters that cannot be mistaken for a digit."""

_LEAST = 3  # letters; one or two alone could be a digit: an l, an o
_MOST = 9
_ADVANCE = 0.6  # room for a letter, as a part of a capital's height
_FINE = 4  # the drawing's resolution, before it is brought to its size


def pick_word(room: float, rng: np.random.Generator) -> str:
    """Pick a word of random letters, half of the time with a capital first.

    Args:
        room: In heights of capitals; the word is empty where there is too little.
        rng: Decides its length and its letters.
    """
    most = min(_MOST, int(room / _ADVANCE))
    if most < _LEAST:
        return ""
    word = "".join(rng.choice(list(ascii_lowercase), int(rng.integers(_LEAST, most + 1))).tolist())
    return word.capitalize() if rng.random() < 0.5 else word


def write_word(word: str, height: float, pen: float, rng: np.random.Generator) -> tuple[Array, int]:
    """Write a word in a hand of its own.

    Args:
        word: Letters.
        height: Of its capitals, in pixels.
        pen: Width of the strokes, in pixels.
        rng: Decides the font, how the word leans and bends, and how wide it is.

    Returns:
        Its ink, uint8 `(h, w)`, and the row of its baseline.
    """
    lines = _lines(word, str(rng.choice(_FONTS)))
    x, y = lines[..., 0], lines[..., 1]
    phases = rng.uniform(0, 2 * np.pi, 2)
    waves = rng.uniform(0, 0.08, 2)
    leaned = x * np.exp(rng.normal(0, 0.2)) + y * rng.normal(0.1, 0.25)
    x = leaned + waves[0] * np.sin(5 * y + phases[0])
    y = y + waves[1] * np.sin(2 * x + phases[1])
    scale, margin = height * _FINE, pen * _FINE
    points = np.stack((x - x.min(), y.max() - y), axis=-1) * scale + margin
    wide, tall = np.ceil(points.max(axis=(0, 1)) + margin).astype(int)
    page = Image.new("L", (int(wide), int(tall)))
    pencil = ImageDraw.Draw(page)
    width = max(1, round(pen * _FINE))
    for start, stop in points:
        pencil.line((*start, *stop), fill=255, width=width)
        reach = (width - 1) / 2
        pencil.ellipse((*(stop - reach), *(stop + reach)), fill=255)
    small = page.resize(
        (max(1, page.width // _FINE), max(1, page.height // _FINE)), Image.Resampling.BOX
    )
    return np.asarray(small), round((y.max() * scale + margin) / _FINE)


def script_letters(count: int, rng: np.random.Generator) -> Array:
    """Write single letters that no digit looks like, each in another hand: uint8 `(N, 28, 28)`."""
    letters = rng.choice(list(_UNLIKE_DIGITS), count)
    pens = rng.uniform(1.5, 4, count)
    written = (write_word(str(a), 24, pen, rng)[0] for a, pen in zip(letters, pens, strict=True))
    return np.stack([normalize(ink) for ink in written])


@cache
def _font(name: str) -> HersheyFonts:
    font = HersheyFonts()
    font.load_default_font(name)
    font.normalize_rendering(1.0)
    return font


def _lines(word: str, font: str) -> npt.NDArray[np.float64]:
    """The straight lines of a word, `(N, 2, 2)`: from and to, each x and y.

    In heights of capitals, from the left end of the baseline, y upwards.
    """
    base, height = _capital(font)
    lines = _drawn(word, font)
    lines[..., 1] -= base
    return lines / height


@cache
def _capital(font: str) -> tuple[float, float]:
    """The baseline of a font, and the height of its capitals above it."""
    y = _drawn("H", font)[..., 1]
    return float(y.min()), float(y.max() - y.min())


def _drawn(word: str, font: str) -> npt.NDArray[np.float64]:
    return np.array(list(_font(font).lines_for_text(word)), np.float64)
