"""Score a folder of people's own pictures: `python -m benchmarks.realworld DIR`.

The folder holds `<set>/<label>/<image>` for single digits, `sequences*/<string>__<image>` for
pages, and `nondigits/<image>`. Printed are the accuracy of each set, the exact matches of the
sequences, and how well confidence tells digits from the rest. The most confident mistakes come
as a contact sheet, each tile with the picture, what the network saw, and the answer.

`--publish` writes the scores to `results/realworld.json`, and the documents' tables anew.
"""

from __future__ import annotations

import argparse
import datetime
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageOps

from benchmarks import documents
from mnist_infer import ImageError, NoDigitError, Recognizer
from mnist_infer.config import DEFAULT_MODEL
from mnist_infer.results import READING_THRESHOLD

Scores = dict[str, Any]
"""Of a set `{"pictures", "right"}`, of rows `{"characters", "errors", "silent"}` too; and under
`NON_DIGITS` how well confidence tells digits from pictures without one."""

NON_DIGITS = "nondigits"
SEQUENCES = "sequences"
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
    seen: NDArray[np.uint8] | None
    unread: int = 0

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
    recognizer = Recognizer(options.model)
    answers = {
        folder.name: answer_set(recognizer, folder)
        for folder in sorted(options.folder.iterdir())
        if folder.is_dir()
    }
    scores = score(answers)
    print("\n".join(report(scores)))
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


def answer_set(recognizer: Recognizer, folder: Path) -> list[Answer]:
    """The answers for one set; the folder's name says of which kind it is."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if folder.name.startswith(SEQUENCES):
        return [_read(recognizer, path) for path in files]
    labels = ("" if folder.name == NON_DIGITS else path.parent.name for path in files)
    return [_predict(recognizer, path, label) for path, label in zip(files, labels, strict=True)]


def _predict(recognizer: Recognizer, path: Path, label: str) -> Answer:
    try:
        explained = recognizer.explain(path)
    except ImageError:
        return Answer(path, label, "", 0.0, None)
    prediction = explained.prediction
    return Answer(path, label, str(prediction.digit), prediction.confidence, explained.image)


def _read(recognizer: Recognizer, path: Path) -> Answer:
    label = path.name.split("__")[0]
    try:
        reading = recognizer.read(path)
    except NoDigitError:
        return Answer(path, label, "", 0.0, None)
    text = reading.as_text(spaces=False)
    return Answer(path, label, text, reading.confidence, None, len(reading.unread))


def score(answers: dict[str, list[Answer]]) -> dict[str, Scores]:
    """What each set's answers are worth."""
    scores: dict[str, Scores] = {}
    for name, given in answers.items():
        if name != NON_DIGITS:
            right = sum(answer.right for answer in given)
            scores[name] = {"pictures": len(given), "right": right}
            if name.startswith(SEQUENCES):
                scores[name] |= _score_rows(given)
    if NON_DIGITS in answers:
        scores[NON_DIGITS] = _score_confidence(answers)
    return scores


def _score_rows(given: Sequence[Answer]) -> Scores:
    """Errors by character, and rows of wrong length that nothing marks as doubtful."""
    return {
        "characters": sum(len(answer.label) for answer in given),
        "errors": sum(edit_distance(answer.label, answer.text) for answer in given),
        "silent": sum(
            len(answer.text) != len(answer.label)
            and answer.confidence >= READING_THRESHOLD
            and not answer.unread
            for answer in given
        ),
    }


def _score_confidence(answers: dict[str, list[Answer]]) -> Scores:
    """How well a threshold on confidence tells digits from pictures without one."""
    kinds: dict[bool, list[float]] = defaultdict(list)
    for name, given in answers.items():
        if not name.startswith(SEQUENCES):
            kinds[name != NON_DIGITS] += [answer.confidence for answer in given]
    digits, others = np.array(kinds[True]), np.array(kinds[False])
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
            line += f"  wrong length without a word of doubt {found['silent']}"
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


def edit_distance(label: str, text: str) -> int:
    """Levenshtein's distance: the insertions, deletions and substitutions from one to the other."""
    before = list(range(len(text) + 1))
    for i, expected in enumerate(label, start=1):
        after = [i]
        for j, found in enumerate(text, start=1):
            swap = before[j - 1] + (expected != found)
            after.append(min(swap, before[j] + 1, after[-1] + 1))
        before = after
    return before[-1]


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
