"""From files to digits, against what decoding alone costs.

Each case measures `predict` under pytest-benchmark, and in turns with it Pillow's own full decode
of the same file to an array, both on one core; `extra_info["over_decode"]` is their ratio.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks import files, pictures
from benchmarks.timing import run_process
from mnist_infer import Recognizer

FOLDER = 500


@pytest.mark.benchmark(group="files: one to its Prediction, against Pillow's decode")
@pytest.mark.parametrize("given", ["path", "bytes"])
@pytest.mark.parametrize("kind", pictures.KINDS)
def test_predict_file(benchmark: BenchmarkFixture, tmp_path: Path, kind: str, given: str) -> None:
    """`predict` of a file with the default model."""
    content = pictures.KINDS[kind]()
    path = tmp_path / "picture"
    path.write_bytes(content)
    file = path if given == "path" else content
    recognizer = Recognizer(device="cpu")
    prediction = benchmark(recognizer.predict, file)
    benchmark.extra_info.update(files.against_decoding(recognizer, file, rounds=3))
    assert prediction.digit in range(10)


@pytest.mark.benchmark(group="files: a folder by the command line")
def test_folder(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """The whole process for a folder of small PNGs; images per second by the median."""
    content = pictures.digit_png()
    for number in range(FOLDER):
        (tmp_path / f"{number:05}.png").write_bytes(content)
    command = [sys.executable, "-m", "mnist_infer", str(tmp_path), "--jsonl"]
    pedantic: Any = benchmark.pedantic
    pedantic(run_process, (command,), rounds=3)
    if benchmark.stats:
        benchmark.extra_info["images_per_second"] = round(FOLDER / benchmark.stats.stats.median)
