"""What is fuzzed: each target takes bytes, and may raise the errors of its kind and no others."""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from fuzz import corpus
from mnist_infer import ImageError, ModelError, Recognizer
from mnist_infer.config import ModelConfig
from mnist_infer.decode.formats import limit_pillow
from mnist_infer.decode.images import Picture, decode_picture
from mnist_infer.decode.isolated import IsolatedDecoder
from mnist_infer.imaging.pipeline import WORKING_SIDE
from mnist_infer.inference.session import Session
from train.data import DataError, load_mnist

MAX_PIXELS = 1_000_000
"""Mutated headers ask for large pictures all the time; how large ones do is measured elsewhere."""


@dataclass(frozen=True)
class Target:
    """One entry that takes bytes of strangers."""

    make: Callable[[], Callable[[bytes], None]]
    """Prepares what all cases share, and gives the function that takes one."""

    corpus: Callable[[], Iterator[bytes]]


def _predict() -> Callable[[bytes], None]:
    recognizer = Recognizer(device="cpu", max_pixels=MAX_PIXELS)

    def predict(content: bytes) -> None:
        with suppress(ImageError):
            prediction = recognizer.predict(content)
            assert abs(sum(prediction.probabilities) - 1) < 1e-4

    return predict


def _read() -> Callable[[bytes], None]:
    recognizer = Recognizer(device="cpu", max_pixels=MAX_PIXELS)

    def read(content: bytes) -> None:
        with suppress(ImageError):
            assert recognizer.read(content).text

    return read


def _isolated() -> Callable[[bytes], None]:
    decoder = IsolatedDecoder(MAX_PIXELS, workers=1)
    limit_pillow(MAX_PIXELS)  # As the worker does: a damaged file may announce too many pixels.

    def isolated(content: bytes) -> None:
        expected, found = (
            _outcome(partial(decode_picture, max_pixels=MAX_PIXELS), content),
            _outcome(decoder.decode, content),
        )
        assert found in (expected, "DecodeLimitError"), f"{found}, not {expected}"

    return isolated


def _outcome(read: Callable[[bytes, int], Picture], content: bytes) -> str:
    """The picture that the bytes are decoded to, as a checksum and its sizes, or the error."""
    try:
        picture = read(content, WORKING_SIDE)
    except ImageError as error:
        return type(error).__name__
    checksum = zlib.crc32(picture.pixels.tobytes())
    return f"{checksum} {picture.pixels.shape} {picture.size} {picture.shrink}"


def _model() -> Callable[[bytes], None]:
    image = np.zeros((1, 28, 28), np.uint8)

    def model(content: bytes) -> None:
        with suppress(ModelError):
            session = Session(content, "fuzz.onnx", ModelConfig(device="cpu", input_range="0..1"))
            assert session.run(image).shape == (1, 10)

    return model


def _dataset() -> Callable[[bytes], None]:
    holder = tempfile.TemporaryDirectory(prefix="fuzz-")
    folder = Path(holder.name)
    files = [folder / "mnist.npz", folder / "train-images-idx3-ubyte"]

    def dataset(content: bytes) -> None:
        is_idx = content[:2] in (b"\0\0", b"\x1f\x8b")
        files[is_idx].write_bytes(content)
        with suppress(DataError):
            load_mnist(Path(holder.name) if is_idx else files[0])
            raise AssertionError("this is not MNIST")

    return dataset


TARGETS = {
    "predict": Target(_predict, corpus.pictures),
    "read": Target(_read, corpus.pictures),
    "isolated": Target(_isolated, corpus.pictures),
    "model": Target(_model, corpus.models),
    "dataset": Target(_dataset, corpus.datasets),
}
