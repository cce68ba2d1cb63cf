"""A bitmap that its digit fills beyond the border: either of its two levels may be the paper."""

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mnist_infer import Recognizer
from mnist_infer.decode.images import decode_picture
from mnist_infer.imaging.pipeline import WORKING_SIDE, prepare
from tests.glyphs import digit_mask


def bitmap(digit: int, pen_width: float, cut: float, side: int = 24) -> NDArray[np.uint8]:
    """A digit in black on white, with a part of its box cut off at each side."""
    ink = np.asarray(digit_mask(digit, 160, pen_width)) > 100
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    top, bottom = np.quantile(rows, (cut, 1 - cut)).astype(int)
    left, right = np.quantile(columns, (cut, 1 - cut)).astype(int)
    part = Image.fromarray(ink[top:bottom, left:right]).convert("L")
    size = (round(side * part.width / max(part.size)), round(side * part.height / max(part.size)))
    return np.asarray(part.resize(size).point(lambda level: 0 if level > 127 else 255))


CUT = [(2, 0.25, 0.2), (5, 0.25, 0.1), (9, 0.25, 0.1)]


@pytest.mark.parametrize("negative", [False, True])
@pytest.mark.parametrize(("digit", "pen_width", "cut"), CUT)
def test_the_networks_judge_which_level_is_the_paper(
    recognizer: Recognizer, digit: int, pen_width: float, cut: float, negative: bool
):
    picture = bitmap(digit, pen_width, cut)
    explanation = recognizer.explain(255 - picture if negative else picture)
    assert explanation.prediction.digit == digit
    assert explanation.prediction == recognizer.predict(255 - picture if negative else picture)
    assert np.array_equal(explanation.foreground > 127, picture == 0)
    assert [answer.digit for answer in recognizer.predict_each([picture])] == [digit]


def test_a_drawing_with_much_paper_has_one_polarity(recognizer: Recognizer):
    picture = np.pad(bitmap(5, 0.09, 0.0, side=60), 30, constant_values=255)
    assert prepare(decode_picture(picture, WORKING_SIDE)).alternatives == ()
    assert recognizer.predict(picture).digit == 5


def test_a_chequerboard_is_no_sure_digit_in_either_polarity(recognizer: Recognizer):
    board = np.kron(np.indices((4, 4)).sum(axis=0) % 2, np.full((8, 8), 255)).astype(np.uint8)
    assert prepare(decode_picture(board, WORKING_SIDE)).alternatives
    assert recognizer.predict(board).confidence < 0.5
