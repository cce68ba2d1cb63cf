"""Which images are in the MNIST format."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mnist_infer.imaging.mnist_format import are_mnist_format, mnist_box
from mnist_infer.imaging.normalize import normalize
from tests.mnist_infer.test_normalize import zero

NOT_MNIST = {
    "inverted": lambda image: 255 - image,
    "off centre": lambda image: np.roll(image, 3, axis=1),
    "dim": lambda image: image // 2,
    "not square": lambda image: image[:27],
    "blank": np.zeros_like,
    "specks in the corners": lambda image: np.maximum(image, 255 * np.eye(28, dtype=np.uint8)),
    "hairline": lambda image: (image > 0).astype(np.uint8) * 255 * (np.indices((28, 28))[1] == 14),
}


def is_mnist_format(image: NDArray[np.uint8]) -> bool:
    return mnist_box(image) is not None


@pytest.mark.parametrize("name", NOT_MNIST)
def test_what_is_not_in_the_mnist_format(name: str):
    assert not is_mnist_format(NOT_MNIST[name](normalize(zero(300, 20))))


@pytest.mark.parametrize(("level", "is_in"), [(76, True), (37, False)])
def test_the_centre_of_mass_is_half_a_pixel_off_the_middle_at_most(level: int, is_in: bool):
    """An upright bar that is faint at its top; its centre is 0.5 and 0.75 pixels too low."""
    image = np.zeros((28, 28), np.uint8)
    image[4:24, 13:16] = 255
    image[4:7, 13:16] = level
    assert is_mnist_format(image) is is_in


def test_mnist_is_in_the_mnist_format(mnist_path: Path):
    with np.load(mnist_path) as data:
        images = data["x_test"]
    assert np.mean([is_mnist_format(image) for image in images]) > 0.999


@pytest.mark.parametrize("count", [0, 1, 3, 4, 31, 32, 33, 500])
def test_a_batch_is_checked_as_each_of_its_images_is(count: int):
    images = variants()[:count]
    assert are_mnist_format(images).tolist() == [is_mnist_format(image) for image in images]


def test_the_variants_are_of_both_kinds():
    assert 0.1 < are_mnist_format(variants()).mean() < 0.9


def variants() -> NDArray[np.uint8]:
    """Digits that stand or lie, at every edge and beyond the centre, whole, dim, or worn thin."""
    images = []
    for pen in (2, 10, 30):
        upright = normalize(zero(300, pen))
        for digit in (upright, upright.T, upright * (upright > 200)):
            for offset in (0, 1, 2, 3, 5, 8):
                for axis in ((0,), (1,), (0, 1)):
                    moved = np.roll(digit, (offset,) * len(axis), axis)
                    images += [moved, np.roll(digit, (-offset,) * len(axis), axis), moved // 2]
    return np.stack(images)
