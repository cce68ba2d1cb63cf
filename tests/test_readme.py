"""The README: every command in it runs, and what it shows is what comes out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")

ROBUST_FITS = [
    "python -m train fit robust-512",
    "python -m train fit robust-512x2 --seed 3",
]
ROBUST_EXPORTS = [
    f"python -m export runs/robust-{size}/model.keras --name dense-{size} "
    f"--report export/results/parity-dense-{size}.md --model-version {version}"
    for size, version in (("512", "3.0.0"), ("512x2", "3.1.0"))
]
RUN_BY_CI_AS = {
    # Its CUDA packages are 3 GB, and the code is the same without them.
    "pip install ./packaging/gpu": "pip install --no-deps ./packaging/gpu",
    # Five seeds take ten minutes; the committed table comes from the whole run.
    "python -m train reproduce": "python -m train reproduce --seeds 1",
    # Each takes up to an hour; the released weights come from the whole runs.
    **{fit: f"{fit} --epochs 1" for fit in ROBUST_FITS},
    # After one epoch a network is too unsure for the proof of its integers; tests/export has that.
    **{f"{export} --int8": export for export in ROBUST_EXPORTS},
    # The committed report comes from the whole run.
    "python -m benchmarks.report": 'python -m benchmarks.report --quick --output "$work/report"',
    # The extra `scale` holds the extra `ray`, and where things are written is CI's own matter.
    'pip install ".[ray]"': 'pip install ".[scale]"',
    "mnist-infer batch examples runs/digits": 'mnist-infer batch examples "$work/digits"',
    "python -m export triton runs/models": 'python -m export triton "$work/models"',
    # A run of CI is the test of this one.
    ".ci/run": "#!/usr/bin/env bash",
}


def console_commands() -> list[tuple[str, str]]:
    """Each command of the README's console blocks, with the output shown under it."""
    blocks = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
    commands = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", "".join(blocks), re.MULTILINE)
    assert len(commands) > 10
    return commands


def is_ours(command: str) -> bool:
    return (
        "pip install" not in command
        and re.match(r"(cat .*\| )?mnist-infer (?!serve|batch)", command) is not None
    )


@pytest.fixture
def shell(tmp_path: Path) -> Callable[[str], str]:
    """Runs a command where the README's pictures are, with this source as `mnist-infer`.

    What the command writes lands beside them, not in the repository.
    """
    script = tmp_path / "bin" / "mnist-infer"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mnist_infer "$@"\n')
    script.chmod(0o755)
    (tmp_path / "docs").mkdir()
    for folder in ("examples", "tests"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    path = f"{script.parent}{os.pathsep}{os.environ['PATH']}"

    def run(command: str) -> str:
        done = subprocess.run(
            command,
            shell=True,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
            env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)},
        )
        return done.stdout

    return run


@pytest.mark.skipif(os.name == "nt", reason="the README's commands are for a POSIX shell")
@pytest.mark.parametrize(
    ("command", "shown"), [pair for pair in console_commands() if is_ours(pair[0])]
)
def test_commands_of_the_package_run_as_shown(
    command: str, shown: str, shell: Callable[[str], str]
):
    output = shell(command)
    assert output
    if shown:
        assert output == shown


@pytest.mark.parametrize(
    "command", [command for command, _ in console_commands() if not is_ours(command)]
)
def test_every_other_command_is_run_by_ci(command: str):
    assert RUN_BY_CI_AS.get(command, command) in CI


@pytest.mark.skipif(os.name == "nt", reason="the README's commands are for a POSIX shell")
def test_the_first_command_shows_its_real_output(shell: Callable[[str], str]):
    command, shown = console_commands()[0]
    assert shell(command.removeprefix("pip install . && ")) == shown


def test_python_examples_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.chdir(ROOT)
    examples = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert examples
    for example in examples:
        exec(compile(example, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("7 ")


def test_the_help_is_the_real_one():
    done = subprocess.run(
        [sys.executable, "-m", "mnist_infer", "-h"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "COLUMNS": "80"},
    )
    shown = re.search(r"<!-- help:.*?-->\n```text\n(.*?)```", README, re.DOTALL)
    assert shown is not None
    assert _lines(shown[1]) == _lines(done.stdout)


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]
