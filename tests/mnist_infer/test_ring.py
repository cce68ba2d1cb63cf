"""A digit in a ring, as numbers of lists and questions are."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mnist_infer import Recognizer
from mnist_infer.decode.images import decode_picture
from mnist_infer.imaging.find_digit import inside_ring
from mnist_infer.imaging.pipeline import WORKING_SIDE, prepare
from tests.pictures import drawn


def ringed(inside: NDArray[np.uint8], width: int = 5) -> NDArray[np.uint8]:
    """What is drawn in the middle of 140x140, in a ring."""
    picture = Image.fromarray(np.pad(inside, 40, constant_values=255))
    ImageDraw.Draw(picture).ellipse((8, 8, 212, 212), outline=0, width=width)
    return np.asarray(picture)


@pytest.mark.parametrize("width", [3, 7])
@pytest.mark.parametrize("digit", range(10))
def test_the_digit_in_a_ring_is_read(recognizer: Recognizer, digit: int, width: int):
    picture = ringed(drawn(digit), width)
    explanation = recognizer.explain(picture)
    assert explanation.prediction.digit == digit
    x, y, across, down = explanation.box
    assert x > 40
    assert y > 40
    assert max(across, down) < 140


@pytest.mark.parametrize("digit", range(10))
def test_a_digit_a_third_as_high_as_its_ring_is_read(recognizer: Recognizer, digit: int):
    small = np.pad(drawn(digit, 88), 26, constant_values=255)
    assert recognizer.predict(ringed(small)).digit == digit


def test_a_dot_in_a_ring_is_no_digit_in_a_ring():
    dot = np.full((140, 140), 255, np.uint8)
    dot[60:80, 60:80] = 0
    assert prepare(decode_picture(ringed(dot), WORKING_SIDE)).alternatives == ()


@pytest.mark.parametrize("level", [0, 1, 40, 255])
def test_what_has_no_component_has_no_inside(level: int):
    assert inside_ring(np.full((20, 20), level, np.uint8)) is None


def test_an_empty_ring_is_a_0(recognizer: Recognizer):
    assert recognizer.predict(ringed(np.full((140, 140), 255, np.uint8))).digit == 0
