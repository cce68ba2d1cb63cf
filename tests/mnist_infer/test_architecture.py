"""The package's floors: few names on the first one, and imports that only go down."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.paths import ROOT

PACKAGE = ROOT / "mnist_infer"
FLOORS = (
    "__main__",
    "cli",
    "server",
    "batch",
    "integrations",
    "recognizer",
    "parallel",
    "document",
    "imaging",
    "inference",
    "decode",
    "answers",
    "results",
    "atomic",
    "config",
    "errors",
)
"""From the top; each may import those below it, at once or where they are used."""

WITHOUT_CODE = {"__init__", "models", "py", "pyinstaller"}


def entries() -> set[str]:
    return {path.name for path in PACKAGE.iterdir() if path.name != "__pycache__"}


def imported(path: Path) -> Iterator[str]:
    """The names on the first floor that a module imports from."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            package, _, rest = name.partition(".")
            if package == "mnist_infer":
                yield rest.partition(".")[0]


def test_the_first_floor_has_at_most_20_files_and_folders():
    assert len(entries()) <= 20


def test_every_name_on_the_first_floor_has_its_place():
    assert {name.partition(".")[0] for name in entries()} == {*FLOORS, *WITHOUT_CODE}


@pytest.mark.parametrize("floor", FLOORS)
def test_imports_only_go_down(floor: str):
    here = PACKAGE / floor
    modules = list(here.rglob("*.py")) if here.is_dir() else [here.with_suffix(".py")]
    assert modules
    below = {floor, *FLOORS[FLOORS.index(floor) + 1 :], "__version__"}
    for module in modules:
        assert set(imported(module)) <= below, module


FOLLOW = """
import os, sys
from mnist_infer.__main__ import main

files, command, exit_now = set(), os.getpid(), os._exit

def note(frame, event, argument):
    is_function = frame.f_code.co_flags & 1  # Bodies of modules and classes are called, too.
    if event == "call" and is_function:
        files.add(frame.f_code.co_filename)

def end(code):
    if os.getpid() == command:  # Not a decoder, which is a fork of it.
        sys.setprofile(None)
        with open(log, "w") as file:
            print(*files, sep="\\n", file=file)
    exit_now(code)

os._exit = end
sys.setprofile(note)
sys.argv, log = sys.argv[:2], sys.argv[2]
main()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere one picture is not isolated")
def test_a_picture_passes_the_files_that_are_documented(tmp_path: Path):
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| `([a-z_/]+\.py)` \|", text, re.MULTILINE)
    assert 1 <= len(documented) <= 10
    log = tmp_path / "files.txt"
    subprocess.run([sys.executable, "-c", FOLLOW, "examples/seven.png", log], check=True, cwd=ROOT)
    passed = {Path(name) for name in log.read_text(encoding="utf-8").splitlines()}
    assert {PACKAGE / name for name in documented} <= passed
