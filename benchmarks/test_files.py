"""From a file to a digit, against what decoding alone costs.

Each case measures `predict` under pytest-benchmark, and beside it Pillow's own full decode of the
same bytes, both on one core; `extra_info["ratio"]` is what the issue of speed asks for.
"""

from __future__ import annotations

import io
import statistics
import time
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageFilter
from pytest_benchmark.fixture import BenchmarkFixture

from examples.draw import Pen, paper, write_on
from mnist_infer import Recognizer


def _encoded(image: Image.Image, format_: str) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format_, quality=85)
    return stream.getvalue()


def _mnist_like() -> bytes:
    """A 28x28 PNG in MNIST's own form."""
    page = Image.new("RGB", (280, 280))
    write_on(page, 7, (30, 30), 180, Pen(0.11, (255, 255, 255)))
    seen = Recognizer().explain(np.asarray(page)).image
    return _encoded(Image.fromarray(seen), "PNG")


def _drawing() -> bytes:
    """A drawing of 500x500 as a paint program saves it."""
    page = Image.new("RGB", (500, 500), "white")
    write_on(page, 3, (60, 50), 330, Pen(0.06, (0, 0, 0)))
    return _encoded(page, "PNG")


def _photo() -> bytes:
    """A JPEG of 12 megapixels: a digit on grainy, shadowed paper."""
    page = paper((4000, 3000), 1)
    write_on(page, 5, (1500, 800), 1200, Pen(0.05, (40, 50, 110)))
    return _encoded(page.filter(ImageFilter.GaussianBlur(2)), "JPEG")


@pytest.mark.benchmark(group="files: bytes to Prediction, against Pillow's decode")
@pytest.mark.parametrize(
    "content_of", [_mnist_like, _drawing, _photo], ids=["28x28 PNG", "500x500 PNG", "12 MP JPEG"]
)
def test_predict_bytes(benchmark: BenchmarkFixture, content_of: Callable[[], bytes]) -> None:
    """`predict` of a file's bytes with the default model."""
    content = content_of()
    recognizer = Recognizer(device="cpu")
    prediction = benchmark(recognizer.predict, content)
    decode = _median_seconds(lambda: np.asarray(Image.open(io.BytesIO(content))))
    predict = _median_seconds(lambda: recognizer.predict(content))
    benchmark.extra_info["ratio"] = predict / decode
    benchmark.extra_info["decode_us"] = decode * 1e6
    assert prediction.digit in range(10)


def _median_seconds(call: Callable[[], object]) -> float:
    """The median of at least 5 calls and of as many as fit into a third of a second."""
    times: list[float] = []
    while len(times) < 5 or sum(times) < 0.3:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)
