"""What each part of the reader is worth: `python -m benchmarks.ablation [FOLDER]`.

Generated rows and pages are read, and the sequences of a folder as `benchmarks.realworld` takes it,
each time with one part or parameter changed. Printed is how many are exactly right.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.data import load_or_exit
from benchmarks.generated.rows import KINDS, pictures
from mnist_infer import ImageError, Recognizer
from mnist_infer.document import layout, reader, rows
from mnist_infer.imaging.components import find_components
from mnist_infer.imaging.rulings import Unruled
from train.rows.glyphs import HELD_OUT, load

COUNT = 40
"""Pictures of each kind."""

Samples = list[tuple[Any, str]]
"""Pictures, as `Recognizer.read` takes them, with their texts."""


def _params(module: Any, **changes: float) -> tuple[Any, str, Any]:
    return module, "PARAMS", replace(module.PARAMS, **changes)


VARIANTS: dict[str, tuple[Any, str, Any]] = {
    "as it is": _params(rows),
    "the row network alone": _params(rows, digit_weight=0.0),
    "digit network's weight 1": _params(rows, digit_weight=1.0),
    "temperature 1": _params(rows, temperature=1.0),
    "temperature 2": _params(rows, temperature=2.0),
    "any confidence is a line": (reader, "LEAST_CONFIDENCE", 0.0),
    "no paper above": (reader, "ABOVE", 0.0),
    "rulings stay": (
        layout,
        "remove_page_rulings",
        lambda ink: Unruled(ink, find_components(ink), False),
    ),
    "small print is read": _params(layout, small_print=0.0),
    "texture is read": _params(layout, max_dots=1.0),
    "small marks count as digits": _params(layout, smallest=0.2),
}
"""Each variant by name: a module, the name of what is changed in it, and the changed value."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Score each variant and print."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.ablation")
    parser.add_argument("folder", type=Path, nargs="?", help="people's own pictures, if any")
    parser.add_argument("--data", help="MNIST, as `python -m train fit` finds it")
    parser.add_argument("--count", type=int, default=COUNT, help="pictures of each kind")
    options = parser.parse_args(arguments)
    mnist = load_or_exit(options.data)
    glyphs = load(mnist.x_train[-HELD_OUT:], mnist.y_train[-HELD_OUT:], seed=1)
    sets: dict[str, Samples] = {
        "generated": [
            pair for kind in KINDS for pair in pictures(kind, glyphs, options.count, seed=1)
        ]
    }
    if options.folder:
        files = sorted(path for path in options.folder.glob("sequences*/*") if path.is_file())
        sets["real"] = [(path, path.name.split("__")[0]) for path in files]
    recognizer = Recognizer()
    for name, change in VARIANTS.items():
        with changed(*change):
            rights = {
                kind: sum(_is_right(recognizer, *pair) for pair in samples)
                for kind, samples in sets.items()
            }
        scores = (f"{kind} {right} of {len(sets[kind])}" for kind, right in rights.items())
        print(f"{name:32} {'   '.join(scores)}", flush=True)


@contextmanager
def changed(module: Any, name: str, value: Any) -> Iterator[None]:
    """Let a name of a module stand for another value until the end of the block."""
    before = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, before)


def _is_right(recognizer: Recognizer, picture: Any, text: str) -> bool:
    try:
        return recognizer.read(picture).as_text(spaces=False) == text
    except ImageError:
        return not text


if __name__ == "__main__":
    main()
