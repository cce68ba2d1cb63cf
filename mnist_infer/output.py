"""Answers as text for people and as JSON records for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mnist_infer.errors import ImageError
    from mnist_infer.results import Prediction


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one image: a prediction, an error, or both where confidence is too low."""

    path: str
    prediction: Prediction | None = None
    error: ImageError | None = None
    seen: NDArray[np.uint8] | None = None
    """What the network saw, `(28, 28)`, where it was asked for."""


def record(answer: Answer) -> dict[str, Any]:
    """One JSON record; `digit` is null and `error` is there when the image has no answer."""
    prediction, error = answer.prediction, answer.error
    fields: dict[str, Any] = {
        "path": answer.path,
        "digit": prediction.digit if prediction and not error else None,
        "confidence": prediction.confidence if prediction else None,
        "probabilities": prediction.probabilities if prediction else None,
    }
    if error:
        fields["error"] = {"type": type(error).__name__, "message": error.message}
    return fields


def as_json(answers: Iterable[Answer]) -> Iterator[str]:
    """One array with a record a line."""
    separator = "[\n"
    for answer in answers:
        yield separator + json.dumps(record(answer))
        separator = ",\n"
    yield "\n]\n"


def as_jsonl(answers: Iterable[Answer]) -> Iterator[str]:
    """A record a line."""
    for answer in answers:
        yield json.dumps(record(answer)) + "\n"


def as_text(answers: Iterable[Answer], top: int) -> Iterator[str]:
    """A line for each image that has an answer: path, and the `top` digits with confidence."""
    for answer in answers:
        if answer.prediction and not answer.error:
            yield f"{answer.path}  {_ranking(answer.prediction, top)}\n"


def as_drawing(answers: Iterable[Answer], top: int, encoding: str) -> Iterator[str]:
    """As `as_text`, each line followed by what the network saw and a bar for each digit."""
    from mnist_infer.render import render

    for answer in answers:
        yield from as_text([answer], top)
        if answer.seen is not None and answer.prediction:
            yield render(answer.seen, answer.prediction, encoding) + "\n"


def _ranking(prediction: Prediction, top: int) -> str:
    return "   ".join(
        f"{digit}  {probability * 100:.1f} %" for digit, probability in prediction.top(top)
    )
