"""What each threshold of confidence rejects: `python -m benchmarks.thresholds DIR`.

DIR holds `<set>/<label>/<image>` and `nondigits/<image>`, as for `benchmarks.realworld`. Measured
are MNIST's test set and these pictures, neither of which the export uses to choose the threshold.
Written is `results/thresholds.json`, from which `benchmarks.documents` makes its table.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import RESULTS
from benchmarks.data import load_or_exit
from benchmarks.realworld import NON_DIGITS, SEQUENCES, Answer, answer_set
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
    recognizer = Recognizer(options.model, device="cpu")
    mnist = load_or_exit(options.data)
    rows = recognizer.probabilities(mnist.x_test)
    folders = [path for path in sorted(options.folder.iterdir()) if path.is_dir()]
    real = [
        answer
        for path in folders
        if path.name != NON_DIGITS and not path.name.startswith(SEQUENCES)
        for answer in answer_set(recognizer, path)
    ]
    others = answer_set(recognizer, options.folder / NON_DIGITS)
    results = {
        "model": options.model,
        "recommended": recognizer.model.recommended_threshold,
        "test_digits": outcomes(rows.max(axis=1), rows.argmax(axis=1) == mnist.y_test),
        "real_digits": outcomes(*_arrays(real, lambda answer: answer.right)),
        "non_digits": outcomes(*_arrays(others, lambda _: False)),
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


def _arrays(
    answers: Iterable[Answer], is_right: Callable[[Answer], bool]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    pairs = [(answer.confidence, is_right(answer)) for answer in answers]
    return np.array([each for each, _ in pairs]), np.array([right for _, right in pairs], bool)


if __name__ == "__main__":
    main()
