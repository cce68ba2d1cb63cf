"""Fuzzing, a bounded number of cases: `python -m fuzz` runs as many as one likes."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT

CASES = {"predict": 1000, "read": 400, "isolated": 400, "model": 1000, "dataset": 300}
FEW_CASES = 200

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None,
    reason="needs atheris, which the extra dev installs on Linux alone",
)


def fuzz(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fuzz", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(cwd)},
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        timeout=300,
    )


@pytest.mark.parametrize(
    ("target", "cases"),
    [
        ("predict", FEW_CASES),
        *(pytest.param(*each, marks=pytest.mark.slow) for each in CASES.items()),
    ],
)
def test_mutated_bytes_give_an_answer_or_a_typed_error(target: str, cases: int, tmp_path: Path):
    done = fuzz(target, "--cases", cases, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    (executed,) = re.findall(r"number_of_executed_units: (\d+)", done.stderr)
    assert int(executed) >= cases
    assert list(tmp_path.iterdir()) == []


def test_an_exception_of_another_family_is_a_finding(tmp_path: Path):
    (tmp_path / "sitecustomize.py").write_text(
        "import train.data\ntrain.data.DataError.__init__ = lambda *_: 1 / 0\n"
    )
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-m", "fuzz", "dataset", "--cases", "50"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert done.returncode != 0
    assert b"ZeroDivisionError" in done.stdout + done.stderr
    assert len(list(tmp_path.glob("crash-*"))) == 1
