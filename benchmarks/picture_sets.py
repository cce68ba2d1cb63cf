"""People's own pictures in a folder of sets, as every benchmark takes them.

The folder holds `<set>/<digit>/<image>` for single digits, `sequences*/<digits>__<image>` for rows
and pages, and `nondigits/<image>` for pictures without a digit.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

NON_DIGITS = "nondigits"
SEQUENCES = "sequences"
DIGITS = frozenset("0123456789")

LAYOUT = "<set>/<digit>/<image>, sequences*/<digits>__<image> or nondigits/<image>"


@dataclass(frozen=True)
class LabelledPicture:
    """A file and its right answer: a digit, a row's digits, or nothing where there is no digit."""

    path: Path
    label: str


Sets = dict[str, list[LabelledPicture]]
"""By the name of the set; each has at least one picture."""


def load_sets_or_exit(folder: Path, needed: Iterable[str] = ()) -> Sets:
    """Find a folder's sets; say on standard error what was found and what was skipped.

    Args:
        folder: Where the sets are.
        needed: Names of sets without which there is nothing to measure.

    Raises:
        SystemExit: The folder is missing, holds no set, or not all that are needed; the message is
            the line to print.
    """
    if not folder.is_dir():
        raise SystemExit(f"error: {folder} is no folder: give one that holds {LAYOUT}")
    sets: Sets = {}
    for path in sorted(folder.iterdir()):
        pictures, skipped = _pictures_of(path)
        if pictures:
            sets[path.name] = pictures
        for reason in skipped:
            print(f"skipped: {path}: {reason}", file=sys.stderr)
    if not sets:
        raise SystemExit(f"error: {folder} holds no pictures in the form {LAYOUT}")
    if missing := sorted(set(needed) - set(sets)):
        raise SystemExit(f"error: {folder} lacks sets that are needed: {', '.join(missing)}")
    singles, rows = (
        sum(len(sets[name]) for name in names) for names in (single_digits(sets), sequences(sets))
    )
    print(
        f"found: {len(sets)} sets: {singles:,} pictures of single digits, {rows:,} of rows and "
        f"pages, {len(sets.get(NON_DIGITS, [])):,} without a digit",
        file=sys.stderr,
    )
    return sets


def single_digits(names: Iterable[str]) -> list[str]:
    """Those names of sets whose pictures show one digit each."""
    return [name for name in names if name != NON_DIGITS and not name.startswith(SEQUENCES)]


def sequences(names: Iterable[str]) -> list[str]:
    """Those names of sets whose pictures show rows or pages."""
    return [name for name in names if name.startswith(SEQUENCES)]


def _pictures_of(folder: Path) -> tuple[list[LabelledPicture], list[str]]:
    """A set's pictures, and why others are none of them."""
    if not folder.is_dir():
        return [], ["not a folder"]
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        return [], ["no files"]
    if folder.name == NON_DIGITS:
        return [LabelledPicture(path, "") for path in files], []
    if folder.name.startswith(SEQUENCES):
        pictures = [
            LabelledPicture(path, path.name.split("__")[0]) for path in files if "__" in path.name
        ]
        unlabelled = "without <digits>__ in their names"
    else:
        pictures = [
            LabelledPicture(path, path.parent.name) for path in files if path.parent.name in DIGITS
        ]
        unlabelled = "in no folder with a digit's name"
    others = len(files) - len(pictures)
    return pictures, [f"{others} of {len(files)} files, {unlabelled}"] if others else []
