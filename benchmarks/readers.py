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

from mnist_infer import ImageError, Recognizer

Read: TypeAlias = Callable[[Path], str]


def main(arguments: Sequence[str] | None = None) -> None:
    """Score each reader on each set, and print."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.readers")
    parser.add_argument("folder", type=Path, help="people's own pictures")
    parser.add_argument("--only", default="sequences", help="sets whose name starts with this")
    options = parser.parse_args(arguments)
    sets = {
        folder.name: sorted(path for path in folder.iterdir() if path.is_file())
        for folder in sorted(options.folder.glob(f"{options.only}*"))
    }
    for name, make in MAKERS.items():
        try:
            read = make()
        except (ModuleNotFoundError, FileNotFoundError) as error:
            print(f"{name}: not available ({error})", flush=True)
            continue
        scores = (
            f"{kind} {sum(_is_right(read, path) for path in files)} of {len(files)}"
            for kind, files in sets.items()
        )
        print(f"{name}: {', '.join(scores)}", flush=True)


def _is_right(read: Read, path: Path) -> bool:
    label = path.name.split("__")[0]
    return re.sub(r"\D", "", read(path)) == re.sub(r"\D", "", label)


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
