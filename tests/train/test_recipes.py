from dataclasses import FrozenInstanceError

import pytest

from train.recipes import RECIPES


def test_the_documented_recipes_are_there():
    assert list(RECIPES) == ["dlwp", "dlwp-sparse", "mnist-mlp"]
    assert all(name == recipe.name for name, recipe in RECIPES.items())


def test_the_documented_settings():
    epochs = {name: recipe.epochs for name, recipe in RECIPES.items()}
    assert epochs == {"dlwp": 5, "dlwp-sparse": 5, "mnist-mlp": 20}
    assert all(recipe.batch_size == 128 for recipe in RECIPES.values())
    assert [name for name, recipe in RECIPES.items() if recipe.validate] == ["mnist-mlp"]
    assert [name for name, recipe in RECIPES.items() if not recipe.one_hot] == ["dlwp-sparse"]


def test_recipes_are_frozen():
    with pytest.raises(FrozenInstanceError):
        RECIPES["dlwp"].epochs = 6
    with pytest.raises(TypeError):
        RECIPES["other"] = RECIPES["dlwp"]
