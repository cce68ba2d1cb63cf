"""Single glyphs for generated rows: digits of MNIST, drawn and printed ones, letters and signs."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from train.data import Array
from train.doodles import blobs, doodles
from train.nondigits import written_letters
from train.rows.allographs import ALLOGRAPHS
from train.rows.signs import AROUND, BETWEEN, written_signs
from train.rows.skeleton import skeleton
from train.rows.words import script_letters
from train.styles import styled_digits

HELD_OUT = 5000
"""The last training images: rows to fit use none of them, rows to evaluate nothing else."""

FONTS = ("DejaVuSans", "DejaVuSerif", "DejaVuSans-Oblique", "cmr10", "cmtt10", "STIXGeneral")
FONTS_WITH_CURRENCIES = (
    *("DejaVuSans", "DejaVuSans-Bold", "DejaVuSansMono-Bold", "DejaVuSerif", "DejaVuSerif-Bold"),
    *("STIXGeneral", "STIXGeneralBol"),
)

ALIKE = 40
"""Of equally many digits, the most similar to a given one, a hand writes any for the other."""

# How often a digit comes from each source; print is rare, since print is not what we are for.
_SOURCES = ("mnist", "styled", "printed")
_SHARES = (0.68, 0.27, 0.05)

_NONDIGIT_SHARES = (0.34, 0.34, 0.22, 0.1)  # letters, script, drawings, blobs


@dataclass(frozen=True)
class Counts:
    """How many glyphs of each kind are drawn once and then picked from."""

    styled: int = 20_000
    rare: int = 8_000
    """Digits in rare allographs."""
    letters: int = 2_000
    """Written letters, as many of a script, and as many drawings."""
    blobs: int = 500
    """Filled shapes."""
    signs: int = 200
    """Drawings of each written sign."""


COUNTS = Counts()


@dataclass(frozen=True)
class Pool:
    """Drawings of one digit, uint8 `(N, 28, 28)`, what tells similar ones, and their mean lean."""

    images: Array
    forms: npt.NDArray[np.float32]
    lean: float

    def alike(self, number: int, rng: np.random.Generator) -> int:
        """Pick one of the `ALIKE` drawings that are most similar to the drawing of a number."""
        apart = np.square(self.forms - self.forms[number]).sum(axis=1)
        nearest = np.argpartition(apart, min(ALIKE, len(apart) - 1))[:ALIKE]
        return int(rng.choice(nearest))


@dataclass(frozen=True)
class Glyphs:
    """Digits by source, letters and signs; white ink on black, uint8 `(N, 28, 28)`."""

    mnist: tuple[Pool, ...]
    styled: tuple[Pool, ...]
    rare: tuple[Pool, ...]
    letters: Array
    script: Array
    doodles: Array
    blobs: Array
    around: Array
    between: tuple[Array, ...]

    def digit(
        self, label: int, source: str, rng: np.random.Generator, *, thin: bool = False
    ) -> Array:
        """Pick a digit, cropped to its ink: uint8 `(h, w)`.

        Args:
            label: 0 to 9.
            rng: Decides which.
            source: As for `pool`, or the name of a font.
            thin: Return its skeleton, unless it is printed.
        """
        if source in FONTS:
            return printed(str(label), source)
        return _pick(self.pool(label, source).images, rng, thin)

    def pool(self, label: int, source: str) -> Pool:
        """Return the drawings of a digit.

        Args:
            label: 0 to 9.
            source: `"mnist"`, `"styled"`, or `"rare"` (MNIST, where there is no rare allograph).
        """
        pools = {"mnist": self.mnist, "styled": self.styled, "rare": self.rare}
        pool = pools[source][label]
        return pool if len(pool.images) else self.mnist[label]

    def letter(self, rng: np.random.Generator, *, thin: bool = False) -> Array:
        """Pick a letter as a pen writes it, or its skeleton, cropped to its ink: uint8 `(h, w)`."""
        return _pick(self.letters, rng, thin)

    def nondigit(self, rng: np.random.Generator, *, thin: bool = False) -> Array:
        """Pick what stands among digits, as `letter` does: a letter, a script's, or a drawing.

        Blobs, which have no skeleton, are among these only if it is not asked for.
        """
        kinds = (self.letters, self.script, self.doodles, self.letters if thin else self.blobs)
        return _pick(kinds[rng.choice(4, p=_NONDIGIT_SHARES)], rng, thin)

    def sign(self, rng: np.random.Generator, *, thin: bool = False) -> Array:
        """Pick a sign that stands around an amount, as `letter` does."""
        return _pick(self.around, rng, thin)

    def sign_between(self, number: int, rng: np.random.Generator, *, thin: bool = False) -> Array:
        """Pick the sign of this number of `BETWEEN`, as `letter` does."""
        return _pick(self.between[number], rng, thin)


def load_glyphs(images: Array, labels: Array, seed: int, counts: Counts = COUNTS) -> Glyphs:
    """Sort digits by label, and draw the styled ones, the letters and the signs.

    Args:
        images: MNIST's training images `(N, 28, 28)`, or the part that may be used.
        labels: Their digits `(N,)`.
        seed: Decides what is drawn.
        counts: How much of it.
    """
    rng = np.random.default_rng(seed)
    styled, styled_labels = styled_digits(counts.styled, rng)
    letters = written_letters(counts.letters, rng)
    rare, rare_labels = styled_digits(counts.rare, rng, ALLOGRAPHS)
    return Glyphs(
        mnist=_by_digit(images, labels),
        styled=_by_digit(styled, styled_labels),
        rare=_by_digit(rare, rare_labels),
        letters=letters,
        around=np.concatenate(written_signs(counts.signs, AROUND, rng)),
        between=written_signs(counts.signs, [kind.sign for kind in BETWEEN], rng),
        # Last, so that a seed still draws the same of all others.
        script=script_letters(counts.letters, rng),
        doodles=doodles(counts.letters, rng),
        blobs=blobs(counts.blobs, rng),
    )


def _pick(pool: Array, rng: np.random.Generator, thin: bool) -> Array:
    return cut_out(pool[rng.integers(len(pool))], thin)


def cut_out(image: Array, thin: bool) -> Array:
    """Crop a drawing, or its skeleton, to its ink: uint8 `(28, 28)` -> `(h, w)`."""
    return crop(skeleton(image) if thin else image)


def _by_digit(images: Array, labels: Array) -> tuple[Pool, ...]:
    return tuple(_pool(images[labels == digit]) for digit in range(10))


def _pool(images: Array) -> Pool:
    # Means of 4 x 4 pixels: similar forms, whatever the pen.
    forms = images.reshape(-1, 7, 4, 7, 4).mean(axis=(2, 4), dtype=np.float32).reshape(-1, 49)
    typical = np.mean([lean(image) for image in images[:500]]) if len(images) else 0.0
    return Pool(images, forms, float(typical))


def lean(image: Array) -> float:
    """Measure how far a drawing leans to the right: the run of its ink for its rise, by moments."""
    rows, columns = np.nonzero(image > 60)
    y = rows - rows.mean()
    return float(-(y @ columns) / max(1.0, y @ y))


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
