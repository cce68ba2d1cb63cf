import numpy as np
import pytest

from train.strokes import draw, spline, write

CORNER = ((0.0, 0.0), (0.5, 1.0), (1.0, 0.0))


def test_a_spline_goes_through_its_control_points():
    curve = spline(CORNER) @ np.array(CORNER)
    for point in CORNER:
        assert np.abs(curve - point).max(axis=1).min() < 1e-6
    assert np.allclose(curve[[0, -1]], [CORNER[0], CORNER[-1]])


def test_a_straight_stroke_stays_straight_and_has_no_holes():
    line = ((0.5, 0.0), (0.5, 0.4), (0.5, 1.0))
    curve = spline(line) @ np.array(line)
    assert np.allclose(curve[:, 0], 0.5)
    assert 20 * np.abs(np.diff(curve[:, 1])).max() < 1


def curves():
    return np.stack([spline(CORNER) @ np.array(CORNER, np.float32)] * 2)


def test_a_drawing_fills_mnists_box():
    thin, fat = draw(curves(), np.array([1.5, 3.5], np.float32))
    for image in (thin, fat):
        visible = image >= 100
        assert max(visible.any(axis=0).sum(), visible.any(axis=1).sum()) in (19, 20, 21)
        assert image.max() == 255
    assert fat.sum() > 1.6 * thin.sum()


def test_a_drawing_has_its_mass_in_the_middle():
    image = draw(curves(), np.array([2, 2], np.float32))[0]
    for axis in (0, 1):
        assert image.sum(axis=axis) @ np.arange(28) / image.sum() == pytest.approx(14, abs=0.6)


def test_writers_differ_and_seeds_repeat():
    first, again = (write(((CORNER,),), 5, np.random.default_rng(3)) for _ in range(2))
    assert first.shape == (5, 28, 28)
    assert first.dtype == np.uint8
    assert np.array_equal(first, again)
    assert not np.array_equal(first[0], first[1])


def test_no_digits_are_an_empty_stack():
    assert write(((CORNER,),), 0, np.random.default_rng(3)).shape == (0, 28, 28)
