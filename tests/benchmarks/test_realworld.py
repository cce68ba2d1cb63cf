"""A folder of people's own pictures: what is scored, what is skipped, and what is no folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks import documents, realworld
from benchmarks.picture_sets import load_sets_or_exit, sequences, single_digits
from benchmarks.realworld import Answer, report, score
from benchmarks.text_errors import edit_distance
from tests.glyphs import digit_mask


def draw(path: Path, digits: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet = Image.new("L", (60 + 70 * len(digits), 140), 255)
    for place, digit in enumerate(digits):
        sheet.paste(0, (30 + 70 * place, 30), digit_mask(int(digit), 80))
    sheet.save(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "pictures"
    for digit in "27":
        draw(root / "canvas" / digit / "a.png", digit)
    draw(root / "sequences" / "4711__a.png", "4711")
    (root / "nondigits").mkdir()
    Image.fromarray(np.full((50, 50), 255, np.uint8)).save(root / "nondigits" / "blank.png")
    return root


def test_each_set_is_scored_and_the_mistakes_are_drawn(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    realworld.main([str(folder), "--output", str(tmp_path / "out"), "--sheets"])
    printed = capsys.readouterr()
    assert printed.err == (
        "found: 3 sets: 2 pictures of single digits, 1 of rows and pages, 1 without a digit\n"
    )
    lines = printed.out.splitlines()
    assert lines[0].split() == ["canvas", "2", "of", "2", "100.0", "%"]
    assert lines[1].startswith("sequences           1 of    1  100.0 %")
    assert lines[1].endswith("characters wrong  0.0 %  undetected length errors 0")
    assert lines[2].startswith("AUROC of confidence, digits against the rest: 1.000")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "canvas.png",
        "sequences.png",
        "nondigits.png",
    }


def test_what_is_skipped_is_said_and_not_scored(folder: Path, capsys: pytest.CaptureFixture[str]):
    (folder / "notes.txt").write_text("where they are from")
    (folder / "empty").mkdir()
    draw(folder / "canvas" / "b.png", "3")
    draw(folder / "sequences" / "c.png", "12")
    sets = load_sets_or_exit(folder)
    assert {name: [each.label for each in pictures] for name, pictures in sets.items()} == {
        "canvas": ["2", "7"],
        "nondigits": [""],
        "sequences": ["4711"],
    }
    assert (single_digits(sets), sequences(sets)) == (["canvas"], ["sequences"])
    *skipped, _ = capsys.readouterr().err.splitlines()
    assert skipped == [
        f"skipped: {folder / 'canvas'}: 1 of 3 files, in no folder with a digit's name",
        f"skipped: {folder / 'empty'}: no files",
        f"skipped: {folder / 'notes.txt'}: not a folder",
        f"skipped: {folder / 'sequences'}: 1 of 2 files, without <digits>__ in their names",
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "is no folder"),
        ((), "holds no pictures in the form <set>/<digit>/<image>"),
        (("empty/", "canvas/"), "holds no pictures in the form"),
    ],
)
def test_a_folder_without_pictures_is_an_error_and_has_no_score(
    content: tuple[str, ...] | None, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    root = tmp_path / "pictures"
    for name in content or ():
        (root / name).mkdir(parents=True)
    if content == ():
        root.mkdir()
    with pytest.raises(SystemExit, match=says):
        realworld.main([str(root), "--output", str(tmp_path / "out")])
    assert not capsys.readouterr().out
    assert not (tmp_path / "out").exists()


def test_scores_are_not_published_without_the_sets_of_the_documents(folder: Path, tmp_path: Path):
    before = documents.REALWORLD.read_bytes()
    with pytest.raises(SystemExit, match="lacks sets that are needed: canvas_bulk, fresh_bilevel"):
        realworld.main([str(folder), "--publish", "--output", str(tmp_path / "out")])
    assert documents.REALWORLD.read_bytes() == before


def test_only_other_kinds_have_no_auroc():
    (line,) = report(score({"canvas": [Answer(Path(), "7", "7", 0.9)]}))
    assert "AUROC" not in line
    assert not list(report(score({"nondigits": [Answer(Path(), "", "", 0.0)]})))


def test_a_length_error_is_undetected_only_where_the_answer_is_not_uncertain():
    answers = [
        Answer(Path(), "123", "12", 0.9, is_uncertain=False),
        Answer(Path(), "123", "1234", 0.6, is_uncertain=True),
        Answer(Path(), "123", "124", 0.9, is_uncertain=False),
    ]
    assert score({"sequences": answers})["sequences"] == {
        "pictures": 3,
        "right": 0,
        "characters": 9,
        "errors": 3,
        "undetected_length_errors": 1,
    }


@pytest.mark.parametrize(
    ("label", "text", "distance"), [("", "", 0), ("12", "", 2), ("123", "133", 1), ("12", "312", 1)]
)
def test_edit_distance(label: str, text: str, distance: int):
    assert edit_distance(label, text) == distance
