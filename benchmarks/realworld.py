"""Score a folder of people's own pictures: `python -m benchmarks.realworld DIR`.

`benchmarks.picture_sets` says what the folder holds. Printed are the accuracy of each set, of rows
also the wrong characters and the undetected length errors (digits are lost or added, and the answer
is not uncertain), and how well confidence tells digits from the rest. The most confident mistakes
come as a contact sheet, each tile with the picture, what the network saw, and the answer.

`--publish` writes the scores to `results/realworld.json`, and the documents' tables anew.
"""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps

from benchmarks import documents
from benchmarks.picture_sets import (
    NON_DIGITS,
    SEQUENCES,
    LabelledPicture,
    load_sets_or_exit,
    single_digits,
)
from benchmarks.text_errors import edit_distance, is_undetected_length_error
from mnist_infer import ImageError, NoDigitError, Recognizer
from mnist_infer.config import DEFAULT_MODEL

Scores = dict[str, Any]
"""Of a set `{"pictures", "right"}`, of rows `{"characters", "errors", "undetected_length_errors"}`
too; and under `NON_DIGITS` how well confidence tells digits from pictures without one."""

# The curve's point that is reported: the threshold that costs this share of the digits.
DIGITS_REJECTED = 0.02
SHOWN_MISTAKES = 60
TILE, COLUMNS, CAPTION = 120, 12, 14


@dataclass(frozen=True)
class Answer:
    """What came out for one picture; `text` is empty where there was no answer."""

    path: Path
    label: str
    text: str
    confidence: float
    seen: NDArray[np.uint8] | None = None
    """The 28x28 that the network saw; of a row nothing is shown."""

    is_uncertain: bool = True
    """Of a row: a digit is uncertain, or something was not read."""

    @property
    def right(self) -> bool:
        """Whether the text is the label, lines of a page counting as one."""
        return self.text == self.label


def main(arguments: Sequence[str] | None = None) -> None:
    """Score, print, and draw the contact sheets."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.realworld")
    parser.add_argument("folder", type=Path, help="where the sets lie")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="a bundled model or an ONNX file")
    parser.add_argument("--output", type=Path, default=Path("realworld"), help="for the sheets")
    parser.add_argument("--sheets", action="store_true", help="a contact sheet of every set too")
    parser.add_argument(
        "--publish", action="store_true", help="write results/realworld.json and the documents"
    )
    options = parser.parse_args(arguments)
    sets = load_sets_or_exit(options.folder, documents.SETS if options.publish else ())
    recognizer = Recognizer(options.model)
    answers = {name: answer_set(recognizer, name, pictures) for name, pictures in sets.items()}
    scores = score(answers)
    for line in report(scores):
        print(line)
    if NON_DIGITS not in scores:
        print(f"no AUROC: it needs single digits and {NON_DIGITS}", file=sys.stderr)
    if options.publish:
        publish(recognizer.model.name, scores)
    options.output.mkdir(parents=True, exist_ok=True)
    if options.sheets:
        for name, given in answers.items():
            contact_sheet(given).save(options.output / f"{name}.png")
    mistakes = [
        answer
        for name, given in answers.items()
        for answer in given
        if not answer.right and (answer.text or name != NON_DIGITS)
    ]
    mistakes.sort(key=lambda answer: -answer.confidence)
    if mistakes:
        contact_sheet(mistakes[:SHOWN_MISTAKES]).save(options.output / "mistakes.png")


def answer_set(
    recognizer: Recognizer, name: str, pictures: Sequence[LabelledPicture]
) -> list[Answer]:
    """The answers for one set: rows and pages are read, of others the digit is predicted."""
    answer = _read if name.startswith(SEQUENCES) else _predict
    return [answer(recognizer, picture.path, picture.label) for picture in pictures]


def _predict(recognizer: Recognizer, path: Path, label: str) -> Answer:
    try:
        explained = recognizer.explain(path)
    except ImageError:
        return Answer(path, label, "", 0.0)
    prediction = explained.prediction
    return Answer(path, label, str(prediction.digit), prediction.confidence, explained.image)


def _read(recognizer: Recognizer, path: Path, label: str) -> Answer:
    try:
        reading = recognizer.read(path)
    except NoDigitError:
        return Answer(path, label, "", 0.0)
    text = reading.as_text(spaces=False)
    return Answer(path, label, text, reading.confidence, is_uncertain=reading.is_uncertain)


def score(answers: dict[str, list[Answer]]) -> dict[str, Scores]:
    """What each set's answers are worth."""
    scores: dict[str, Scores] = {}
    for name, given in answers.items():
        if name != NON_DIGITS:
            right = sum(answer.right for answer in given)
            scores[name] = {"pictures": len(given), "right": right}
            if name.startswith(SEQUENCES):
                scores[name] |= _score_rows(given)
    if NON_DIGITS in answers and single_digits(answers):
        scores[NON_DIGITS] = _score_confidence(answers)
    return scores


def _score_rows(given: Sequence[Answer]) -> Scores:
    """Errors by character, and rows of wrong length that are not uncertain."""
    return {
        "characters": sum(len(answer.label) for answer in given),
        "errors": sum(edit_distance(answer.label, answer.text) for answer in given),
        "undetected_length_errors": sum(
            is_undetected_length_error(answer.label, answer.text, is_uncertain=answer.is_uncertain)
            for answer in given
        ),
    }


def _score_confidence(answers: dict[str, list[Answer]]) -> Scores:
    """How well a threshold on confidence tells digits from pictures without one."""
    digits, others = (
        np.array([answer.confidence for name in names for answer in answers[name]])
        for names in (single_digits(answers), [NON_DIGITS])
    )
    threshold = np.quantile(digits, DIGITS_REJECTED)
    return {
        "pictures": len(others),
        "auroc": round(auroc(digits, others), 4),
        "rejected": int(np.sum(others < threshold)),
        "no_answer": int(np.sum(others == 0)),
    }


def report(scores: dict[str, Scores]) -> Iterable[str]:
    """The lines of the result."""
    for name, found in scores.items():
        if name == NON_DIGITS:
            continue
        right, pictures = found["right"], found["pictures"]
        line = f"{name:16} {right:4} of {pictures:4}  {100 * right / pictures:5.1f} %"
        if "errors" in found:
            share = 100 * found["errors"] / found["characters"]
            line += f"  characters wrong {share:4.1f} %"
            line += f"  undetected length errors {found['undetected_length_errors']}"
        yield line
    if NON_DIGITS in scores:
        found = scores[NON_DIGITS]
        rejected, without = (found[name] / found["pictures"] for name in ("rejected", "no_answer"))
        yield f"AUROC of confidence, digits against the rest: {found['auroc']:.3f}"
        yield (
            f"rejected of the rest, when {DIGITS_REJECTED:.0%} of digits are: "
            f"{100 * rejected:.0f} % ({without:.0%} had no answer)"
        )


def publish(model: str, scores: dict[str, Scores]) -> None:
    """Put a model's scores into `results/realworld.json`, and the documents' tables in line."""
    results = documents.realworld() if documents.REALWORLD.is_file() else {}
    results[model] = {"date": datetime.date.today().isoformat(), "sets": scores}
    content = json.dumps(dict(sorted(results.items())), indent=1) + "\n"
    documents.REALWORLD.write_text(content, encoding="utf-8")
    documents.update()


def auroc(positive: NDArray[np.float64], negative: NDArray[np.float64]) -> float:
    """Area under the ROC curve: how often a positive scores above a negative; ties count half."""
    above = positive[:, None] > negative
    level = positive[:, None] == negative
    return float(above.mean() + level.mean() / 2)


def contact_sheet(answers: Sequence[Answer]) -> Image.Image:
    """A tile for each answer: the picture, the 28x28 that the network saw, label > answer."""
    rows = -(-len(answers) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * TILE, rows * (TILE + CAPTION)), "grey")
    draw = ImageDraw.Draw(sheet)
    for place, answer in enumerate(answers):
        x, y = place % COLUMNS * TILE, place // COLUMNS * (TILE + CAPTION)
        with Image.open(answer.path) as file:
            file.draft("RGB", (TILE, TILE))
            picture = ImageOps.exif_transpose(file).convert("RGBA")
        picture.thumbnail((TILE - 4, TILE - 4))
        sheet.paste(picture, (x, y + CAPTION), picture)
        if answer.seen is not None:
            seen = Image.fromarray(answer.seen).resize((42, 42))
            sheet.paste(seen, (x + TILE - 44, y + CAPTION + TILE - 44))
        caption = f"{answer.label} > {answer.text or 'none'} {answer.confidence:.2f}"
        draw.text((x + 2, y + 1), caption.replace("\n", "/"), "white" if answer.right else "yellow")
    return sheet


if __name__ == "__main__":
    main()
