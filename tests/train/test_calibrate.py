import numpy as np
import pytest

from train.calibrate import apply_temperature, calibration_error, fit_temperature


@pytest.fixture
def honest():
    """Probabilities that mean what they say, and labels drawn from them."""
    rng = np.random.default_rng(0)
    rows = rng.dirichlet(np.full(10, 0.2), 5000)
    labels = np.array([rng.choice(10, p=row) for row in rows], np.uint8)
    return rows, labels


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_the_temperature_that_was_applied_is_found(honest, temperature):
    rows, labels = honest
    too_sure = apply_temperature(rows, 1 / temperature)
    assert fit_temperature(too_sure, labels) == pytest.approx(temperature, rel=0.05)


def test_rows_with_a_temperature_sum_to_one_and_keep_their_answer(honest):
    rows, _ = honest
    hot = apply_temperature(rows, 3)
    assert np.allclose(hot.sum(axis=1), 1)
    assert np.array_equal(hot.argmax(axis=1), rows.argmax(axis=1))
    assert hot.max() < rows.max()


def test_certain_rows_stay_finite():
    assert np.isfinite(apply_temperature(np.eye(10), 0.5)).all()


def test_calibration_error_is_the_gap_between_confidence_and_accuracy(honest):
    rows, labels = honest
    assert calibration_error(rows, labels) < 0.02
    assert calibration_error(apply_temperature(rows, 0.4), labels) > 0.05
    right = np.eye(10)[[1, 2]]
    assert calibration_error(right, np.array([1, 2], np.uint8)) == 0
    assert calibration_error(right, np.array([1, 3], np.uint8)) == 0.5
