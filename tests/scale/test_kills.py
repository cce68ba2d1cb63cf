"""20,000 images while processes die: every image has one row, with the answer of a calm run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

pq = pytest.importorskip("pyarrow.parquet", reason='needs Ray: pip install ".[ray]"')
pytest.importorskip("ray", reason='needs Ray: pip install ".[ray]"')
if not sys.platform.startswith("linux"):
    pytest.skip("looks for processes in /proc", allow_module_level=True)

if TYPE_CHECKING:
    from tests.scale.conftest import Answers

PARTS = 40
ACTOR = "ray::_PartReader"


@contextmanager
def running(
    source: Path, destination: Path, part_size: int = 500
) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "mnist_infer", "batch", str(source), str(destination)]
    options = ["--workers", "2", "--part-size", str(part_size)]
    with subprocess.Popen([*command, *options], stderr=subprocess.PIPE, text=True) as driver:
        try:
            yield driver
        finally:
            driver.kill()


def parts(destination: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in destination.glob("part-*")}


def wait_for_parts(destination: Path, count: int, driver: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 180
    while len(parts(destination)) < count:
        assert driver.poll() is None, driver.stderr and driver.stderr.read()
        assert time.monotonic() < deadline, "no parts after three minutes"
        time.sleep(0.01)


def below(process: int, title: str) -> list[int]:
    """The processes that descend from one, and whose title begins so."""
    parents, titles = {}, {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                stat = (folder / "stat").read_text()
                titles[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
            except OSError:
                continue
            parents[int(folder.name)] = int(stat.rpartition(")")[2].split()[1])

    def descends(child: int) -> bool:
        return child == process or (child in parents and descends(parents[child]))

    return [child for child in titles if titles[child].startswith(title) and descends(child)]


def finish(driver: subprocess.Popen[str]) -> str:
    _, stderr = driver.communicate(timeout=240)
    assert driver.returncode == 0, stderr
    return stderr


@pytest.mark.parametrize("killed", [1, 2])
def test_killed_workers_are_replaced(
    many: Path, check, expected: Answers, tmp_path: Path, killed: int
):
    """Ray starts one actor or both again, and their parts with them."""
    with running(many, tmp_path) as driver:
        wait_for_parts(tmp_path, 5, driver)
        actors = below(driver.pid, ACTOR)
        assert len(actors) == 2
        for actor in actors[:killed]:
            os.kill(actor, signal.SIGKILL)
        assert len(parts(tmp_path)) < PARTS
        finish(driver)

    check(pq.read_table(tmp_path).to_pylist(), expected, many)


def test_a_killed_driver_goes_on_where_it_was(many: Path, check, expected: Answers, tmp_path: Path):
    with running(many, tmp_path) as driver:
        wait_for_parts(tmp_path, 5, driver)
        actors = below(driver.pid, ACTOR)
        driver.kill()
    # Ray's processes end with the driver; a part that was being written then may still appear.
    deadline = time.monotonic() + 60
    while any(Path(f"/proc/{actor}").exists() for actor in actors):
        assert time.monotonic() < deadline, "actors outlive their driver"
        time.sleep(0.1)
    before = parts(tmp_path)
    assert 5 <= len(before) < PARTS
    with running(many, tmp_path) as driver:
        stderr = finish(driver)

    assert f"({500 * len(before):,} of them before)" in stderr
    after = parts(tmp_path)
    assert len(after) == PARTS
    assert {name: after[name] for name in before} == before
    check(pq.read_table(tmp_path).to_pylist(), expected, many)


def test_a_part_that_always_kills_its_worker_ends_the_run(many: Path, tmp_path: Path):
    """Ray tries it four times in all, then the run says so and stops; what is done stays."""
    with running(many, tmp_path, part_size=4000) as driver:
        deadline = time.monotonic() + 180
        while driver.poll() is None:
            assert time.monotonic() < deadline, "still running after three minutes"
            for actor in below(driver.pid, f"{ACTOR}.read"):
                os.kill(actor, signal.SIGKILL)
            time.sleep(0.05)
        _, stderr = driver.communicate()

    assert driver.returncode == 1
    assert "run it again to go on" in stderr
    assert len(parts(tmp_path)) < 5
