"""`mnist-infer bench`: what it measures, and how it tells it."""

from __future__ import annotations

import io
import json
import sys

from mnist_infer import __version__, bundled_models
from mnist_infer.cli.bench import BATCH_SIZES, Benchmark, Latency, ModelFigures, Start
from mnist_infer.cli.bench_report import Machine, as_text
from tests.command import mnist_infer

MACHINE = Machine("Processor 9000", 4, "Linux", "3.13.0", "1.27.0", threads=1)


def figures(name: str, start: Start | None) -> ModelFigures:
    rates = {size: 1000.0 * size for size in BATCH_SIZES}
    return ModelFigures(name, "float32", "cpu", start, Latency(14.2e-6, 2.5e-3), rates)


def test_a_model_is_measured_in_each_of_its_precisions():
    done = mnist_infer("bench", "--model", "dense-512", "--device", "cpu", "--json")
    assert (done.stderr, done.returncode) == (b"", 0)
    report = json.loads(done.stdout)
    assert report["version"] == __version__
    assert [entry["precision"] for entry in report["models"]] == ["int8", "float32"]
    for entry in report["models"]:
        assert entry["device"] == "cpu"
        assert 0 < entry["latency_seconds"]["p50"] <= entry["latency_seconds"]["p99"]
        assert list(entry["images_per_second"]) == [str(size) for size in BATCH_SIZES]
    assert report["models"][0]["start_seconds"] > 0
    if sys.platform != "win32":
        assert 30e6 < report["models"][0]["peak_memory_bytes"] < 1e9


def test_a_model_that_is_missing_is_told_before_anything_is_measured():
    done = mnist_infer("bench", "--model", "none.onnx")
    assert b"no such model file" in done.stderr
    assert (done.stdout, done.returncode) == (b"", 2)


def test_the_table_fits_80_columns_and_ends_in_a_line_for_a_bug_report():
    models = tuple(figures(name, Start(0.52, 78_000_000)) for name in bundled_models())
    benchmark = Benchmark(models, Latency(1.9e-3, 2.4e-3), 11.2)
    lines = as_text(benchmark, MACHINE, io.StringIO()).splitlines()
    tables = [line for line in lines if line.startswith(("model", *bundled_models()))]
    assert len(tables) == 2 * (1 + len(models))
    assert max(map(len, tables)) <= 80
    for told in (__version__, "Processor 9000", models[0].model, "0.52 s", "78 MB", "14.2 us"):
        assert told in lines[-1]


def test_what_there_was_no_time_for_is_a_dash():
    benchmark = Benchmark((figures("dense-512", None),), Latency(1.9e-3, 2.4e-3), 21.0)
    row = next(
        line
        for line in as_text(benchmark, MACHINE, io.StringIO()).splitlines()
        if line.startswith("dense-512")
    )
    assert row.split() == ["dense-512", "float32", "on", "cpu", "-", "-", "14.2", "us", "2.5", "ms"]
