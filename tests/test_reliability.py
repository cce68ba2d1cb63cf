"""docs/RELIABILITY.md: every promise names tests that are there, and figures that were measured."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.reliability import PAGE, promises, render
from tests.paths import ROOT

TESTS = [promise["test"] for promise in promises()]


def names_in(source: Path) -> set[str]:
    """Every test of a file as `name` or `Class::name`, and its classes."""
    names = set()
    for node in ast.parse(source.read_text(encoding="utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
            inner = getattr(node, "body", [])
            names |= {f"{node.name}::{each.name}" for each in inner if hasattr(each, "name")}
    return names


@pytest.mark.parametrize("test", sorted(set(TESTS)))
def test_what_is_named_is_there(test: str):
    path, _, name = test.partition("::")
    assert (ROOT / path).is_file()
    assert not name or name in names_in(ROOT / path)


def test_the_page_is_what_its_sources_say():
    assert PAGE.read_text(encoding="utf-8") == render()


@pytest.mark.skipif(sys.platform != "linux", reason="the soak reads /proc")
def test_a_short_soak(tmp_path: Path):
    output = tmp_path / "soak.json"
    command = [sys.executable, "-m", "benchmarks.soak", "--output", str(output)]
    counts = ["--predictions", "4000", "--recognizers", "200", "--kills", "20", "--threads", "1600"]
    subprocess.run([*command, *counts], cwd=ROOT, check=True, timeout=300)
    results = json.loads(output.read_text())
    assert results["threads"]["different"] == 0
    assert results["threads"]["machine"].keys() >= {"processor", "cores", "date"}
    assert results["kills"]["processes_end"] == 0
    for part in ("predictions", "recognizers", "kills"):
        life = results[part]
        assert life["files_start"] == life["files_end"]
        # A recogniser that is not freed is 3 MB.
        assert life["resident_end_mb"] - life["resident_start_mb"] < 40
