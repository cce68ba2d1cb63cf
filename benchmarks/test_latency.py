"""One image at a time, by every way into the package, and by its peers: `benchmarks.latency`."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.contenders import ARRAY, BOUND, BYTES, PATH, PEERS, details
from benchmarks.latency import WAYS, calls_of_package
from benchmarks.pictures import digit_png
from benchmarks.timing import Times
from mnist_infer import Recognizer

if TYPE_CHECKING:
    from benchmarks.peers import Peers

pytestmark = pytest.mark.benchmark(group="latency: one image", warmup=True)


@pytest.fixture(scope="module")
def seven() -> bytes:
    """A PNG in the MNIST format."""
    return digit_png()


@pytest.fixture
def image(seven: bytes) -> NDArray[np.uint8]:
    """Its pixels, uint8 (1, 28, 28)."""
    return np.asarray(Image.open(io.BytesIO(seven)))[np.newaxis]


@pytest.mark.parametrize("way", WAYS)
def test_package(
    benchmark: BenchmarkFixture,
    recognizer: Recognizer,
    way: str,
    seven: bytes,
    image: NDArray[np.uint8],
    tmp_path: Path,
) -> None:
    """Each model by each way; percentiles go into the record."""
    if way == BOUND and recognizer.device != "cpu":
        pytest.skip("binds arrays of the CPU")
    path = tmp_path / "seven.png"
    path.write_bytes(seven)
    answer: Any = benchmark(calls_of_package(recognizer, image, path)[way])
    benchmark.extra_info.update(details(recognizer))
    if benchmark.stats:
        times = Times({way: [np.array(benchmark.stats.stats.data)]})
        benchmark.extra_info.update(times.percentiles(way))
    if way in (ARRAY, PATH, BYTES):
        assert answer.digit == 7
    elif way != BOUND:
        assert np.reshape(answer, (1, 10)).argmax() == 7


@pytest.mark.parametrize("name", PEERS)
def test_peer(
    benchmark: BenchmarkFixture, peers: Peers, name: str, image: NDArray[np.uint8]
) -> None:
    """The default model's network by other means."""
    if name in peers.missing:
        pytest.skip(f"{name}: {peers.missing[name]}")
    assert benchmark(peers.calls[name], image).shape == (1, 10)
