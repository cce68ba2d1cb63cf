"""What the command line prints of answers that are in doubt."""

from __future__ import annotations

import pytest

from mnist_infer.answers import Answer, page_record
from mnist_infer.cli.output import as_text
from mnist_infer.results import READING_THRESHOLD, LocatedDigit, Reading


def line(*confidences: float) -> tuple[LocatedDigit, ...]:
    return tuple(
        LocatedDigit(digit, confidence, (0, 0, 9, 9))
        for digit, confidence in enumerate(confidences)
    )


@pytest.mark.parametrize(
    ("least", "printed"), [(READING_THRESHOLD, "01"), (READING_THRESHOLD - 0.01, "01?")]
)
def test_a_line_with_an_uncertain_digit_has_a_question_mark_at_its_end(least: float, printed: str):
    reading = Reading((line(0.99), line(0.99, least)))
    assert list(as_text([Answer("a.png", reading=reading)], top=1)) == [
        "a.png  0\n",
        f"a.png  {printed}\n",
    ]


def test_records_keep_the_text_without_question_marks():
    reading = Reading((line(0.1, 0.9),))
    assert page_record(Answer("a.png", reading=reading, uncertain=True))["text"] == "01"
