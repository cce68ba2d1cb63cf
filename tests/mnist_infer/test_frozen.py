"""The command frozen by PyInstaller, as `packaging/mnist-infer.spec` says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.paths import PAGE, ROOT, SEVEN

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not find_spec("PyInstaller"), reason='needs PyInstaller: pip install ".[dev]"'
    ),
]


@pytest.fixture(scope="module")
def frozen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("frozen")
    places = ["--distpath", str(folder / "dist"), "--workpath", str(folder / "work")]
    subprocess.run(
        [sys.executable, "-m", "PyInstaller", *places, ROOT / "packaging" / "mnist-infer.spec"],
        capture_output=True,
        check=True,
        timeout=900,
    )
    return folder / "dist" / "mnist-infer" / ("mnist-infer" + (".exe" if os.name == "nt" else ""))


def run(*command: object) -> str:
    """What the command prints, where there is no Python."""
    done = subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={name: os.environ[name] for name in ("SYSTEMROOT",) if name in os.environ},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_answers(frozen: Path):
    seven = SEVEN
    assert run(frozen, seven) == f"{seven}  7  100.0 %\n"


def test_it_reads_pages(frozen: Path):
    assert run(frozen, "read", PAGE).endswith("4871\n")


def test_it_tells_what_it_is_made_of(frozen: Path):
    info = json.loads(run(frozen, "info", "--json"))
    assert info["session"]["error"] is None
    assert {"numpy", "onnxruntime", "pillow"} <= set(info["packages"])


def test_an_app_of_ones_own_needs_no_spec(tmp_path: Path):
    script = tmp_path / "app.py"
    script.write_text(
        "import sys\n"
        "from mnist_infer import Recognizer\n"
        "for isolated in (False, True):\n"
        "    print(Recognizer(isolated=isolated).predict(sys.argv[1]).digit)\n"
    )
    # As in an environment that has mnist-infer alone, without what only `dev` brings.
    dev = ("tensorflow", "onnx", "matplotlib", "scipy")
    excluded = [f"--exclude-module={name}" for name in dev]
    subprocess.run(
        [sys.executable, "-m", "PyInstaller", *excluded, str(script)],
        cwd=tmp_path,
        capture_output=True,
        check=True,
        timeout=900,
    )
    app = tmp_path / "dist" / "app" / "app"
    assert run(app, SEVEN) == "7\n7\n"
