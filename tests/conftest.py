"""What the tests of all folders share: MNIST, drawn digits, and processes that Ctrl-C ends."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from train.data import Mnist
    from train.rows.glyphs import Glyphs


# `export` sets this when it is imported. TensorFlow reads it once: if tests of `train` were
# collected first, the processes that they start would add in another order than their own.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")

# With it, each of the hundreds of processes that tests start would compile the package anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


@pytest.fixture
def default_interrupts() -> Iterator[None]:
    """Starts processes that Ctrl-C ends, also where the tests themselves run in the background.

    A shell lets background jobs ignore SIGINT, and what they start inherits that.
    """
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, inherited)


@pytest.fixture(scope="session")
def mnist_path() -> Path:
    """The file of the real MNIST that the environment variable `MNIST_DATA` names, or a skip."""
    path = os.environ.get("MNIST_DATA")
    if not path:
        pytest.skip("needs real MNIST: set MNIST_DATA to the path of mnist.npz")
    return Path(path)


@pytest.fixture(scope="session")
def mnist(mnist_path: Path) -> Mnist:
    """The real MNIST, verified and loaded once."""
    from train.data import load_mnist

    return load_mnist(mnist_path)


@pytest.fixture(scope="session")
def glyphs() -> Glyphs:
    """A few glyphs, whose "MNIST" is made of drawn digits, so that no data is needed."""
    import numpy as np

    from train.rows.glyphs import Counts, load_glyphs
    from train.styles import styled_digits

    images, labels = styled_digits(600, np.random.default_rng(3))
    counts = Counts(styled=600, rare=4000, letters=200, blobs=50, signs=20)
    return load_glyphs(images, labels, seed=1, counts=counts)


_HOSTILE_DECODER = """
import os, time
from mnist_infer.decode import images

def decode_picture(source, *arguments, decode=images.decode_picture):
    content = open(source, "rb").read() if isinstance(source, str) else source
    if not isinstance(content, bytes):
        return decode(source, *arguments)
    if content == b"loop":
        while True:
            pass
    if content == b"sleep":
        time.sleep(1000)
    if content.startswith(b"long"):
        time.sleep(1)
        return decode(content[4:], *arguments)
    if content == b"exit":
        os._exit(1)
    if content == b"grow":
        taken = []
        while True:
            taken.append(bytearray(b"x" * 2**20))
    if content.startswith(b"print"):
        print("noise", flush=True)
        return decode(content[5:], *arguments)
    return decode(source, *arguments)

images.decode_picture = decode_picture
"""


@pytest.fixture
def hostile_decoder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every Python that starts meets a decoder that does what the bytes of a picture name."""
    folder = tmp_path / "python"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(_HOSTILE_DECODER)
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)


@pytest.fixture
def short_decoding(hostile_decoder: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hostile decoder that has a second instead of three, in this process and in new ones."""
    monkeypatch.setattr("mnist_infer.decode.limits._SECONDS", 1.0)
    with (tmp_path / "python" / "sitecustomize.py").open("a") as file:
        file.write("from mnist_infer.decode import limits\nlimits._SECONDS = 1.0\n")
