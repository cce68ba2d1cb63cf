"""The confidence below which an answer is doubtful, measured on digits and on what is none."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from train.nondigits import nondigits

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from export.parity import Probabilities
    from train.data import Mnist

VALIDATION = 5000
"""MNIST's last training images. The documented recipes fit them too, the robust ones the first
3,000 of them: the digits that are rejected are fewer here than on MNIST's test set."""

SEED = 20_261_128
"""Of the generated pictures without a digit."""

CANDIDATES = tuple(round(0.05 * step, 2) for step in range(1, 20))

REJECTED_DIGIT_COST = 10
"""A digit rejected in vain costs as much as ten pictures without a digit that pass: most pictures
that a digit recogniser is given are digits."""


@dataclass(frozen=True)
class Threshold:
    """A threshold of confidence, and the shares of pictures that it rejects."""

    recommended_threshold: float
    validation_digits_rejected: float
    generated_non_digits_rejected: float

    def fields(self) -> dict[str, Any]:
        """Return what the model's JSON says of it."""
        return asdict(self)


def measure_threshold(probabilities: Probabilities, mnist: Mnist) -> Threshold:
    """Choose a threshold on MNIST's validation digits and as many generated non-digits.

    Args:
        probabilities: The exported model.
        mnist: All of it; only the last training images are used.
    """
    digits, labels = mnist.x_train[-VALIDATION:], mnist.y_train[-VALIDATION:]
    others = nondigits(digits, labels, len(digits), np.random.default_rng(SEED))
    return choose(
        *(probabilities(images).max(axis=1).astype(np.float64) for images in (digits, others))
    )


def choose(digits: NDArray[np.float64], non_digits: NDArray[np.float64]) -> Threshold:
    """Choose the threshold of least cost; of equal ones the lowest.

    Args:
        digits: The confidence of each answer to a digit.
        non_digits: The same for pictures without a digit.
    """
    thresholds = [
        Threshold(
            candidate,
            round(float((digits < candidate).mean()), 4),
            round(float((non_digits < candidate).mean()), 4),
        )
        for candidate in CANDIDATES
    ]
    return min(thresholds, key=_cost)


def _cost(threshold: Threshold) -> float:
    passed = 1 - threshold.generated_non_digits_rejected
    return REJECTED_DIGIT_COST * threshold.validation_digits_rejected + passed
