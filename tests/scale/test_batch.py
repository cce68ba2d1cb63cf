"""`mnist-infer batch`: a folder in, Parquet out; it goes on where it was and says what is wrong."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pq = pytest.importorskip("pyarrow.parquet", reason='needs Ray: pip install ".[ray]"')
pytest.importorskip("ray", reason='needs Ray: pip install ".[ray]"')

from mnist_infer.batch.state import Task, WorkError, create  # noqa: E402
from mnist_infer.cli.main import main  # noqa: E402
from mnist_infer.config import DEFAULT_MODEL  # noqa: E402
from mnist_infer.decode.uris import images_at  # noqa: E402
from mnist_infer.inference.registry import bundled_info  # noqa: E402

if TYPE_CHECKING:
    from tests.scale.conftest import Answers

TASK = Task("source", "0" * 64, None)


def batch(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mnist_infer", "batch", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300)


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Runs the command without Ray's start: gives its exit code and what it said on stderr."""

    def run(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["mnist-infer", "batch", *arguments])
        try:
            main()
        except SystemExit as end:
            return int(end.code or 0), capsys.readouterr().err
        return 0, capsys.readouterr().err

    return run


@pytest.fixture(scope="module")
def finished(
    some: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A destination in four parts, and how the command ended that made it."""
    destination = tmp_path_factory.mktemp("batch") / "out"
    return destination, batch(some, destination, "--workers", 2, "--part-size", 300)


def test_a_folder_becomes_parquet(finished, some: Path, check, expected: Answers):
    destination, done = finished

    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1] == (
        f"1,000 images done; 2 of the 1,000 new ones without an answer: {destination}"
    )
    table = pq.read_table(destination)
    assert [(field.name, str(field.type)) for field in table.schema] == [
        ("path", "string"),
        ("digit", "int8"),
        ("confidence", "float"),
        ("error", "string"),
    ]
    check(table.to_pylist(), expected, some)


def test_only_the_part_that_is_missing_is_done_again(finished, some: Path, tmp_path: Path):
    out = shutil.copytree(finished[0], tmp_path / "out")
    table = pq.read_table(out)
    (out / "part-000002.parquet").unlink()
    (out / ".part-000002.parquet-killed").write_text("half a part")
    kept = {path: path.stat().st_mtime_ns for path in out.glob("part-*")}

    again = batch(some, out, "--workers", 1)

    assert again.returncode == 0, again.stderr
    assert "1,000 images done (700 of them before)" in again.stderr
    assert {path: path.stat().st_mtime_ns for path in kept} == kept
    assert pq.read_table(out).equals(table)
    assert not list(out.glob(".part*"))


def test_nothing_is_started_where_nothing_lacks(in_process, tmp_path: Path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").write_text("no image")
    work = create(
        str(tmp_path / "out"),
        Task(str(tmp_path / "in"), bundled_info(DEFAULT_MODEL, "int8").sha256, None),
        images_at(str(tmp_path / "in")),
        10,
    )
    work.write(0, work.paths(0))

    code, stderr = in_process(str(tmp_path / "in"), str(tmp_path / "out"))

    assert code == 0
    assert stderr.startswith("1 images done (1 of them before)")


def test_uris_as_source_and_destination(some: Path, tmp_path: Path):
    (tmp_path / "in").mkdir()
    for path in sorted(some.iterdir())[:3]:
        (tmp_path / "in" / path.name).write_bytes(path.read_bytes())

    done = batch(f"file://{tmp_path / 'in'}", f"file://{tmp_path / 'out'}", "--workers", 1, "-q")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    rows = pq.read_table(tmp_path / "out").to_pylist()
    assert [row["path"] for row in rows] == [
        f"file://{path}" for path in sorted((tmp_path / "in").iterdir())
    ]
    assert [row["error"] is None for row in rows] == [False, True, True]


def test_a_destination_with_other_work_is_wrong_usage(in_process, some: Path, tmp_path: Path):
    create(str(tmp_path), TASK, ["a.png"], 10)

    code, stderr = in_process(str(some), str(tmp_path))

    assert code == 2
    assert "holds a run with source source, not" in stderr


@pytest.mark.parametrize("destination", ["blocked/out", "gone://bucket/out"])
def test_a_destination_that_cannot_be_is_wrong_usage(
    in_process, some: Path, tmp_path: Path, destination: str
):
    (tmp_path / "blocked").write_text("a file where a folder is needed")

    place = destination if "://" in destination else str(tmp_path / destination)
    code, stderr = in_process(str(some), place)

    assert code == 2
    assert "cannot be used" in stderr


def test_no_such_model_is_wrong_usage(in_process, some: Path, tmp_path: Path):
    code, _ = in_process(str(some), str(tmp_path / "out"), "--model", "huge")

    assert code == 2
    assert not (tmp_path / "out").exists()


def test_the_list_is_made_once_and_in_parts(tmp_path: Path):
    first = create(str(tmp_path), TASK, (f"{number}.png" for number in range(25)), 10)
    again = create(str(tmp_path), TASK, ["other.png"], 3)

    for work in (first, again):
        assert (work.parts, work.images) == (3, 25)
        assert [work.size(part) for part in range(3)] == [10, 10, 5]
        assert work.paths(2).column("path").to_pylist() == [f"{n}.png" for n in range(20, 25)]
        assert work.done() == set()


def test_a_list_that_was_cut_short_is_made_again(tmp_path: Path):
    def interrupted():
        yield "a.png"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        create(str(tmp_path), TASK, interrupted(), 1)
    assert create(str(tmp_path), TASK, ["a.png", "b.png"], 1).images == 2


def test_a_name_that_is_no_text_keeps_its_row(tmp_path: Path):
    work = create(str(tmp_path), TASK, ["caf\udce9.png"], 1)

    assert work.paths(0).column("path").to_pylist() == ["caf\\udce9.png"]


def test_another_task_is_refused(tmp_path: Path):
    create(str(tmp_path), TASK, ["a.png"], 1)
    with pytest.raises(WorkError, match=r"input_range None, not 0\.\.1"):
        create(str(tmp_path), Task("source", "0" * 64, "0..1"), ["a.png"], 1)


def test_listing_a_uri_is_listing_the_folder(some: Path, tmp_path: Path):
    shutil.copytree(some, tmp_path / "below" / "below")
    (tmp_path / "notes.txt").write_text("no image")
    here = list(images_at(str(tmp_path)))

    assert [f"file://{path}" for path in here] == list(images_at(f"file://{tmp_path}"))
    assert list(images_at(f"file://{here[0]}")) == [f"file://{here[0]}"]
    assert len(here) == 1000
