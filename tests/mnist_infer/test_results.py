"""What `Reading.text` says, gaps and unread digits included; which pictures explain an answer."""

import numpy as np
import pytest

from mnist_infer.errors import ImageError, NoDigitError
from mnist_infer.results import (
    Explanation,
    LocatedDigit,
    NetworkInputs,
    Prediction,
    Reading,
    Unread,
)


def line(*places: int, top: int = 0) -> tuple[LocatedDigit, ...]:
    """Digits 1, 2, ... of 20 x 40 pixels at these places from the left."""
    return tuple(LocatedDigit(k + 1, 0.9, (x, top, 20, 40)) for k, x in enumerate(places))


def test_a_gap_wider_than_its_lines_others_is_a_space():
    reading = Reading((line(0, 30, 60, 120), line(0, 80, top=100)))
    assert reading.text == "123 4\n1 2"
    assert reading.as_text(spaces=False) == "1234\n12"


@pytest.mark.parametrize("step", [20, 30, 40])
def test_even_gaps_are_no_spaces(step: int):
    assert Reading((line(*range(0, 5 * step, step)),)).text == "12345"


def test_what_was_not_read_between_two_digits_is_a_question_mark():
    reading = Reading((line(0, 30, 90),), (Unread((60, 2, 20, 38), "no digit"),))
    assert reading.text == "12?3"
    assert reading.as_text(spaces=False) == "12?3"


@pytest.mark.parametrize("box", [(-40, 0, 20, 40), (130, 0, 20, 40), (60, 100, 20, 40)])
def test_what_is_before_behind_or_below_a_line_is_not_in_its_text(box: tuple[int, int, int, int]):
    assert Reading((line(0, 30, 60, 90),), (Unread(box, "no digit"),)).text == "1234"


IMAGE = np.zeros((28, 28), np.uint8)
ROW, CELL = "5-row-network", "7-cell-network"
WHOLE = "6-row-network-whole-picture"


@pytest.mark.parametrize(
    ("rows", "has_cell", "problem", "names"),
    [
        (1, True, None, [ROW, CELL]),
        (2, True, None, [ROW, WHOLE, CELL]),
        (1, False, NoDigitError("a dash"), [WHOLE]),
        (0, False, None, []),
    ],
    ids=["digit", "ink removed", "problem", "MNIST format"],
)
def test_an_explanation_has_what_each_network_sees(
    rows: int, has_cell: bool, problem: ImageError | None, names: list[str]
):
    seen = tuple(np.full((32, 40), number, np.uint8) for number in range(rows))
    cell = np.full((32, 32), 9, np.uint8) if has_cell else None
    prediction = Prediction(7, 1.0, (0.0,) * 7 + (1.0, 0.0, 0.0))
    inputs = NetworkInputs(IMAGE[np.newaxis], seen, cell, problem)
    explanation = Explanation(IMAGE, IMAGE, (0, 0, 28, 28), inputs, prediction)
    pictures = explanation.pictures()
    assert list(pictures) == ["1-foreground", "2-cleaned", "3-28x28", *names]
    assert [pictures[name][0, 0] for name in names] == [*range(rows), *[9] * has_cell]
