"""One image at a time: what ONNX Runtime costs, and what each layer of the package adds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.contenders import PEERS, bare_session
from mnist_infer import Recognizer

if TYPE_CHECKING:
    from benchmarks.peers import Peers

pytestmark = pytest.mark.benchmark(group="latency: one image", warmup=True)


@pytest.fixture
def image() -> NDArray[np.uint8]:
    """One image in the MNIST format, uint8 (1, 28, 28)."""
    pixels = np.zeros((1, 28, 28), np.uint8)
    pixels[0, 4:24, 12:16] = 255
    return pixels


def measure(
    benchmark: BenchmarkFixture, recognizer: Recognizer, call: Callable[..., Any], *arguments: Any
) -> Any:
    """Time a call; median and 99th percentile, in microseconds, go into the record."""
    result = benchmark(call, *arguments)
    benchmark.extra_info.update(
        model=recognizer.model.name, precision=recognizer.model.precision, device=recognizer.device
    )
    if benchmark.stats:
        p50, p99 = np.percentile(benchmark.stats.stats.data, [50, 99]) * 1e6
        benchmark.extra_info.update(p50_us=round(p50, 2), p99_us=round(p99, 2))
    return result


def test_bare_session(
    benchmark: BenchmarkFixture, recognizer: Recognizer, image: NDArray[np.uint8]
) -> None:
    """ONNX Runtime alone: the floor."""
    session = bare_session(recognizer)
    (rows,) = measure(benchmark, recognizer, session.run, ["probabilities"], {"image": image})
    assert rows.shape == (1, 10)


def test_probabilities(
    benchmark: BenchmarkFixture, recognizer: Recognizer, image: NDArray[np.uint8]
) -> None:
    """The fast path, without preprocessing."""
    rows = measure(benchmark, recognizer, recognizer.probabilities, image)
    assert rows.shape == (1, 10)


@pytest.mark.parametrize("name", PEERS)
def test_peer(
    benchmark: BenchmarkFixture, peers: Peers, name: str, image: NDArray[np.uint8]
) -> None:
    """The default model's network by other means."""
    if name in peers.missing:
        pytest.skip(f"{name}: {peers.missing[name]}")
    assert benchmark(peers.calls[name], image).shape == (1, 10)


def test_predict_array(
    benchmark: BenchmarkFixture, recognizer: Recognizer, picture: NDArray[np.uint8]
) -> None:
    """A decoded picture of 200 x 200: preprocessing and network."""
    assert measure(benchmark, recognizer, recognizer.predict, picture).digit == 7


def test_predict_path(
    benchmark: BenchmarkFixture, recognizer: Recognizer, picture_path: Path
) -> None:
    """The same picture as a PNG: reading and decoding too."""
    assert measure(benchmark, recognizer, recognizer.predict, picture_path).digit == 7
