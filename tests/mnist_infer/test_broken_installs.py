"""The broken states of an install of ONNX Runtime, each made for real by pip.

Its CUDA build is a wheel of a quarter gigabyte: these tests are slow, and run by `.ci/run`.
"""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from tests.paths import ROOT, SEVEN

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        (sys.platform, platform.machine()) not in (("linux", "x86_64"), ("win32", "AMD64")),
        reason="the CUDA build of ONNX Runtime is for x86-64 Linux and Windows",
    ),
]

VERSION = metadata.version("onnxruntime")

GPU_DISTRIBUTION = (
    "pip uninstall -y mnist-infer mnist-infer-gpu onnxruntime onnxruntime-gpu"
    " && pip install ./packaging/gpu (in a clone of the repository)"
)
CUDA_LIBRARIES = 'pip install "onnxruntime-gpu[cuda,cudnn]"'


class Install:
    """A virtual environment with every package of this one but ONNX Runtime."""

    def __init__(self, folder: Path) -> None:
        subprocess.run(
            [sys.executable, "-m", "venv", "--without-pip", folder], check=True, timeout=60
        )
        self.python = next(folder.glob("[bS][ic][nr]*/python*"))
        paths = {name: str(folder) for name in ("base", "platbase")}
        others = folder / "others"
        others.mkdir()
        for entry in Path(sysconfig.get_path("purelib")).iterdir():
            if not entry.name.startswith(("onnxruntime", "nvidia")) and entry.suffix != ".pth":
                (others / entry.name).symlink_to(entry)
        packages = Path(sysconfig.get_path("purelib", "venv", paths))
        (packages / "others.pth").write_text(f"{others}\n{ROOT}\n")

    def pip(self, *arguments: str) -> None:
        """Run pip on it."""
        subprocess.run(
            [sys.executable, "-m", "pip", "--quiet", "--python", self.python, *arguments],
            check=True,
            timeout=600,
        )

    def add(self, *packages: str) -> None:
        """Install these packages alone."""
        self.pip("install", "--no-deps", *packages)

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run `mnist-infer` in it."""
        return subprocess.run(
            [self.python, "-m", "mnist_infer", *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def refuses_cuda(self, reason: str, command: str) -> bool:
        """Whether CUDA, asked for, is one line with the reason and the command, here and there."""
        asked = self.run(SEVEN, "--device", "cuda")
        info = json.loads(self.run("info", "--json").stdout)
        assert (asked.stdout, asked.returncode, asked.stderr.count("\n")) == ("", 2, 1)
        for line in (asked.stderr, info["cuda"]["reason"]):
            assert reason in line
            assert command in line
        return not info["cuda"]["works"]

    def answers_on_the_cpu(self) -> bool:
        """Whether it answers without CUDA, with nothing else on stdout, and says the device."""
        done = self.run(SEVEN, "--json", "--verbose")
        return json.loads(done.stdout)[0]["digit"] == 7 and "device cpu" in done.stderr


@pytest.fixture
def install(tmp_path: Path) -> Iterator[Install]:
    folder = tmp_path / "environment"
    yield Install(folder)
    shutil.rmtree(folder)  # pytest would keep a gigabyte


def test_the_build_for_cpus(install: Install):
    install.add(f"onnxruntime=={VERSION}")
    assert install.refuses_cuda("the build for CPUs only", GPU_DISTRIBUTION)
    assert install.answers_on_the_cpu()


@pytest.mark.parametrize("last", ["onnxruntime", "onnxruntime-gpu"])
def test_both_builds(install: Install, last: str):
    first = {"onnxruntime": "onnxruntime-gpu", "onnxruntime-gpu": "onnxruntime"}[last]
    install.add(f"{first}=={VERSION}")
    install.add(f"{last}=={VERSION}")
    assert install.refuses_cuda("both builds of ONNX Runtime", GPU_DISTRIBUTION)
    assert install.answers_on_the_cpu()


def test_the_empty_folder_that_an_uninstall_leaves_and_its_repair(install: Install):
    install.add(f"onnxruntime=={VERSION}")
    install.add(f"onnxruntime-gpu=={VERSION}")
    install.pip("uninstall", "--yes", "onnxruntime")
    command = 'pip install --force-reinstall "onnxruntime-gpu[cuda,cudnn]"'
    assert install.refuses_cuda("an empty folder", command)
    done = install.run(SEVEN)
    assert (done.stdout, done.returncode) == ("", 2)
    assert done.stderr.strip().endswith(command)
    install.pip("install", "--no-deps", "--force-reinstall", f"onnxruntime-gpu=={VERSION}")
    assert install.answers_on_the_cpu()


def test_cuda_libraries_missing(install: Install):
    install.add(f"onnxruntime-gpu=={VERSION}")
    assert install.refuses_cuda("do not load", CUDA_LIBRARIES)
    assert install.answers_on_the_cpu()


def test_cuda_libraries_of_another_major_version(install: Install):
    install.add(f"onnxruntime-gpu=={VERSION}", "nvidia-cuda-runtime-cu12")
    assert install.refuses_cuda("the libraries of CUDA 12 are installed", CUDA_LIBRARIES)
    assert install.answers_on_the_cpu()
