"""What every room's tests share: where real MNIST is found, and that its absence is said."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from train.data import Mnist

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def mnist_path() -> Path:
    """The real MNIST: `MNIST_DATA`, else `../shared/data/mnist.npz`; skips where there is none."""
    path = Path(os.environ.get("MNIST_DATA") or ROOT.parent / "shared" / "data" / "mnist.npz")
    if not path.exists():
        pytest.skip(f"needs real MNIST: set MNIST_DATA, or put it at {path}")
    return path


@pytest.fixture(scope="session")
def mnist(mnist_path: Path) -> Mnist:
    """The real MNIST, verified and loaded once."""
    from train.data import load_mnist

    return load_mnist(mnist_path)
