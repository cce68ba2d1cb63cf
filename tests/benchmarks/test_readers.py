"""Ready-made readers on a folder of numbers: ours is scored, and what is not installed is named."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from PIL import Image

from benchmarks import readers
from tests.paths import PAGE


def test_a_folder_is_scored_and_a_missing_reader_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    from mnist_infer import Recognizer

    text = Recognizer().read(PAGE).as_text(spaces=False).replace("\n", "")
    folder = tmp_path / "sequences_own"
    folder.mkdir()
    Image.open(PAGE).save(folder / f"{text}__page.png")
    Image.new("L", (200, 80), "white").save(folder / "12__blank.png")
    for package in ("rapidocr", "ddddocr"):
        monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.setenv("PATH", str(tmp_path))
    readers.main([str(tmp_path)])
    ours, *others = capsys.readouterr().out.splitlines()
    assert ours.endswith(": sequences_own 1 of 2")
    assert len(others) == 3
    assert all(": not available (" in line for line in others)
