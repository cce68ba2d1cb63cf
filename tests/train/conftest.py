"""Handwriting for tests without MNIST: scikit-learn's digits, enlarged to 28 x 28."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from train.data import Mnist
from train.recipes import DLWP, Recipe

HERE = Path(__file__).parent

# Keras and TensorFlow warn of themselves with today's NumPy; no code of this project can help it.
THEIRS = ("ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning",)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            for each in THEIRS:
                item.add_marker(pytest.mark.filterwarnings(each))


@pytest.fixture(scope="session")
def digits() -> Mnist:
    small, labels = load_digits(return_X_y=True)
    large = np.kron(small.reshape(-1, 8, 8), np.ones((3, 3))) * 255 / 16
    images = np.pad(large, ((0, 0), (2, 2), (2, 2))).astype(np.uint8)
    labels = labels.astype(np.uint8)
    return Mnist(images[:1200], labels[:1200], images[1200:], labels[1200:], source="scikit-learn")


@pytest.fixture(scope="session")
def quick() -> Recipe:
    """`dlwp`, short: 2 epochs are enough to learn something of 1,200 digits."""
    return replace(DLWP, epochs=2, batch_size=32)
