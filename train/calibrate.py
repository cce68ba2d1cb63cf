"""Makes a network's confidence mean what it says, with one number.

Dividing the logits by one temperature keeps every answer and corrects the confidence (Guo et al.,
"On Calibration of Modern Neural Networks", ICML 2017).
"""

import numpy as np
import numpy.typing as npt

from mnist_infer.inference.softmax import softmax
from train.data import Array

Probabilities = npt.NDArray[np.floating]

_MIN_PROBABILITY = 1e-12  # a probability of 0 would have no logit


def apply_temperature(probabilities: Probabilities, temperature: float) -> npt.NDArray[np.float64]:
    """Return what the softmax gives for the logits divided by `temperature`."""
    logits = np.log(probabilities.astype(np.float64).clip(_MIN_PROBABILITY)) / temperature
    return softmax(logits)


def fit_temperature(probabilities: Probabilities, labels: Array) -> float:
    """Find the temperature with the least cross-entropy on rows (N, 10) with labels (N,).

    The cross-entropy is convex in the inverse of the temperature, so thirds close in on it.
    """

    def loss(inverse: float) -> float:
        tempered = apply_temperature(probabilities, 1 / inverse)[np.arange(len(labels)), labels]
        return float(-np.log(tempered.clip(_MIN_PROBABILITY)).mean())

    low, high = 0.1, 10.0
    while high - low > 1e-4:
        left, right = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return 2 / (low + high)


def calibration_error(probabilities: Probabilities, labels: Array, bins: int = 15) -> float:
    """Return the expected calibration error: confidence against accuracy, bin by bin."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.bincount(bin_of, confidence - right, minlength=bins)
    return float(np.abs(gaps).sum() / len(labels))
