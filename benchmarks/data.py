"""MNIST for the benchmarks."""

from __future__ import annotations

from train.data import DataError, Mnist, load_mnist


def load_or_exit(path: str | None) -> Mnist:
    """Load MNIST as `python -m train fit` does.

    Raises:
        SystemExit: There is none; the message is the line to print.
    """
    try:
        return load_mnist(path)
    except DataError as error:
        raise SystemExit(f"error: {error}") from error
