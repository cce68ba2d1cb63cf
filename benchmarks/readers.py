"""What ready-made readers make of people's own rows: `python -m benchmarks.readers FOLDER`.

Each reader gets the same files and its defaults for one picture of text; of its answer only digits
count. Readers that are not installed are named: `pip install ".[readers]"`, and for Tesseract
the system's package.
"""

from __future__ import annotations

import argparse
import logging
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TypeAlias

from benchmarks.picture_sets import LabelledPicture, load_sets_or_exit, sequences
from mnist_infer import ImageError, Recognizer

Read: TypeAlias = Callable[[Path], str]


def main(arguments: Sequence[str] | None = None) -> None:
    """Score each reader on each set, and print."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.readers")
    parser.add_argument("folder", type=Path, help="where the sets are: benchmarks.picture_sets")
    parser.add_argument("--only", default="", help="sets whose name starts with this")
    options = parser.parse_args(arguments)
    sets = load_sets_or_exit(options.folder)
    chosen = [name for name in sequences(sets) if name.startswith(options.only)]
    if not chosen:
        parser.error(f"{options.folder} has no set of rows whose name starts so: {options.only!r}")
    for name, make in MAKERS.items():
        try:
            read = make()
        except (ModuleNotFoundError, FileNotFoundError) as error:
            print(f"{name}: not available ({error})", flush=True)
            continue
        scores = (
            f"{each} {sum(_is_right(read, row) for row in sets[each])} of {len(sets[each])}"
            for each in chosen
        )
        print(f"{name}: {', '.join(scores)}", flush=True)


def _is_right(read: Read, row: LabelledPicture) -> bool:
    return re.sub(r"\D", "", read(row.path)) == re.sub(r"\D", "", row.label)


def _mnist_infer() -> Read:
    recognizer = Recognizer()

    def read(path: Path) -> str:
        try:
            return recognizer.read(path).text
        except ImageError:
            return ""

    return read


def _rapidocr() -> Read:
    from rapidocr import RapidOCR

    logging.disable(logging.WARNING)
    engine = RapidOCR()
    return lambda path: " ".join(engine(str(path)).txts or ())


def _ddddocr() -> Read:
    from ddddocr import DdddOcr

    engine = DdddOcr(show_ad=False)
    return lambda path: str(engine.classification(path.read_bytes()))


def _tesseract() -> Read:
    program = shutil.which("tesseract")
    if not program:
        raise FileNotFoundError("no program `tesseract` is on the PATH")
    options = ("stdout", "--psm", "6", "-c", "tessedit_char_whitelist=0123456789")

    def read(path: Path) -> str:
        command = [program, str(path), *options]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout

    return read


def _named(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except ModuleNotFoundError:
        return package


MAKERS: dict[str, Callable[[], Read]] = {
    _named("mnist-infer"): _mnist_infer,
    _named("rapidocr"): _rapidocr,
    _named("ddddocr"): _ddddocr,
    "Tesseract": _tesseract,
}
"""Each reader by name."""


if __name__ == "__main__":
    main()
