"""Handwriting for tests without MNIST: scikit-learn's digits, enlarged to 28 x 28."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import load_digits

from train.data import Mnist
from train.recipes import DLWP, Recipe


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
