"""From files to digits, against what decoding alone costs.

Each case measures `predict` under pytest-benchmark, and in turns with it Pillow's own full decode
of the same bytes, both on one core; `extra_info["ratio"]` is what the issue of speed asks for.
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


@pytest.mark.benchmark(group="files: bytes to Prediction, against Pillow's decode")
@pytest.mark.parametrize("kind", pictures.KINDS)
def test_predict_bytes(benchmark: BenchmarkFixture, kind: str) -> None:
    """`predict` of a file's bytes with the default model."""
    content = pictures.KINDS[kind]()
    recognizer = Recognizer(device="cpu")
    prediction = benchmark(recognizer.predict, content)
    benchmark.extra_info.update(files.against_decoding(recognizer, content, rounds=3))
    assert prediction.digit in range(10)


@pytest.mark.benchmark(group="files: a folder by the command line")
def test_folder(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """The whole process for a folder of small PNGs; images per second by the median."""
    content = pictures.mnist_like()
    for number in range(FOLDER):
        (tmp_path / f"{number:05}.png").write_bytes(content)
    command = [sys.executable, "-m", "mnist_infer", str(tmp_path), "--jsonl"]
    pedantic: Any = benchmark.pedantic
    pedantic(run_process, (command,), rounds=3)
    if benchmark.stats:
        benchmark.extra_info["images_per_second"] = round(FOLDER / benchmark.stats.stats.median)
