"""Averaged weights: the mean over epochs, with batch normalisation that suits it."""

from pathlib import Path

import keras
import numpy as np
import pytest

from train.weight_average import WeightAverage


def network() -> keras.Model:
    image = keras.Input((3,))
    x = keras.layers.BatchNormalization()(keras.layers.Dense(2, use_bias=False)(image))
    return keras.Model(image, x)


def keep(average: WeightAverage, model: keras.Model, values: list[float]) -> None:
    """Fit as many epochs as there are values: after each, all of the dense weights have that."""
    callback = average.callback(model)
    for epoch, value in enumerate(values):
        model.layers[1].set_weights([np.full((3, 2), value)])
        callback.on_epoch_end(epoch, {})


def test_the_mean_is_that_of_the_epochs_that_were_kept(tmp_path: Path):
    model = network()
    average = WeightAverage(tmp_path, 1, "recipe", 0, epochs=range(1, 3))
    keep(average, model, [100.0, 1.0, 3.0])
    images = np.arange(12, dtype=np.float32).reshape(4, 3)
    average.apply(model, [images, images + 1])
    (kernel,) = model.layers[1].get_weights()
    assert kernel == pytest.approx(np.full((3, 2), 2.0))
    seen = np.concatenate([images, images + 1]) @ kernel
    _, _, mean, _ = model.layers[2].get_weights()
    assert mean == pytest.approx(seen.mean(axis=0), rel=1e-4)
    assert model.layers[2].momentum == network().layers[2].momentum


def test_weights_of_a_longer_run_in_the_same_folder_are_left_out(tmp_path: Path):
    model = network()
    keep(WeightAverage(tmp_path, 1, "long", 0, epochs=range(4)), model, [9.0] * 4)
    average = WeightAverage(tmp_path, 1, "short", 0, epochs=range(1, 3))
    keep(average, model, [9.0, 1.0, 3.0])
    average.apply(model, [])
    assert model.layers[1].get_weights()[0] == pytest.approx(np.full((3, 2), 2.0))


@pytest.mark.parametrize(("recipe", "seed"), [("other", 0), ("recipe", 1)])
def test_weights_of_another_run_are_refused(tmp_path: Path, recipe: str, seed: int):
    model = network()
    keep(WeightAverage(tmp_path, 1, recipe, seed, epochs=range(3)), model, [1.0] * 3)
    before = model.get_weights()
    average = WeightAverage(tmp_path, 1, "recipe", 0, epochs=range(3))
    with pytest.raises(FileExistsError, match=r"cycle-1-weights-0\.npz is of a run with another"):
        average.apply(model, [])
    for weights, kept in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weights, kept)


def test_weights_that_do_not_say_their_run_are_refused(tmp_path: Path):
    model = network()
    np.savez(tmp_path / "cycle-1-weights-0.npz", *model.get_weights())
    average = WeightAverage(tmp_path, 1, "recipe", 0, epochs=range(1))
    with pytest.raises(FileExistsError, match="another recipe or seed"):
        average.apply(model, [])


def test_a_missing_epoch_is_named(tmp_path: Path):
    model = network()
    average = WeightAverage(tmp_path, 1, "recipe", 0, epochs=range(2))
    keep(average, model, [1.0])
    with pytest.raises(FileNotFoundError, match=r"cycle-1-weights-1\.npz is missing"):
        average.apply(model, [])
