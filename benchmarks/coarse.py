"""Score digits of few pixels: `python -m benchmarks.coarse [--model NAME] [--data MNIST]`.

Printed is the accuracy, through `predict`, on scikit-learn's `load_digits` (8x8, 43 writers from
Turkey) and on MNIST's test digits shrunk to 8x8, 12x12 and 16x16, which is how USPS and semeion
hold theirs.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from sklearn.datasets import load_digits

from benchmarks.data import load_or_exit
from mnist_infer import ImageError, Recognizer
from mnist_infer.config import DEFAULT_MODEL
from mnist_infer.imaging.normalize import BOX, SIDE

SIDES = (8, 12, 16)
Picture = NDArray[np.uint8]


def main(arguments: Sequence[str] | None = None) -> None:
    """Score and print."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.coarse")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="a bundled model or an ONNX file")
    parser.add_argument("--data", help="MNIST, as `python -m train fit` finds it")
    options = parser.parse_args(arguments)
    recognizer = Recognizer(options.model)
    for name, images, labels in pictures(options.data):
        right = [is_right(recognizer, *pair) for pair in zip(images, labels, strict=True)]
        share = 100 * sum(right) / len(right)
        print(f"{name:14} {sum(right):5} of {len(right):5}  {share:5.2f} %", flush=True)


def pictures(data: str | None) -> Iterator[tuple[str, Iterable[Picture], Iterable[int]]]:
    """Each set's name, its pictures, white on black, and its labels."""
    small = load_digits()
    yield "load_digits", (small.images * (255 / 16)).astype(np.uint8), small.target
    mnist = load_or_exit(data)
    for side in SIDES:
        shrunk = (shrink(image, side) for image in mnist.x_test)
        yield f"MNIST {side}x{side}", shrunk, mnist.y_test


def shrink(image: Picture, side: int) -> Picture:
    """The frame's middle, 22 pixels of 28 that hold the digit, averaged to a few."""
    rim = (SIDE - BOX) // 2 - 1
    window = (rim, rim, SIDE - rim, SIDE - rim)
    return np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BOX, window))


def is_right(recognizer: Recognizer, image: Picture, label: int) -> bool:
    """Whether the answer is the label; no answer is wrong."""
    try:
        return recognizer.predict(image).digit == label
    except ImageError:
        return False


if __name__ == "__main__":
    main()
