"""Says in words what the notebooks show of the data and of the fitted network."""

import numpy as np
import numpy.typing as npt

from train.data import Mnist


def data(mnist: Mnist) -> str:
    """Name the shape and dtype of each array and the first ten labels of both sets."""
    lines = [f"MNIST from {mnist.source}"]
    for name in ("x_train", "y_train", "x_test", "y_test"):
        array = getattr(mnist, name)
        first = f"  {' '.join(map(str, array[:10]))} ..." if array.ndim == 1 else ""
        lines.append(f"  {name:<7}  {array.shape!s:<15}  {array.dtype}{first}")
    return "\n".join(lines)


def overfitting(train_accuracy: float, test_accuracy: float) -> str:
    """Say how far the training accuracy lies above the test accuracy, and what that means.

    Dropout acts while training only, so a network with it can be better on the test set.
    """
    points = 100 * (train_accuracy - test_accuracy)
    if points <= 0:
        meaning = "no sign of overfitting"
    elif points < 0.5:
        meaning = "it hardly overfits"
    elif points < 2:
        meaning = "it overfits a little: some of what it learnt holds for the training set only"
    else:
        meaning = "it overfits: much of what it learnt holds for the training set only"
    place = f"{abs(points):.2f} points {'below' if points < 0 else 'above'}"
    return (
        f"training accuracy {train_accuracy:.4f} is {place} test accuracy {test_accuracy:.4f}: "
        f"{meaning}"
    )


def predictions(probabilities: npt.NDArray[np.float32], labels: npt.NDArray[np.uint8]) -> str:
    """Name each row's most probable digit with its probability, and mark the wrong ones."""
    lines = []
    for number, (row, label) in enumerate(zip(probabilities, labels, strict=True)):
        digit = int(row.argmax())
        verdict = "" if digit == label else f"  wrong, it is {label}"
        lines.append(f"  test digit {number}: {digit} with probability {row[digit]:.5f}{verdict}")
    return "\n".join(lines)
