"""Digits from few pixels: what is left of them in old scans, small crops and 8x8 data sets."""

import numpy as np
from PIL import Image

from mnist_infer.imaging.normalize import BOX, CENTRE, SIDE, normalize
from train.data import Array

_MIN_PIXELS, _MAX_PIXELS = 7, 16  # pixels along the longer side
_HALF = 11  # half a window around a digit's centre of mass, with room for a tail


def coarse_copies(images: Array, rng: np.random.Generator) -> Array:
    """Shrink each image to a few pixels and normalise what is left; uint8 (N, 28, 28)."""
    count = len(images)
    pixels = _MIN_PIXELS + (_MAX_PIXELS - _MIN_PIXELS) * rng.random(count) ** 2
    heights = np.rint(pixels * 2 * _HALF / BOX).astype(int)
    widths = np.rint(heights * np.exp(rng.normal(-0.1, 0.15, count))).astype(int)
    corners = CENTRE - _HALF + rng.uniform(-1, 1, (count, 2))
    # Scans of few pixels were thresholded more often than not: their strokes fill up.
    contrasts = rng.uniform(1, 2.5, count)
    copies = np.empty((count, SIDE, SIDE), np.uint8)
    for copy, image, (left, top), height, width, contrast in zip(
        copies, images, corners, heights, widths, contrasts, strict=True
    ):
        window = (left, top, left + 2 * _HALF, top + 2 * _HALF)
        small = Image.fromarray(image).resize((width, height), Image.Resampling.BOX, window)
        copy[:] = normalize((np.asarray(small) * contrast).clip(0, 255).astype(np.uint8))
    return copies
