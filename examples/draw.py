"""Draw the example pictures: the glyphs that no model was trained on, on papers that we made up.

`python -m examples.draw` writes them beside this file; tests and benchmarks draw others.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from tests.glyphs import digit_mask


@dataclass(frozen=True)
class Pen:
    """A pen: its width as a share of the digit's height, and its colour."""

    width: float = 0.09
    colour: tuple[int, int, int] = (20, 20, 30)


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
