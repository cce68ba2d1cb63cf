"""A folder of as many digits as one likes, drawn by ourselves, in the MNIST format as PNG files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.pictures import mnist_digits

IMAGES_A_FOLDER = 1000
_DRAWN = 200


def write_digits(folder: Path, count: int) -> None:
    """Write `count` images, no two alike, a thousand to a subfolder; the same each time.

    A few hundred are drawn; all others are these with other greys in their ink.
    """
    drawn = mnist_digits(_DRAWN)
    rng = np.random.default_rng(0)
    for number in range(count):
        image = drawn[number % _DRAWN].copy()
        brightest = image.argmax()
        image -= np.minimum(image, rng.integers(0, 60, image.shape, np.uint8)) * (image > 100)
        image.flat[brightest] = 255
        path = folder / f"{number // IMAGES_A_FOLDER:05}" / f"{number:08}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
