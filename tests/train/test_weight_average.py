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


def test_the_mean_is_that_of_the_epochs_that_were_kept(tmp_path: Path):
    model = network()
    average = WeightAverage(tmp_path, cycle=1)
    keep = average.callback(model, first=1)
    for epoch, value in enumerate((100.0, 1.0, 3.0)):
        model.layers[1].set_weights([np.full((3, 2), value)])
        keep.on_epoch_end(epoch, {})
    images = np.arange(12, dtype=np.float32).reshape(4, 3)
    average.apply(model, [images, images + 1])
    (kernel,) = model.layers[1].get_weights()
    assert kernel == pytest.approx(np.full((3, 2), 2.0))
    seen = np.concatenate([images, images + 1]) @ kernel
    _, _, mean, _ = model.layers[2].get_weights()
    assert mean == pytest.approx(seen.mean(axis=0), rel=1e-4)
