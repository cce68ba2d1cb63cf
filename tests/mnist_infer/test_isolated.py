"""Decoding in worker processes: the same pictures, and limits that no picture can pass."""

from __future__ import annotations

import io
import os
import pickle
import signal
import sys
import time
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mnist_infer import (
    DecodeLimitError,
    DecoderBusyError,
    ImageError,
    Page,
    PictureTooLargeError,
    Recognizer,
)
from mnist_infer.decode import worker_pool
from mnist_infer.decode.images import Picture, decode_picture
from mnist_infer.decode.isolated import IsolatedDecoder
from tests.pictures import drawn, encoded
from tests.processes import children, descendants

SEVEN = encoded(Image.fromarray(drawn(7)))
SMALL = encoded(Image.fromarray(drawn(7, 28)), "BMP")
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Linux limits memory")


@pytest.fixture(scope="module")
def decoder() -> IsolatedDecoder:
    return IsolatedDecoder(max_pixels=1_000_000)


@pytest.fixture
def hostile(hostile_decoder: None) -> IsolatedDecoder:
    """One whose workers meet a decoder that does what the bytes name."""
    return IsolatedDecoder(max_pixels=1000, workers=1)


def test_pictures_are_those_of_decode_picture(decoder: IsolatedDecoder, tmp_path: Path):
    path = tmp_path / "seven.png"
    path.write_bytes(SEVEN)
    two = encoded(
        Image.fromarray(drawn(7)), "TIFF", save_all=True, append_images=[Image.new("RGB", (9, 5))]
    )
    sources = [SEVEN, str(path), path, drawn(7), Image.fromarray(drawn(7)), Page(two, 2)]
    for source in [*sources, encoded(Image.new("RGB", (900, 700)), "JPEG")]:
        expected, found = decode_picture(source, 100), decoder.decode(source, 100)
        np.testing.assert_array_equal(found.pixels, expected.pixels)
        assert (found.size, found.shrink) == (expected.size, expected.shrink)
    np.testing.assert_array_equal(decoder.decode(io.BytesIO(SEVEN)).pixels, drawn(7))


@pytest.mark.parametrize("source", [b"", b"text", "missing.png", SEVEN[:300], Page(SEVEN, 3)])
def test_errors_are_those_of_decode_picture(decoder: IsolatedDecoder, source: bytes | str | Page):
    with pytest.raises(ImageError) as expected:
        decode_picture(source)
    with pytest.raises(ImageError) as found:
        decoder.decode(source)
    assert (type(found.value), str(found.value)) == (type(expected.value), str(expected.value))


def test_too_large_a_picture(decoder: IsolatedDecoder):
    with pytest.raises(PictureTooLargeError, match="1,000,000"):
        decoder.decode(encoded(Image.new("1", (1001, 1000))))
    with pytest.raises(TypeError, match="binary"):
        decoder.decode(io.StringIO())


@pytest.mark.parametrize("kind", ["loop", "sleep", "exit", pytest.param("grow", marks=LINUX)])
@pytest.mark.usefixtures("short_decoding")
def test_a_picture_beyond_a_limit_is_one_typed_error(hostile: IsolatedDecoder, kind: str):
    hostile.decode(SMALL)
    with pytest.raises(DecodeLimitError):
        hostile.decode(kind.encode())
    assert hostile.decode(SMALL).size == (28, 28)


def test_what_a_decoder_prints_is_no_answer(hostile: IsolatedDecoder):
    assert hostile.decode(b"print" + SMALL).size == (28, 28)


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's /proc")
def test_no_worker_is_left(hostile: IsolatedDecoder):
    before = descendants(os.getpid())
    with pytest.raises(DecodeLimitError):
        hostile.decode(b"exit")
    fork_server = descendants(os.getpid()) - before
    assert len(fork_server) == 1
    for _ in range(3):
        with pytest.raises(DecodeLimitError):
            hostile.decode(b"exit")
    assert descendants(os.getpid()) - before == fork_server  # Zombies would be among them.
    hostile.decode(SMALL)
    assert len(descendants(os.getpid()) - before - fork_server) == 1
    hostile.close()
    assert descendants(os.getpid()) == before


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's /proc")
def test_a_killed_worker_costs_no_answer(hostile: IsolatedDecoder):
    before = children(os.getpid())
    with ThreadPoolExecutor(1) as pool:
        hostile.decode(SMALL)
        (fork_server,) = children(os.getpid()) - before
        (worker,) = children(fork_server)
        at_work = pool.submit(hostile.decode, b"sleep")
        while not at_work.running():
            pass
        os.kill(worker, signal.SIGKILL)
        while not (others := children(fork_server) - {worker}):
            time.sleep(0.01)
        os.kill(others.pop(), signal.SIGKILL)  # Once may be an accident.
        assert isinstance(at_work.exception(), DecodeLimitError)
    assert hostile.decode(SMALL).size == (28, 28)


def six_stuck(pool: ThreadPoolExecutor, shared: IsolatedDecoder) -> list[Future[Picture]]:
    """Six pictures whose decoding does not end, all under way."""
    stuck = [pool.submit(shared.decode, b"sleep") for _ in range(6)]
    while not all(each.running() for each in stuck):
        pass
    return stuck


@pytest.mark.usefixtures("hostile_decoder")
class TestManyHostilePictures:
    """Several threads share a decoder of two workers."""

    def test_an_honest_one_does_not_wait_until_they_end(self):
        shared = IsolatedDecoder(max_pixels=1000, workers=2)
        with ThreadPoolExecutor(6) as pool:
            stuck = six_stuck(pool, shared)
            for _ in range(20):
                assert shared.decode(SMALL).size == (28, 28)
            assert not any(each.done() for each in stuck)
            shared.close()

    def test_a_long_one_has_its_answer_when_it_has_waited(self, tmp_path: Path):
        shared = IsolatedDecoder(max_pixels=1000, workers=1)
        with ThreadPoolExecutor(2) as pool:
            long = pool.submit(shared.decode, b"long" + SMALL)
            stuck = pool.submit(shared.decode, b"sleep")
            assert long.result().size == (28, 28)
            assert isinstance(stuck.exception(), DecodeLimitError)

    def test_more_than_can_wait_are_told_so(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(worker_pool, "_MAX_SLOW_PICTURES", 1)
        shared = IsolatedDecoder(max_pixels=1000, workers=1)
        with ThreadPoolExecutor(3) as pool:
            stuck = [pool.submit(shared.decode, b"sleep") for _ in range(3)]
            errors = [type(each.exception()) for each in stuck]
        assert sorted(map(str, errors)) == sorted(
            map(str, [DecodeLimitError, DecodeLimitError, DecoderBusyError])
        )

    def test_closing_ends_those_that_wait_too(self):
        shared = IsolatedDecoder(max_pixels=10_000_000, workers=1)
        with ThreadPoolExecutor(6) as pool:
            stuck = six_stuck(pool, shared)
            shared.close()
            assert {type(each.exception()) for each in stuck} == {DecodeLimitError}


def test_a_recognizer_can_be_isolated_and_copied():
    recognizer = Recognizer(device="cpu", isolated=True)
    for each in (recognizer, pickle.loads(pickle.dumps(recognizer))):
        assert each.predict(SEVEN).digit == 7
        assert each.read(SEVEN).text == "7"
        assert isinstance(next(each.predict_each([b"text"])), ImageError)
