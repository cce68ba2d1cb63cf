"""What each threshold of confidence rejects: `python -m benchmarks.thresholds DIR`.

`benchmarks.picture_sets` says what DIR holds. Measured are MNIST's test set and these pictures,
neither of which the export uses to choose the threshold.
Written is `results/thresholds.json`, from which `benchmarks.documents` makes its table.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import RESULTS
from benchmarks.data import load_or_exit
from benchmarks.documents import SETS
from benchmarks.picture_sets import NON_DIGITS, load_sets_or_exit, sequences, single_digits
from benchmarks.realworld import Answer, answer_set
from mnist_infer import Recognizer
from mnist_infer.config import DEFAULT_MODEL

THRESHOLDS = (0.5, 0.7, 0.8, 0.85, 0.9, 0.95, 0.99)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the default model, and write the results."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.thresholds")
    parser.add_argument("folder", type=Path, help="where the sets lie")
    parser.add_argument("--model", default=DEFAULT_MODEL, help="a bundled model")
    parser.add_argument("--data", help="MNIST, as `python -m train fit` finds it")
    parser.add_argument(
        "--output", type=Path, default=RESULTS / "thresholds.json", help="the JSON file to write"
    )
    options = parser.parse_args(arguments)
    sets = load_sets_or_exit(options.folder, SETS)
    mnist = load_or_exit(options.data)
    recognizer = Recognizer(options.model, device="cpu")
    rows = recognizer.probabilities(mnist.x_test)
    answers = {name: answer_set(recognizer, name, pictures) for name, pictures in sets.items()}
    results = {
        "model": options.model,
        "recommended": recognizer.model.recommended_threshold,
        "test_digits": outcomes(rows.max(axis=1), rows.argmax(axis=1) == mnist.y_test),
        "real_digits": outcomes(
            *_arrays(answer for name in single_digits(answers) for answer in answers[name])
        ),
        "non_digits": outcomes(*_arrays(answers[NON_DIGITS])),
        "numbers": outcomes(
            *_arrays(
                answer for name in sequences(answers) for answer in answers[name] if answer.text
            )
        ),
    }
    text = f"{json.dumps(results, indent=2)}\n"
    options.output.write_text(text, encoding="utf-8")
    print(text, end="")


def outcomes(
    confidence: NDArray[np.floating[Any]], is_right: NDArray[np.bool_]
) -> dict[str, dict[str, int]]:
    """Count what each threshold rejects of right answers, and accepts of wrong ones.

    Args:
        confidence: Of each picture, `(N,)`; 0 where it has no answer.
        is_right: Whether its answer is right, `(N,)`.
    """
    return {
        f"{threshold:g}": {
            "pictures": len(confidence),
            "right_rejected": int((is_right & (confidence < threshold)).sum()),
            "wrong_accepted": int((~is_right & (confidence > 0) & (confidence >= threshold)).sum()),
        }
        for threshold in (0.0, *THRESHOLDS)
    }


def _arrays(answers: Iterable[Answer]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    # A picture without a digit is answered rightly by no answer, which has a confidence of 0.
    pairs = [(answer.confidence, answer.right and answer.label != "") for answer in answers]
    return np.array([each for each, _ in pairs]), np.array([right for _, right in pairs], bool)


if __name__ == "__main__":
    main()
