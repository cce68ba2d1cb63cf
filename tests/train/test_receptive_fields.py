import keras
import numpy as np
import pytest

from train.receptive_fields import mask_kernel, receptive_fields


@pytest.fixture
def layer():
    network = keras.Sequential([keras.Input((784,)), keras.layers.Dense(6)])
    network.compile(keras.optimizers.SGD(0.1), "mse")
    return network


def test_each_unit_sees_one_square_of_the_image():
    squares = receptive_fields(40, 10, seed=0).reshape(28, 28, 40)
    for unit in range(40):
        rows, columns = np.nonzero(squares[..., unit])
        assert len(rows) == 100
        assert (np.ptp(rows), np.ptp(columns)) == (9, 9)


def test_all_but_the_rim_is_seen():
    mask = receptive_fields(512, 10, seed=0).any(axis=1).reshape(28, 28)
    assert np.array_equal(mask, np.pad(np.ones((26, 26), bool), 1))


def test_without_a_side_every_unit_sees_all_of_that():
    mask = receptive_fields(3, None, seed=0).reshape(28, 28, 3)
    assert np.array_equal(mask, np.pad(np.ones((26, 26, 3)), ((1, 1), (1, 1), (0, 0))))


def test_the_seed_draws_them():
    assert np.array_equal(receptive_fields(9, 10, seed=1), receptive_fields(9, 10, seed=1))
    assert not np.array_equal(receptive_fields(9, 10, seed=1), receptive_fields(9, 10, seed=2))


def test_a_layer_looks_through_its_windows_while_it_is_fitted(layer):
    mask = receptive_fields(6, 12, seed=0)
    start = layer.layers[0].kernel.numpy()
    mask_kernel(layer.layers[0], mask)
    assert np.array_equal(layer.layers[0].kernel.numpy(), start * mask)
    images = np.random.default_rng(0).random((64, 784), np.float32)
    layer.fit(images, np.ones((64, 6)), verbose=0)
    fitted = layer.layers[0].kernel.numpy()
    assert not fitted[mask == 0].any()
    assert (fitted != start)[mask == 1].all()
