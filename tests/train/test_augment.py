from dataclasses import fields, replace

import numpy as np
import pytest

from train.augment import distort
from train.recipes import Distortion
from train.styles import styled_digits

STILL = Distortion(**{field.name: 0.0 for field in fields(Distortion)})


@pytest.fixture(scope="module")
def images():
    return styled_digits(300, np.random.default_rng(0))[0]


def distorted(images, distortion, seed=1):
    return distort(images, np.random.default_rng(seed), distortion)


def test_shape_and_dtype_are_kept(images):
    result = distorted(images, Distortion())
    assert result.shape == images.shape
    assert result.dtype == np.uint8


def test_the_input_is_left_alone(images):
    before = images.copy()
    distorted(images, Distortion())
    assert np.array_equal(images, before)


def test_the_same_seed_gives_the_same_images(images):
    first, again, other = (distorted(images, Distortion(), seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_no_image_is_lost(images):
    assert distorted(images, Distortion()).reshape(len(images), -1).max(axis=1).min() > 200


def test_without_distortion_a_digit_stays_nearly_as_it_is(images):
    difference = distorted(images, STILL).astype(int) - images
    assert np.abs(difference).mean() < 12


def test_what_is_distorted_is_in_the_mnist_format_again(images):
    bent = distorted(images, replace(STILL, rotation=15, scale=0.15, shear=0.2, elastic=1))
    mass = bent.sum(axis=(1, 2))
    for axis in (1, 2):
        centre = bent.sum(axis=axis) @ np.arange(28) / mass
        assert abs(centre.mean() - 14) < 0.2
        assert centre.std() < 1
    visible = bent >= 40
    sides = np.maximum(visible.any(axis=1).sum(axis=1), visible.any(axis=2).sum(axis=1))
    assert 19 <= sides.mean() <= 22


@pytest.mark.parametrize("field", [field.name for field in fields(Distortion)])
def test_every_distortion_does_something(images, field):
    amount = {"rotation": 15.0, "broken": 1.0, "soiled": 1.0, "faint": 1.0}.get(field, 0.3)
    changed = distorted(images, replace(STILL, **{field: amount}))
    assert not np.array_equal(changed, distorted(images, STILL))


def test_a_fat_pen_adds_ink_and_gaps_and_fading_take_it(images):
    def ink(**settings):
        return int(distorted(images, replace(STILL, **settings)).sum())

    still = ink()
    assert ink(broken=1.0) < 0.99 * still
    assert ink(faint=1.0) < 0.95 * still
    assert ink(soiled=1.0) > 1.1 * still
