from dataclasses import replace

import numpy as np
import pytest

from train.fit import Fitted, as_input, build, fit, set_seed
from train.recipes import DLWP, DLWP_SPARSE, MNIST_MLP, Recipe

RECIPES = {recipe.name: recipe for recipe in (DLWP, DLWP_SPARSE, MNIST_MLP)}


def brief(name: str) -> Recipe:
    return replace(RECIPES[name], epochs=3, batch_size=32)


@pytest.fixture(scope="module")
def learnt(digits) -> dict[str, Fitted]:
    """Every documented recipe, fitted on 1,200 digits."""
    return {name: fit(brief(name), digits, seed=1) for name in RECIPES}


@pytest.mark.parametrize(("recipe", "parameters"), [(DLWP, 407_050), (MNIST_MLP, 669_706)])
def test_parameters_are_the_documented_ones(recipe, parameters):
    model = build(recipe, total_steps=1)
    assert model.count_params() == parameters
    assert model.input_shape == (None, 784)
    assert model.output_shape == (None, 10)


def test_the_sparse_recipe_learns_its_input_shape_from_the_data(learnt):
    assert not build(DLWP_SPARSE, total_steps=1).built
    model = learnt["dlwp-sparse"].model
    assert model.count_params() == 407_050
    assert model.input_shape == (None, 784)


def test_input_is_float32_between_0_and_1():
    images = np.arange(2 * 784, dtype=np.uint32).reshape(2, 28, 28).astype(np.uint8)
    rows = as_input(images)
    assert rows.shape == (2, 784)
    assert rows.dtype == np.float32
    assert rows.min() == 0
    assert rows.max() == 1
    assert np.array_equal(np.rint(rows * 255).astype(np.uint8).reshape(2, 28, 28), images)


@pytest.mark.parametrize("name", RECIPES)
def test_every_documented_recipe_learns(name, learnt):
    fitted = learnt[name]
    assert fitted.test_accuracy > 0.8
    assert fitted.train_accuracy == fitted.history["accuracy"][-1]
    assert fitted.history["loss"][-1] < fitted.history["loss"][0]
    assert fitted.duration_s > 0


def test_validation_is_recorded_where_the_recipe_asks_for_it(learnt):
    assert set(learnt["dlwp"].history) == {"loss", "accuracy"}
    fitted = learnt["mnist-mlp"]
    assert set(fitted.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert fitted.history["val_accuracy"][-1] == pytest.approx(fitted.test_accuracy)


@pytest.mark.parametrize("name", RECIPES)
def test_the_same_seed_gives_the_same_weights(name, learnt, digits):
    first, again = learnt[name], fit(brief(name), digits, seed=1)
    for one, other in zip(first.model.get_weights(), again.model.get_weights(), strict=True):
        assert np.array_equal(one, other)
    assert first.history == again.history


def test_another_seed_gives_other_weights():
    kernels = []
    for seed in (3, 3, 4):
        set_seed(seed)
        kernels.append(build(DLWP, total_steps=1).get_weights()[0])
    assert np.array_equal(kernels[0], kernels[1])
    assert not np.array_equal(kernels[0], kernels[2])
