from dataclasses import FrozenInstanceError

import pytest

from train.recipes import DLWP, MNIST_MLP, RECIPES, Dense

DOCUMENTED = ("dlwp", "dlwp-sparse", "mnist-mlp")
ROBUST = ("robust-512", "robust-512x2")


def test_the_recipes_are_there():
    assert tuple(RECIPES) == DOCUMENTED + ROBUST
    assert all(name == recipe.name for name, recipe in RECIPES.items())


def test_the_documented_settings():
    recipes = {name: RECIPES[name] for name in DOCUMENTED}
    epochs = {name: recipe.epochs for name, recipe in recipes.items()}
    assert epochs == {"dlwp": 5, "dlwp-sparse": 5, "mnist-mlp": 20}
    assert all(recipe.batch_size == 128 for recipe in recipes.values())
    assert all(recipe.optimizer == "rmsprop" for recipe in recipes.values())
    assert all(recipe.documented.test_accuracy for recipe in recipes.values())
    assert [name for name, recipe in recipes.items() if recipe.validate] == ["mnist-mlp"]
    assert [name for name, recipe in recipes.items() if not recipe.one_hot] == ["dlwp-sparse"]


@pytest.mark.parametrize(
    ("robust", "documented"),
    [("robust-512", DLWP), ("robust-512x2", MNIST_MLP)],
)
def test_a_robust_network_is_a_documented_one_fitted_otherwise(robust, documented):
    def dense(recipe):
        return [layer for layer in recipe.layers if isinstance(layer, Dense)]

    assert dense(RECIPES[robust]) == dense(documented)
    assert RECIPES[robust].augmentation is not None
    assert not RECIPES[robust].documented.test_accuracy
    assert RECIPES[robust].one_hot  # or there would be no flat target


def test_the_default_models_recipe_goes_on_for_three_more_cycles_and_fine_tuning():
    first, *others = RECIPES["robust-512x2"].cycles
    assert [cycle.epochs for cycle in (first, *others)] == [300, 90, 90, 90]
    assert all(
        cycle.optimizer.peak_learning_rate < first.optimizer.peak_learning_rate for cycle in others
    )
    assert RECIPES["robust-512x2"].all_epochs == 580
    assert DLWP.cycles == (DLWP,)
    assert DLWP.all_epochs == 5


def test_recipes_are_frozen():
    with pytest.raises(FrozenInstanceError):
        RECIPES["dlwp"].epochs = 6
    with pytest.raises(TypeError):
        RECIPES["other"] = RECIPES["dlwp"]
