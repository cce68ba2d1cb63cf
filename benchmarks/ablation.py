"""What each rule of reading is worth: `python -m benchmarks.ablation [FOLDER]`.

Pictures are answered as the package answers them, and again with one rule switched off, or with one
parameter changed: the generated ones of `benchmarks.generated`, and those of a folder, which
`benchmarks.picture_sets` describes. The table tells how many answers of each set become right (+)
and wrong (-), of the number in its head. Each variant takes about a minute on an idle core with
`--count 20` and a folder of 1,700 pictures; `--only sheets` is sooner done.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.data import load_or_exit
from benchmarks.generated import digits, rows
from benchmarks.picture_sets import NON_DIGITS, load_sets_or_exit, sequences, single_digits
from mnist_infer import ImageError, Recognizer
from mnist_infer.decode.images import Picture
from mnist_infer.document import layout, reader
from mnist_infer.document import rows as rows_reader
from mnist_infer.document.reader import PAGE_WORKING_SIDE
from mnist_infer.imaging import (
    binarize,
    closing_window,
    components,
    paper,
    paper_region,
    pipeline,
    rulings,
)
from mnist_infer.imaging.binarize import View, plausible_views
from mnist_infer.imaging.components import find_components
from mnist_infer.imaging.filters import otsu
from mnist_infer.imaging.params import BINARIZE, DIGITS, RULINGS
from mnist_infer.imaging.rulings import Unruled
from mnist_infer.inference import ensemble
from mnist_infer.inference.ensemble import SURE
from train.markdown import table
from train.rows.glyphs import HELD_OUT, load_glyphs

COUNT = 40
"""Pictures of each kind."""


@dataclass(frozen=True)
class Sample:
    """A picture, what is right for it, and whether it is a row or a page, for `read`."""

    picture: Picture
    label: str
    is_row: bool


Change = tuple[Any, str, Any]
"""A module, or a frozen instance of parameters; a name in it; what it stands for instead."""


def _with_rulings(foreground: NDArray[np.uint8]) -> Unruled:
    return Unruled(foreground, find_components(foreground))


def _first_view(pixels: NDArray[np.uint8], grey: NDArray[np.uint8]) -> Iterator[View]:
    return islice((view for view in plausible_views(pixels, grey) if view.binarize().any()), 1)


def _likely_views(pixels: NDArray[np.uint8], grey: NDArray[np.uint8]) -> Iterator[View]:
    return (view for view in plausible_views(pixels, grey) if not view.is_inverted)


OFF = float("inf")
"""A threshold that nothing reaches."""

VARIANTS: dict[str, list[Change]] = {
    # Where the paper is
    "no search for sheets of paper": [
        (binarize, "find_paper_regions", lambda grey, in_shadow: iter(())),
    ],
    "sheets at one grey level": [
        (paper_region, "_levels", lambda thumbnail: iter([otsu(thumbnail)])),
    ],
    "sheets of any form": [(paper_region, "_has_form", lambda region: True)],
    "no blur of noise before the search for sheets": [(paper, "MIN_NOISE", OFF)],
    "first view of a page only": [(reader, "plausible_views", _first_view)],
    "likelier polarity of a page only": [(reader, "plausible_views", _likely_views)],
    # What is ink
    "no binarization by two levels": [(pipeline, "binarize_two_levels", lambda pixels: None)],
    "no second guess at unclear paper": [(BINARIZE, "unclear_fraction", 1.0)],
    "no allowance for edges of shadows": [(BINARIZE, "min_edges", 1.0)],
    "no exceptions for small pictures": [
        (paper, "SMALL_SIDE", 1e-9),
        (closing_window, "SMALL_SIDE", 0),
    ],
    "no bars beside bitmaps": [(components, "_are_bars", lambda found, _: found.at_border & False)],
    "no margin of the window": [(BINARIZE, "window_margin", 1.0)],
    "min_contrast 3 deviations": [(BINARIZE, "min_contrast", 3.0)],
    "no min_edge_step": [(BINARIZE, "min_edge_step", 0.0)],
    "no steeper rise in small pictures": [(BINARIZE, "rise_if_small", BINARIZE.rise)],
    # What is no digit
    "no removal of table lines": [(rulings, "find_table_lines", lambda mask, highest: None)],
    "no removal of rulings": [
        (pipeline, "remove_rulings", _with_rulings),
        (layout, "remove_page_rulings", _with_rulings),
    ],
    "no removal of rulings along the border": [(RULINGS, "border_band", 0.0)],
    "min_aspect of rulings 10": [(RULINGS, "min_aspect", 10.0)],
    "no reading inside rings": [(pipeline, "inside_ring", lambda foreground: None)],
    "no lower threshold inside rings": [(ensemble, "MIN_IN_RING", SURE)],
    "no min_height of digits": [(DIGITS, "min_height", 0.0)],
    "no max_stroke_length of digits": [(DIGITS, "max_stroke_length", OFF)],
    "no stroke_ratio between pieces": [(DIGITS, "stroke_ratio", OFF)],
    "no max aspect in pages": [(layout, "MAX_ASPECT", OFF)],
    "min height in lines 0.2": [(layout, "MIN_HEIGHT", 0.2)],
    "no lines of smaller writing": [(layout, "_smaller_lines", lambda *_: [])],
    "no low line that is less than sure": [(reader, "MIN_DIGITS_OF_LOW_LINE", OFF)],
    # What the networks see
    "no paper above and below rows": [(reader, "AROUND", 0.0), (pipeline, "AROUND", 0.0)],
    "no paper beside rows": [(reader, "BESIDE", 0.0)],
    # How rows are scored
    "no refusal of cells without digits": [(rows_reader.PARAMS, "max_absence", 1.0)],
    "no refusal by the cell network": [(ensemble, "MAX_NO_DIGIT", OFF)],
    "no blank penalty": [(rows_reader.PARAMS, "blank_penalty", 0.0)],
    "no digit and no cell network for rows": [
        (rows_reader.PARAMS, "digit_weight", 0.0),
        (rows_reader.PARAMS, "cell_weight", 0.0),
    ],
    "no digit network for rows": [(rows_reader.PARAMS, "digit_weight", 0.0)],
    "no cell network for rows": [(rows_reader.PARAMS, "cell_weight", 0.0)],
    "digit_weight 1": [(rows_reader.PARAMS, "digit_weight", 1.0)],
    "cell_weight 1": [(rows_reader.PARAMS, "cell_weight", 1.0)],
    "no floor of probabilities": [(rows_reader.PARAMS, "min_probability", 1e-6)],
    "no temperature": [(rows_reader.PARAMS, "temperature", 1.0)],
}
"""What is changed, by a name that says what is switched off, or a parameter's other value."""


@contextmanager
def changed(changes: Sequence[Change]) -> Iterator[None]:
    """Let names stand for other values until the end of the block."""
    before = [(owner, name, getattr(owner, name)) for owner, name, _ in changes]
    try:
        for owner, name, value in changes:
            object.__setattr__(owner, name, value)
        yield
    finally:
        for owner, name, value in before:
            object.__setattr__(owner, name, value)


def generated(recognizer: Recognizer, data: str | None, count: int) -> dict[str, list[Sample]]:
    """Generated pictures of digits, and of rows and pages."""
    mnist = load_or_exit(data)
    images, labels = mnist.x_train[-HELD_OUT:], mnist.y_train[-HELD_OUT:]
    glyphs = load_glyphs(images, labels, seed=1)
    return {
        "generated digits": [
            Sample(recognizer.decode(picture), "" if label is None else str(label), False)
            for kind in digits.KINDS
            for picture, label in digits.pictures(kind, images, labels, count, seed=1)
        ],
        "generated rows": [
            Sample(recognizer.decode(picture, PAGE_WORKING_SIDE), text, True)
            for kind in rows.KINDS
            for picture, text in rows.pictures(kind, glyphs, count, seed=1)
        ],
    }


def real(recognizer: Recognizer, folder: Path) -> dict[str, list[Sample]]:
    """People's own pictures: of digits, without any, and of rows and pages."""
    sets = load_sets_or_exit(folder)

    def samples(names: Iterable[str], *, is_row: bool) -> list[Sample]:
        side = PAGE_WORKING_SIDE if is_row else pipeline.WORKING_SIDE
        return [
            Sample(recognizer.decode(each.path, side), each.label, is_row)
            for name in names
            for each in sets[name]
        ]

    return {
        "real digits": samples(single_digits(sets), is_row=False),
        "no digit": samples({NON_DIGITS} & set(sets), is_row=False),
        "real rows": samples(sequences(sets), is_row=True),
    }


def is_right(recognizer: Recognizer, sample: Sample) -> bool:
    """Whether the answer is exactly right; where there is no digit, whether there is none."""
    try:
        if sample.is_row:
            text = recognizer.read(sample.picture).as_text(spaces=False)
        else:
            text = str(recognizer.predict(sample.picture).digit)
    except ImageError:
        text = ""
    return text == sample.label


def main(arguments: Sequence[str] | None = None) -> None:
    """Score each variant and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.ablation")
    parser.add_argument("folder", type=Path, nargs="?", help="people's own pictures, if any")
    parser.add_argument("--data", help="MNIST, as `python -m train fit` finds it")
    parser.add_argument("--count", type=int, default=COUNT, help="pictures of each kind")
    parser.add_argument("--only", default="", help="variants whose name has this in it")
    options = parser.parse_args(arguments)
    variants = {name: changes for name, changes in VARIANTS.items() if options.only in name}
    if not variants:
        parser.error(f"no variant has {options.only!r} in its name: {', '.join(VARIANTS)}")
    recognizer = Recognizer()
    sets = generated(recognizer, options.data, options.count)
    if options.folder:
        sets |= real(recognizer, options.folder)
    before = {
        name: [is_right(recognizer, sample) for sample in samples] for name, samples in sets.items()
    }
    print(table(("variant", *(f"{name}, {len(samples)}" for name, samples in sets.items())), []))
    for variant, changes in variants.items():
        cells = []
        with changed(changes):
            for name, samples in sets.items():
                after = [is_right(recognizer, sample) for sample in samples]
                pairs = list(zip(before[name], after, strict=True))
                cells.append(f"+{pairs.count((False, True))} -{pairs.count((True, False))}")
        print(f"| {' | '.join((variant, *cells))} |", flush=True)


if __name__ == "__main__":
    main()
