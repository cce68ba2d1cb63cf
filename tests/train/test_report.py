import numpy as np
import pytest

from train import report


def test_data_names_shapes_dtypes_and_labels(digits):
    lines = report.data(digits).splitlines()
    assert lines[0] == "MNIST from scikit-learn"
    assert lines[1].split(maxsplit=1) == ["x_train", "(1200, 28, 28)   uint8"]
    assert lines[2].endswith("uint8  0 1 2 3 4 5 6 7 8 9 ...")
    assert len(lines) == 5


@pytest.mark.parametrize(
    ("train", "test", "words"),
    [
        (0.97, 0.98, "1.00 points below test accuracy 0.9800: no sign of overfitting"),
        (0.98, 0.98, "0.00 points above test accuracy 0.9800: no sign of overfitting"),
        (0.982, 0.98, "0.20 points above test accuracy 0.9800: it hardly overfits"),
        (0.989, 0.978, "1.10 points above test accuracy 0.9780: it overfits a little"),
        (1.0, 0.95, "5.00 points above test accuracy 0.9500: it overfits: much"),
    ],
)
def test_overfitting_in_words(train, test, words):
    assert words in report.overfitting(train, test)


def test_predictions_mark_the_wrong_ones():
    probabilities = np.zeros((2, 10), np.float32)
    probabilities[0, 7] = 0.99999
    probabilities[1, 2] = 0.6
    assert report.predictions(probabilities, np.array([7, 3], np.uint8)).splitlines() == [
        "  test digit 0: 7 with probability 0.99999",
        "  test digit 1: 2 with probability 0.60000  wrong, it is 3",
    ]
