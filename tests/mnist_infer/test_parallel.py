"""A folder that is worth several processes: the same answers, and no process left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from tests import paths
from tests.paths import ROOT
from tests.processes import all_end, children

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it is one at a time")

SEVEN = str(paths.SEVEN)
COMMAND = [sys.executable, "-m", "mnist_infer", "--jsonl"]
MANY = 400


def run(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=100, **options
    )


@pytest.fixture
def working(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """The command at work in three processes, of which the first line has been read."""
    with (
        (tmp_path / "errors").open("w") as errors,
        subprocess.Popen(
            [*COMMAND, "--jobs", "2", "--batch-size", "8", *[SEVEN] * MANY],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        ) as process,
    ):
        assert process.stdout
        assert json.loads(process.stdout.readline())["digit"] == 7
        yield process
        process.wait(20)
    assert (tmp_path / "errors").read_text() == ""


def test_answers_and_their_order_are_those_of_one_process(tmp_path: Path):
    (tmp_path / "broken.png").write_bytes(Path(SEVEN).read_bytes()[:300])
    (tmp_path / "empty.png").touch()
    page = Image.open(SEVEN).convert("L")
    page.save(tmp_path / "two.tif", save_all=True, append_images=[page.rotate(180)])
    Image.new("L", (5000, 4000), "white").save(tmp_path / "large.png")
    mixed = [SEVEN, SEVEN, str(tmp_path), "missing.png", "-", str(paths.PAGE)]
    arguments = [*[SEVEN] * 20, *mixed * 4, *[SEVEN] * 13]
    alone, together = (run(*arguments, "--jobs", jobs, input="no picture") for jobs in ("1", "3"))
    records = [json.loads(line) for line in together.stdout.splitlines()]
    assert [record["path"] for record in records[20:29]] == [
        SEVEN,
        SEVEN,
        *(str(tmp_path / name) for name in ("broken.png", "empty.png", "large.png")),
        *(str(tmp_path / "two.tif") + f"#page={number}" for number in (1, 2)),
        "missing.png",
        "-",
    ]
    assert together.stdout == alone.stdout
    assert (together.returncode, together.stderr) == (alone.returncode, alone.stderr) == (1, "")


def test_a_killed_process_costs_no_answer(working: subprocess.Popen[str]):
    workers = children(working.pid)
    assert len(workers) == 3  # One of them decodes one picture at a time.
    for pid in workers:
        with suppress(ProcessLookupError):  # On a busy machine one may be done before.
            os.kill(pid, signal.SIGKILL)
    rest = working.stdout.readlines()
    assert [json.loads(line)["digit"] for line in rest] == [7] * (MANY - 1)
    assert working.wait(20) == 0


def test_one_killed_while_it_writes_its_answer_costs_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """As the system does where memory runs out; the reader has half of an answer then."""
    (tmp_path / "sitecustomize.py").write_text(
        "import multiprocessing, os, signal\n"
        "from multiprocessing.connection import Connection\n"
        "def send(connection, message, write=os.write, whole=Connection._send):\n"
        "    if len(message) < 4000 or multiprocessing.parent_process() is None:\n"
        "        return whole(connection, message)\n"
        "    write(connection.fileno(), message[: len(message) // 2])\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "Connection._send = send\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    done = run("--jobs", "2", *[SEVEN] * 60)
    assert (done.returncode, done.stderr) == (0, "")
    assert [json.loads(line)["digit"] for line in done.stdout.splitlines()] == [7] * 60


@pytest.mark.usefixtures("default_interrupts")
def test_ctrl_c_ends_them_all_and_leaves_whole_lines(working: subprocess.Popen[str]):
    workers = children(working.pid)
    os.killpg(working.pid, signal.SIGINT)
    rest = working.stdout.readlines()
    assert len(rest) < MANY - 1
    assert all(json.loads(line)["digit"] == 7 for line in rest)
    assert working.wait(20) == 130
    assert workers
    assert all_end(workers)


def test_a_reader_that_leaves_ends_them_all(working: subprocess.Popen[str]):
    workers = children(working.pid)
    working.stdout.close()
    assert working.wait(20) == 0
    assert workers
    assert all_end(workers)


def test_none_outlives_the_one_that_they_work_for(working: subprocess.Popen[str]):
    workers = children(working.pid)
    working.kill()
    assert workers
    assert all_end(workers)


def test_without_more_processes_to_be_had_one_does_it_all():
    def few_files() -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_NOFILE, (14, 14))

    done = run("--jobs", "8", *[SEVEN] * 60, preexec_fn=few_files)
    assert (done.returncode, done.stderr) == (0, "")
    assert [json.loads(line)["digit"] for line in done.stdout.splitlines()] == [7] * 60


@pytest.mark.usefixtures("short_decoding")
class TestLimits:
    """A picture that decoding would never end with, or takes all memory, is one typed error."""

    KINDS = ("loop", "sleep", "exit", "grow")

    @pytest.mark.parametrize("kind", KINDS)
    def test_hold_for_a_picture_alone(self, kind: str, tmp_path: Path):
        (tmp_path / kind).write_text(kind)
        done = run("--max-pixels", "1000", str(tmp_path / kind))
        assert json.loads(done.stdout)["error"]["type"] == "DecodeLimitError"
        assert (done.returncode, done.stderr) == (1, "")

    @pytest.mark.parametrize("command", ["read", "explain"])
    def test_hold_for_the_other_commands(self, command: str, tmp_path: Path):
        (tmp_path / "exit").write_text("exit")
        done = subprocess.run(
            [sys.executable, "-m", "mnist_infer", command, str(tmp_path / "exit")],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=100,
        )
        assert "decoding took more than" in done.stderr
        assert (done.returncode, done.stdout) == (1, "")

    def test_among_many_it_costs_the_others_nothing(self, tmp_path: Path):
        for kind in self.KINDS:
            (tmp_path / kind).write_text(kind)
        hostile = [str(tmp_path / kind) for kind in self.KINDS]
        names = [SEVEN] * 100 + hostile + [SEVEN] * 100 + hostile[:1] + [SEVEN] * 50
        done = run("--max-pixels", "100000", "--jobs", "2", *names)
        records = [json.loads(line) for line in done.stdout.splitlines()]
        assert [record["path"] for record in records] == names
        for record in records:
            if record["path"] == SEVEN:
                assert record["digit"] == 7
            else:
                assert record["error"]["type"] == "DecodeLimitError"


def test_without_any_process_to_be_had_each_picture_has_its_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "sitecustomize.py").write_text(
        "import errno, os\n"
        "def fork():\n"
        "    raise BlockingIOError(errno.EAGAIN, 'no process to be had')\n"
        "os.fork = fork\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    done = run(SEVEN, SEVEN)
    errors = [json.loads(line)["error"] for line in done.stdout.splitlines()]
    assert [error["type"] for error in errors] == ["DecodeLimitError"] * 2
    assert (done.returncode, done.stderr) == (1, "")
