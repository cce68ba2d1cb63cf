"""Images per second over batch sizes, without preprocessing."""

from __future__ import annotations

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.contenders import details
from benchmarks.throughput import BATCHES
from mnist_infer import Recognizer


@pytest.mark.benchmark(group="throughput", warmup=True)
@pytest.mark.parametrize("batch_size", BATCHES[::2])
def test_throughput(benchmark: BenchmarkFixture, recognizer: Recognizer, batch_size: int) -> None:
    """One call with a batch; images per second by its median time."""
    images = np.random.default_rng(0).integers(0, 256, (batch_size, 28, 28), np.uint8)
    rows = benchmark(recognizer.probabilities, images)
    assert rows.shape == (batch_size, 10)
    benchmark.extra_info.update(details(recognizer), batch_size=batch_size)
    if benchmark.stats:
        per_second = batch_size / benchmark.stats.stats.median
        benchmark.extra_info["images_per_second"] = round(per_second)
