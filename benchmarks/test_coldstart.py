"""Whole processes, from start to end."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.coldstart import commands
from benchmarks.timing import run_process


@pytest.mark.benchmark(group="cold start: the whole process")
@pytest.mark.parametrize("name", commands())
def test_process(benchmark: BenchmarkFixture, name: str) -> None:
    """Wall time under pytest-benchmark; the CPU time of the last round beside it."""
    pedantic: Any = benchmark.pedantic
    process = pedantic(run_process, (commands()[name],), rounds=5, warmup_rounds=1)
    benchmark.extra_info["cpu_ms"] = round(process.cpu * 1e3, 1)
