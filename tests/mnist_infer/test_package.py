"""The package as a guest in somebody's app: light to import, silent, alone."""

from __future__ import annotations

import subprocess
import sys

import pytest

TRAINING = ("tensorflow", "keras", "tf2onnx", "onnx", "train", "export", "benchmarks")
HEAVY = ("onnxruntime", "numpy", "PIL", "pydantic", "pyarrow", "ray", "pyspark")


def modules_after(code: str) -> set[str]:
    """The top-level modules that a fresh Python has imported after running `code`."""
    code += "\nimport sys; print('\\n'.join({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.split())


def test_a_prediction_needs_nothing_of_training():
    code = (
        "import numpy as np; from mnist_infer import Recognizer; "
        "Recognizer().probabilities(np.zeros((1, 28, 28), np.uint8))"
    )
    assert modules_after(code).isdisjoint(TRAINING)


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_version_and_help_import_nothing_heavy(option: str):
    code = f"""
import contextlib, sys
from mnist_infer.cli.main import main
sys.argv = ["mnist-infer", {option!r}]
with contextlib.suppress(SystemExit):
    main()
"""
    modules = modules_after(code)
    assert modules.isdisjoint(HEAVY)
    assert ("rich" in modules) == (option == "--help")  # Typer draws its help with it.


def test_a_command_without_its_extra_says_how_to_get_it():
    code = (
        "import sys; sys.modules['ray'] = None; sys.argv = ['', 'batch', 'images', 'digits']; "
        "from mnist_infer.cli.main import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)

    assert done.returncode == 2
    assert done.stderr == (
        'mnist-infer: ray is missing; install it: pip install "mnist-infer[ray]"\n'
    )


def test_importing_the_package_imports_nothing_heavy():
    assert modules_after("import mnist_infer").isdisjoint(HEAVY)


@pytest.mark.parametrize(("users", "seen"), [(None, "1"), ("0", "0"), ("", "")])
def test_telemetry_is_off_unless_the_user_says_otherwise(
    users: str | None, seen: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    if users is not None:
        monkeypatch.setenv("ORT_DISABLE_TELEMETRY", users)
    code = (
        "import os; from mnist_infer import Recognizer; Recognizer(); "
        f"assert os.environ['ORT_DISABLE_TELEMETRY'] == {seen!r}"
    )
    modules_after(code)
