from dataclasses import replace

import numpy as np
import pytest

from train.fit import as_input, build, fit
from train.recipes import DLWP, DLWP_SPARSE, MNIST_MLP


def weights(fitted) -> list[np.ndarray]:
    return fitted.model.get_weights()


@pytest.mark.parametrize(("recipe", "parameters"), [(DLWP, 407_050), (MNIST_MLP, 669_706)])
def test_parameters_are_the_documented_ones(recipe, parameters):
    model = build(recipe, steps=1)
    assert model.count_params() == parameters
    assert model.input_shape == (None, 784)
    assert model.output_shape == (None, 10)


def test_the_sparse_recipe_learns_its_input_shape_from_the_data(digits):
    assert not build(DLWP_SPARSE, steps=1).built
    fitted = fit(replace(DLWP_SPARSE, epochs=1), digits)
    assert fitted.model.count_params() == 407_050
    assert fitted.model.input_shape == (None, 784)


def test_input_is_float32_between_0_and_1():
    images = np.arange(2 * 784, dtype=np.uint32).reshape(2, 28, 28).astype(np.uint8)
    rows = as_input(images)
    assert rows.shape == (2, 784)
    assert rows.dtype == np.float32
    assert rows.min() == 0
    assert rows.max() == 1
    assert np.array_equal(np.rint(rows * 255).astype(np.uint8).reshape(2, 28, 28), images)


@pytest.mark.parametrize("recipe", [DLWP, DLWP_SPARSE, MNIST_MLP], ids=lambda recipe: recipe.name)
def test_every_documented_recipe_learns(recipe, digits):
    fitted = fit(replace(recipe, epochs=3, batch_size=32), digits, seed=1)
    assert fitted.test_accuracy > 0.8
    assert fitted.train_accuracy == fitted.history["accuracy"][-1]
    assert fitted.history["loss"][-1] < fitted.history["loss"][0]
    assert fitted.duration_s > 0


def test_validation_is_recorded_where_the_recipe_asks_for_it(digits, quick):
    assert set(fit(quick, digits).history) == {"loss", "accuracy"}
    fitted = fit(replace(quick, validate=True), digits)
    assert set(fitted.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert fitted.history["val_accuracy"][-1] == pytest.approx(fitted.test_accuracy)


@pytest.mark.parametrize("recipe", [DLWP, DLWP_SPARSE, MNIST_MLP], ids=lambda recipe: recipe.name)
def test_the_same_seed_gives_the_same_weights(recipe, digits):
    recipe = replace(recipe, epochs=2, batch_size=64)
    first, other, again = (fit(recipe, digits, seed=seed) for seed in (3, 4, 3))
    assert all(np.array_equal(a, b) for a, b in zip(weights(first), weights(again), strict=True))
    assert not np.array_equal(weights(first)[0], weights(other)[0])
    assert first.history == again.history
