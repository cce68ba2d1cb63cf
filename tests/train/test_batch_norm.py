import keras
import numpy as np
import pytest

from train.batch_norm import fold, normalized_dense


@pytest.fixture
def pixels():
    return np.random.default_rng(0).random((300, 12), np.float32)


@pytest.fixture
def fitted(pixels):
    keras.utils.set_random_seed(0)
    network = keras.Sequential(
        [
            keras.Input((12,)),
            *normalized_dense(8, "relu"),
            *normalized_dense(6, "relu"),
            keras.layers.Dense(3, "softmax"),
        ]
    )
    network.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    network.fit(pixels, np.digitize(pixels.sum(axis=1), [5.5, 6.5]), epochs=30, verbose=0)
    return network


def test_the_folded_network_is_a_dense_one_with_the_same_answers(fitted, pixels):
    dense = keras.Sequential(
        [
            keras.Input((12,)),
            keras.layers.Dense(8, "relu"),
            keras.layers.Dense(6, "relu"),
            keras.layers.Dense(3, "softmax"),
        ]
    )
    dense.set_weights(fold(fitted))
    expected = fitted.predict(pixels, verbose=0)
    np.testing.assert_allclose(dense.predict(pixels, verbose=0), expected, atol=1e-5)
    assert np.ptp(expected, axis=0).min() > 0.1


def test_a_network_without_it_stays_as_it_is():
    network = keras.Sequential(
        [keras.Input((12,)), keras.layers.Dense(4, "relu"), keras.layers.Dropout(0.2)]
    )
    network.add(keras.layers.Dense(3, "softmax"))
    for folded, weights in zip(fold(network), network.get_weights(), strict=True):
        assert np.array_equal(folded, weights)
