"""The outcome for one image, and its JSON record: alike on the command line and the server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NotRequired, TypedDict

from mnist_infer.results import Reading

if TYPE_CHECKING:
    from pathlib import Path

    from mnist_infer.errors import ImageError
    from mnist_infer.results import Explanation, Prediction


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one image: a result, an error, or both where confidence is too low."""

    path: str
    prediction: Prediction | None = None
    reading: Reading | None = None
    explanation: Explanation | None = None
    error: ImageError | None = None
    uncertain: bool | None = None
    """What `is_uncertain` returns; None also if there is no answer."""

    saved: tuple[Path, ...] = ()
    """The files that `explain` saved of it."""


def is_uncertain(result: Prediction | Reading, digit_threshold: float | None) -> bool | None:
    """Tell whether a result is uncertain; None for a prediction without a threshold.

    Args:
        result: A prediction or a reading.
        digit_threshold: The model's recommended threshold for a prediction, if it has one.
    """
    if isinstance(result, Reading):
        return result.is_uncertain
    return None if digit_threshold is None else result.confidence < digit_threshold


class ErrorRecord(TypedDict):
    """An error's type, and what was found and what to do."""

    type: str
    message: str


class DigitRecord(TypedDict):
    """The answer for a picture of one digit.

    `digit` is null, and `error` is there, when the picture has no answer. `uncertain` says whether
    the confidence is below the model's recommended threshold; it is null where there is no
    confidence, or where the model is a user's own, which has no such threshold.
    """

    path: str
    digit: int | None
    confidence: float | None
    uncertain: bool | None
    probabilities: tuple[float, ...] | None
    error: NotRequired[ErrorRecord]


class LocatedDigitRecord(TypedDict):
    """A digit of a page. `box` is x, y, width and height in the picture's pixels."""

    digit: int
    confidence: float
    box: tuple[int, int, int, int]


class UnreadRecord(TypedDict):
    """What may be a digit and was not read. `box` is as in a digit's record."""

    box: tuple[int, int, int, int]
    reason: str


class PageRecord(TypedDict):
    """The answer for a page: its digits in reading order.

    `text` is null, and `error` is there, when the picture has no answer. `uncertain` says whether
    the confidence of any digit is below 0.7, or `unread` is not empty; it is null where there is no
    digit.
    """

    path: str
    text: str | None
    lines: list[str]
    uncertain: bool | None
    digits: list[LocatedDigitRecord]
    unread: list[UnreadRecord]
    error: NotRequired[ErrorRecord]


def digit_record(answer: Answer) -> DigitRecord:
    """Give the JSON record of a picture of one digit."""
    prediction = answer.prediction
    record = DigitRecord(
        path=answer.path,
        digit=prediction.digit if prediction and not answer.error else None,
        confidence=prediction.confidence if prediction else None,
        uncertain=answer.uncertain,
        probabilities=prediction.probabilities if prediction else None,
    )
    if answer.error:
        record["error"] = error_record(answer.error, answer.error.message)
    return record


def page_record(answer: Answer, *, spaces: bool = True) -> PageRecord:
    """Give the JSON record of a page.

    Wide gaps are spaces in `text` and `lines` unless `spaces` is false.
    """
    text = answer.reading.as_text(spaces=spaces) if answer.reading else None
    digits = answer.reading.digits if answer.reading else ()
    unread = answer.reading.unread if answer.reading else ()
    record = PageRecord(
        path=answer.path,
        text=None if answer.error else text,
        lines=text.split("\n") if text else [],
        uncertain=answer.uncertain,
        digits=[
            {"digit": located.digit, "confidence": located.confidence, "box": located.box}
            for located in digits
        ],
        unread=[{"box": each.box, "reason": each.reason} for each in unread],
    )
    if answer.error:
        record["error"] = error_record(answer.error, answer.error.message)
    return record


def error_record(error: Exception, message: str) -> ErrorRecord:
    """Give the JSON record of an error."""
    return {"type": type(error).__name__, "message": message}
