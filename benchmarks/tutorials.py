"""Score what tutorials do with a picture: `python -m benchmarks.tutorials DIR`.

They shrink the whole picture to 28x28, or invert it too, or crop the digit and put its centre of
mass into the middle. Each is scored on the single digits of DIR, which `benchmarks.picture_sets`
describes, with the network of Keras' example as it is documented. Written is
`results/tutorials.json`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from benchmarks import RESULTS
from benchmarks.documents import SINGLE
from benchmarks.picture_sets import load_sets_or_exit
from mnist_infer import Recognizer

MODEL = "dense-512x2-documented"
SIDE, BOX = 28, 20

Picture = NDArray[np.uint8]


def main(arguments: Sequence[str] | None = None) -> None:
    """Score, print, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.tutorials")
    parser.add_argument("folder", type=Path, help="where the sets lie")
    parser.add_argument("--output", type=Path, default=RESULTS, help="the results' folder")
    options = parser.parse_args(arguments)
    found = load_sets_or_exit(options.folder, [name for names in SINGLE.values() for name in names])
    recognizer = Recognizer(MODEL, device="cpu")
    right: dict[str, dict[str, int]] = {}
    for kind, sets in SINGLE.items():
        labelled = [picture for name in sets for picture in found[name]]
        labels = [int(picture.label) for picture in labelled]
        pictures = [_grey(picture.path) for picture in labelled]
        right[kind] = {"pictures": len(pictures)}
        for name, prepare in WAYS.items():
            inputs = np.stack([prepare(picture) for picture in pictures])
            answers = recognizer.probabilities(inputs).argmax(axis=1)
            right[kind][name] = int((answers == labels).sum())
    text = json.dumps({"model": MODEL, "right": right}, indent=1) + "\n"
    (options.output / "tutorials.json").write_text(text, encoding="utf-8")
    print(text, end="")


def _grey(path: Path) -> Picture:
    with Image.open(path) as file:
        picture = ImageOps.exif_transpose(file)
        if picture.has_transparency_data:
            ground = Image.new("RGBA", picture.size, "white")
            picture = Image.alpha_composite(ground, picture.convert("RGBA"))
        return np.asarray(picture.convert("L"))


def shrink(picture: Picture) -> Picture:
    """The whole picture in 28x28."""
    return np.asarray(Image.fromarray(picture).resize((SIDE, SIDE)))


def invert(picture: Picture) -> Picture:
    """The same, inverted where it is more light than dark."""
    small = shrink(picture)
    return 255 - small if small.mean() > 127 else small


def crop(picture: Picture) -> Picture:
    """What is brighter than halfway, scaled to 20 pixels, its centre of mass in the middle."""
    ink = 255 - picture if picture.mean() > 127 else picture
    ink = ((ink - ink.min()) * (255 / max(1, int(np.ptp(ink))))).astype(np.uint8)
    rows, columns = (np.flatnonzero((ink > 127).any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return np.zeros((SIDE, SIDE), np.uint8)
    digit = Image.fromarray(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    scale = BOX / max(digit.size)
    digit = digit.resize([max(1, round(side * scale)) for side in digit.size])
    mass = np.asarray(digit, np.float64)
    x, y = (mass.sum(axis=axis) @ np.arange(n) / mass.sum() for axis, n in enumerate(digit.size))
    places = zip((x, y), digit.size, strict=True)
    canvas = Image.new("L", (SIDE, SIDE))
    canvas.paste(digit, tuple(min(max(0, round(SIDE / 2 - c)), SIDE - n) for c, n in places))
    return np.asarray(canvas)


WAYS: dict[str, Callable[[Picture], Picture]] = {
    "shrink to 28x28": shrink,
    "shrink and invert": invert,
    "crop and centre": crop,
}

if __name__ == "__main__":
    main()
