"""Files are written whole or not at all, whatever else happens in their folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mnist_infer.atomic import write_files


def test_a_file_takes_the_old_ones_place_and_leaves_nothing_else(tmp_path: Path):
    path = tmp_path / "out"
    write_files({path: b"old"})
    write_files({path: b"new"})
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("out", b"new")]


def test_of_several_files_none_is_written_where_one_cannot_be(tmp_path: Path):
    good, bad = tmp_path / "good", tmp_path / "missing" / "bad"
    with pytest.raises(FileNotFoundError) as raised:
        write_files({good: b"1", bad: b"2"})
    assert raised.value.filename == str(bad)
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_a_folder_has_leaves_no_partial_file(tmp_path: Path):
    (tmp_path / "out").mkdir()
    with pytest.raises(OSError) as raised:  # noqa: PT011  (its class differs between systems)
        write_files({tmp_path / "out": b""})
    assert raised.value.filename == str(tmp_path / "out")
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


def test_a_name_as_long_as_the_file_system_allows(tmp_path: Path):
    path = tmp_path / ("n" * 255)
    write_files({path: b"content"})
    assert path.read_bytes() == b"content"


def test_two_writers_of_one_name_never_mix_their_bytes(tmp_path: Path):
    path = tmp_path / "out"
    contents = [bytes([letter]) * 100_000 for letter in b"ab"]

    def write_and_read(content: bytes) -> set[bytes]:
        seen = set()
        for _ in range(50):
            write_files({path: content})
            seen.add(path.read_bytes())
        return seen

    with ThreadPoolExecutor(2) as pool:
        seen = set().union(*pool.map(write_and_read, contents))
    assert seen <= set(contents)
    assert [each.name for each in tmp_path.iterdir()] == ["out"]


@pytest.mark.skipif(os.name == "nt", reason="POSIX modes and symbolic links")
class TestOnPosix:
    def test_a_file_gets_the_mode_that_the_umask_leaves(self, tmp_path: Path):
        umask = os.umask(0o027)
        try:
            write_files({tmp_path / "out": b""})
        finally:
            os.umask(umask)
        assert (tmp_path / "out").stat().st_mode & 0o777 == 0o640

    def test_a_symbolic_link_is_replaced_not_followed(self, tmp_path: Path):
        target = tmp_path / "target"
        target.write_bytes(b"precious")
        (tmp_path / "out").symlink_to(target)
        write_files({tmp_path / "out": b"new"})
        assert target.read_bytes() == b"precious"
        assert (tmp_path / "out").read_bytes() == b"new"

    def test_a_planted_partial_file_is_neither_followed_nor_overwritten(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr("secrets.token_hex", lambda _: "guessed")
        target = tmp_path / "target"
        target.write_bytes(b"precious")
        (tmp_path / ".mnist-infer-guessed.partial").symlink_to(target)
        with pytest.raises(FileExistsError):
            write_files({tmp_path / "out": b"new"})
        assert target.read_bytes() == b"precious"

    def test_what_a_killed_writer_leaves_is_not_taken_for_a_picture(self, tmp_path: Path):
        code = """
        import os, signal, sys
        from pathlib import Path
        from mnist_infer.atomic import write_files
        Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        write_files({Path(sys.argv[1]): b"content"})
        """
        killed = subprocess.run(
            [sys.executable, "-c", "if True:" + code, tmp_path / "out.png"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=False,
        )
        assert killed.returncode == -signal.SIGKILL
        (left,) = tmp_path.iterdir()
        assert left.suffix == ".partial"
        done = subprocess.run(
            [sys.executable, "-m", "mnist_infer", tmp_path],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            check=False,
        )
        assert b"a folder; name its pictures" in done.stderr
