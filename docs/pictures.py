"""Draw the documentation's pictures: `python -m docs.pictures`.

All of them show drawings of this repository, and what the installed models make of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from examples.draw import Pen, paper, write_on
from mnist_infer import Recognizer
from mnist_infer.cli.annotate import annotate

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "pictures"

HEIGHT = 168
"""Of each picture in a strip: six times the 28 pixels that the network sees."""
GAP = 12
COLOURS = 256


def draw(folder: Path = FOLDER) -> None:
    """Write all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    recognizer = Recognizer(device="cpu")
    pictures = {
        "note-five": strip(recognizer, Image.open(ROOT / "examples" / "note-five.jpg")),
        "chalk-three": strip(recognizer, Image.open(ROOT / "examples" / "chalk-three.jpg")),
        "cell-four": strip(recognizer, cell_four()),
        "page": read_page(recognizer, ROOT / "examples" / "page.jpg"),
    }
    for name, picture in pictures.items():
        picture.quantize(COLOURS).save(folder / f"{name}.png", optimize=True)


def strip(recognizer: Recognizer, picture: Image.Image) -> Image.Image:
    """A picture and each stage of its way to the network, side by side."""
    stages = recognizer.explain(picture).stages().values()
    return beside([picture.convert("RGB"), *map(Image.fromarray, stages)])


def beside(pictures: Sequence[Image.Image]) -> Image.Image:
    """The pictures at one height, on white."""
    scaled = [
        picture.convert("RGB").resize(
            (round(picture.width * HEIGHT / picture.height), HEIGHT),
            Image.Resampling.BOX if picture.height > HEIGHT else Image.Resampling.NEAREST,
        )
        for picture in pictures
    ]
    width = sum(picture.width for picture in scaled) + GAP * (len(scaled) - 1)
    row = Image.new("RGB", (width, HEIGHT), "white")
    left = 0
    for picture in scaled:
        row.paste(picture, (left, 0))
        left += picture.width + GAP
    return row


def cell_four() -> Image.Image:
    """A 4 in the cell of a printed table."""
    form = paper((300, 240), 11)
    lines = ImageDraw.Draw(form)
    for y in (40, 200):
        lines.line((0, y, form.width, y), fill=(90, 90, 95), width=3)
    for x in (60, 230):
        lines.line((x, 0, x, form.height), fill=(90, 90, 95), width=3)
    write_on(form, 4, (105, 70), 104, Pen(0.07, (30, 40, 110)), slant=0.1)
    grain = np.random.default_rng(12).normal(0, 2, (form.height, form.width, 1))
    return Image.fromarray(np.clip(np.asarray(form) + grain, 0, 255).astype(np.uint8))


def read_page(recognizer: Recognizer, path: Path) -> Image.Image:
    """A page with every digit in a box, as `mnist-infer read --annotate` draws it."""
    marked = annotate(path, recognizer.read(path))
    return marked.resize((800, round(marked.height * 800 / marked.width)), Image.Resampling.BOX)


if __name__ == "__main__":
    draw()
