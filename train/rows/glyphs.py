"""Single glyphs for generated rows: digits from MNIST, in our own styles and printed; letters."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from train.data import Array
from train.nondigits import written_letters
from train.rows.allographs import ALLOGRAPHS
from train.rows.signs import AROUND, BETWEEN, written_signs
from train.rows.skeleton import skeleton
from train.styles import styled_digits

HELD_OUT = 5000
"""The last training images: rows to fit use none of them, rows to evaluate nothing else."""

STYLED = 20_000
"""Styled digits that are drawn once and then picked from."""

RARE = 8_000
"""Digits in rare allographs that are drawn once and then picked from."""

LETTERS = 2_000
"""Written letters that are drawn once and then picked from."""

SIGNS = 200
"""Drawings of each written sign that are drawn once and then picked from."""

FONTS = ("DejaVuSans", "DejaVuSerif", "DejaVuSans-Oblique", "cmr10", "cmtt10", "STIXGeneral")

# How often a digit comes from each source; print is rare, since print is not what we are for.
_SOURCES = ("mnist", "styled", "printed")
_SHARES = (0.68, 0.27, 0.05)


@dataclass(frozen=True)
class Glyphs:
    """Digits by source, letters and signs; white ink on black, uint8 `(N, 28, 28)`."""

    mnist: tuple[Array, ...]
    styled: tuple[Array, ...]
    rare: tuple[Array, ...]
    letters: Array
    around: Array
    between: tuple[Array, ...]

    def digit(
        self, label: int, source: str, rng: np.random.Generator, *, thin: bool = False
    ) -> Array:
        """Pick a digit, cropped to its ink: uint8 `(h, w)`.

        Args:
            label: 0 to 9.
            rng: Decides which.
            source: `"mnist"`, `"styled"`, `"rare"` (MNIST, where there is no rare allograph), or
                the name of a font.
            thin: Return its skeleton, unless it is printed.
        """
        if source in FONTS:
            return printed(str(label), source)
        pools = {"mnist": self.mnist, "styled": self.styled, "rare": self.rare}
        pool = pools[source][label]
        if not len(pool):
            pool = self.mnist[label]
        return _pick(pool, rng, thin)

    def letter(self, rng: np.random.Generator, *, thin: bool = False) -> Array:
        """Pick a letter as a pen writes it, or its skeleton, cropped to its ink: uint8 `(h, w)`."""
        return _pick(self.letters, rng, thin)

    def sign(self, rng: np.random.Generator, *, thin: bool = False) -> Array:
        """Pick a sign that stands around an amount, as `letter` does."""
        return _pick(self.around, rng, thin)

    def sign_between(self, number: int, rng: np.random.Generator, *, thin: bool = False) -> Array:
        """Pick the sign of this number of `BETWEEN`, as `letter` does."""
        return _pick(self.between[number], rng, thin)


def load(images: Array, labels: Array, seed: int) -> Glyphs:
    """Sort digits by label, and draw the styled ones, the letters and the signs.

    Args:
        images: MNIST's training images `(N, 28, 28)`, or the part that may be used.
        labels: Their digits `(N,)`.
        seed: Decides what is drawn.
    """
    rng = np.random.default_rng(seed)
    styled, styled_labels = styled_digits(STYLED, rng)
    letters = written_letters(LETTERS, rng)
    rare, rare_labels = styled_digits(RARE, rng, ALLOGRAPHS)
    return Glyphs(
        mnist=_by_digit(images, labels),
        styled=_by_digit(styled, styled_labels),
        rare=_by_digit(rare, rare_labels),
        letters=letters,
        around=np.concatenate(written_signs(SIGNS, AROUND, rng)),
        between=written_signs(SIGNS, BETWEEN, rng),
    )


def _pick(pool: Array, rng: np.random.Generator, thin: bool) -> Array:
    image = pool[rng.integers(len(pool))]
    return crop(skeleton(image) if thin else image)


def _by_digit(images: Array, labels: Array) -> tuple[Array, ...]:
    return tuple(images[labels == digit] for digit in range(10))


def pick_source(rng: np.random.Generator) -> str:
    """Pick where the digits of a row come from: a source, or a font."""
    source = str(rng.choice(_SOURCES, p=_SHARES))
    return str(rng.choice(FONTS)) if source == "printed" else source


def crop(image: Array) -> Array:
    """Crop a glyph to its ink; uint8 `(H, W)` -> `(h, w)`."""
    rows, columns = (np.flatnonzero(image.max(axis=axis) > 60) for axis in (1, 0))
    return image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


@cache
def printed(text: str, font: str) -> Array:
    """Print a text about 28 pixels high, cropped to its ink: uint8 `(h, w)`."""
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{font}.ttf"
    face = ImageFont.truetype(path, 36)
    left, top, right, bottom = face.getbbox(text)
    page = Image.new("L", (int(right - left) + 8, int(bottom - top) + 8))
    ImageDraw.Draw(page).text((4 - left, 4 - top), text, fill=255, font=face)
    return crop(np.asarray(page))
