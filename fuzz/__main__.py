"""Fuzz one entry: `python -m fuzz predict --cases 10000 --seed 0`.

libFuzzer, through atheris, mutates the corpus and keeps what reaches new lines of this package and
of Pillow. It stops at the first finding (an exception that is not of the package's own family, a
crash, more than 5 s or more than 2 GB), with exit code other than 0, and writes the input to a file
`crash-...`, `timeout-...` or `oom-...`; `python -m fuzz TARGET FILE` runs that one again.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import warnings
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from fuzz.targets import Target

try:
    import atheris
except ModuleNotFoundError:
    sys.exit("fuzz: atheris is missing; the extra dev has it on Linux: pip install '.[dev]'")

_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"


def main() -> None:
    """Run the command line."""
    with atheris.instrument_imports(include=["mnist_infer", "PIL", "train.data"]):
        from PIL import Image

        from fuzz.targets import TARGETS

        Image.init()  # Else Pillow would import its decoders later, and blind.
    warnings.simplefilter("ignore")

    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("file", nargs="?", type=Path, help="run this one input and nothing else")
    parser.add_argument("--cases", type=int, default=10_000, help="how many inputs are run")
    parser.add_argument("--seed", type=int, default=1, help="what the mutations follow from")
    arguments = parser.parse_args()

    target = TARGETS[arguments.target]
    if arguments.file:
        target.make()(arguments.file.read_bytes())
        return
    with tempfile.TemporaryDirectory() as folder:
        # libFuzzer ends its process without a word to Python: so another one tidies up.
        child = os.fork()
        if not child:
            _fuzz(target, Path(folder), arguments.cases, arguments.seed)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    sys.exit(status)


def _fuzz(target: Target, folder: Path, cases: int, seed: int) -> NoReturn:
    corpus = folder / "corpus"
    corpus.mkdir()
    for number, content in enumerate(target.corpus()):
        (corpus / f"{number:03}").write_bytes(content)
    # A seed of 0 would let libFuzzer choose one.
    options = {"runs": cases, "seed": seed + 1, "timeout": 5}
    limits = {"rss_limit_mb": 2048, "max_len": 8192, "print_final_stats": 1, "len_control": 0}
    flags = [f"-{name}={value}" for name, value in (options | limits).items()]
    tempfile.tempdir = str(folder)
    atheris.Setup([sys.argv[0], str(corpus), *flags], target.make(), custom_mutator=_mutate)
    atheris.Fuzz()
    raise AssertionError("libFuzzer has ended the process")


def _mutate(content: bytes, most: int, seed: int) -> bytes:
    """A mutation of libFuzzer; most PNGs get their checksums right, else none would be decoded."""
    mutated = bytes(atheris.Mutate(content, most))
    is_checked = mutated.startswith(_PNG_MAGIC) and seed % 8
    return _checked_png(mutated)[:most] if is_checked else mutated


def _checked_png(content: bytes) -> bytes:
    parts, place = [_PNG_MAGIC], len(_PNG_MAGIC)
    while place + 12 <= len(content):
        size = int.from_bytes(content[place : place + 4])
        body = content[place + 4 : place + 8 + size]
        parts += [content[place : place + 4], body, zlib.crc32(body).to_bytes(4)]
        place += 12 + size
    return b"".join(parts)


if __name__ == "__main__":
    main()
