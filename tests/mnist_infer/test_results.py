"""What `Reading.text` says: digits, wide gaps and what was left unread between digits."""

import pytest

from mnist_infer.results import LocatedDigit, Reading, Unread


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
