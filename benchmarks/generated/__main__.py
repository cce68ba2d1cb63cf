"""Score generated pictures: `python -m benchmarks.generated [--only row] [--json]`.

The digits are MNIST's last 5,000 training images, which nothing was trained on. `predict` answers
pictures of one digit, `read` answers rows and pages, spaces left out. Printed is how often the
answer is exactly right; where there is no digit, how often it is that there is none. For rows also
the share of wrong characters, and the undetected length errors: digits are lost or added, and the
answer is not uncertain.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from benchmarks.data import load_or_exit
from benchmarks.generated import digits, rows
from benchmarks.text_errors import edit_distance, is_undetected_length_error
from mnist_infer import ImageError, NoDigitError, Recognizer
from mnist_infer.config import DEFAULT_MODEL
from mnist_infer.results import READING_THRESHOLD
from train.rows.glyphs import HELD_OUT, Glyphs, load_glyphs

COUNT = 200
"""Pictures of each kind: one answer is half a percent."""


@dataclass(frozen=True)
class Answer:
    """What is right and what was answered; both are empty where there is no digit."""

    label: str
    text: str
    is_uncertain: bool


@dataclass(frozen=True)
class Score:
    """How often one kind of picture was answered exactly."""

    right: int
    of: int
    percent: float
    wrong_characters: float | None = None
    undetected_length_errors: int | None = None

    def __str__(self) -> str:
        line = f"{self.right:4} of {self.of:4}  {self.percent:5.1f} %"
        if self.wrong_characters is None:
            return line
        return (
            f"{line}  characters wrong {self.wrong_characters:5.1f} %"
            f"  undetected length errors {self.undetected_length_errors}"
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Score and print."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.generated")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="a bundled model or an ONNX file")
    parser.add_argument("--data", help="MNIST, as `python -m train fit` finds it")
    parser.add_argument("--count", type=int, default=COUNT, help="pictures of each kind")
    parser.add_argument("--seed", type=int, default=0, help="of all random numbers")
    parser.add_argument("--only", default="", help="kinds whose name starts with this")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    options = parser.parse_args(arguments)
    recognizer = Recognizer(options.model)
    scores = {}
    for kind, answers in _answers(
        recognizer, options.only, options.count, options.seed, options.data
    ):
        scores[kind] = score(list(answers), has_length=kind in rows.KINDS)
        if not options.json:
            print(f"{kind:20} {scores[kind]}", flush=True)
    if options.json:
        print(json.dumps({kind: asdict(result) for kind, result in scores.items()}))
        return
    for name, kinds in (("digits", digits.KINDS), ("rows", rows.KINDS)):
        shares = [result.percent for kind, result in scores.items() if kind in kinds]
        if shares:
            print(f"mean of {len(shares)} kinds of {name}: {np.mean(shares):.1f} %")


def _answers(
    recognizer: Recognizer, only: str, count: int, seed: int, data: str | None
) -> Iterator[tuple[str, Iterable[Answer]]]:
    """Each chosen kind, and the answers to its pictures."""
    mnist = load_or_exit(data)
    images, labels = mnist.x_train[-HELD_OUT:], mnist.y_train[-HELD_OUT:]
    for kind in digits.KINDS:
        if kind.startswith(only):
            pairs = digits.pictures(kind, images, labels, count, seed)
            yield kind, (_predict(recognizer, *pair) for pair in pairs)
    glyphs: Glyphs | None = None
    for kind in rows.KINDS:
        if kind.startswith(only):
            glyphs = glyphs or load_glyphs(images, labels, seed=1)
            texts = rows.pictures(kind, glyphs, count, seed)
            yield kind, (_read(recognizer, *pair) for pair in texts)


def score(answers: Sequence[Answer], *, has_length: bool = False) -> Score:
    """Score one kind; with `has_length`, characters and lengths too."""
    right = sum(answer.text == answer.label for answer in answers)
    percent = round(100 * right / len(answers), 1)
    if not has_length:
        return Score(right, len(answers), percent)
    errors = sum(edit_distance(answer.label, answer.text) for answer in answers)
    characters = sum(len(answer.label or answer.text) for answer in answers)
    undetected = sum(
        is_undetected_length_error(answer.label, answer.text, is_uncertain=answer.is_uncertain)
        for answer in answers
    )
    wrong = round(100 * errors / max(1, characters), 1)
    return Score(right, len(answers), percent, wrong, undetected)


def _predict(recognizer: Recognizer, picture: digits.Picture, label: int | None) -> Answer:
    wanted = "" if label is None else str(label)
    try:
        prediction = recognizer.predict(picture)
    except ImageError as error:
        # Where there is no digit, "several digits" is a refusal too.
        refused = isinstance(error, NoDigitError) or not wanted
        return Answer(wanted, "" if refused else f"error: {error}", is_uncertain=True)
    return Answer(wanted, str(prediction.digit), prediction.confidence < READING_THRESHOLD)


def _read(recognizer: Recognizer, picture: rows.Picture, text: str) -> Answer:
    try:
        reading = recognizer.read(picture)
    except NoDigitError:
        return Answer(text, "", is_uncertain=True)
    return Answer(text, reading.as_text(spaces=False), reading.is_uncertain)


if __name__ == "__main__":
    main()
