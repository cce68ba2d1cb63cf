"""What the tests of all folders share: real MNIST, and processes that Ctrl-C ends."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from train.data import Mnist

ROOT = Path(__file__).resolve().parent.parent


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
