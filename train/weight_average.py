"""The mean of the weights along a fit: stochastic weight averaging (Izmailov et al., 2018)."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from train.data import Array


class WeightAverage:
    """The weights after each of the last epochs, a file each, so that a kill loses none."""

    def __init__(self, folder: Path, cycle: int) -> None:
        self._folder, self._cycle = folder, cycle

    def callback(self, model: Any, first: int) -> Any:
        """Return a Keras callback that keeps the weights of `model` from epoch `first` on."""

        def epoch_end(epoch: int, _: object) -> None:
            if epoch >= first:
                np.savez(self._file(str(epoch)), *model.get_weights())

        return keras.callbacks.LambdaCallback(on_epoch_end=epoch_end)

    def apply(self, model: Any, batches: Iterable[Array]) -> None:
        """Give a network the mean of the weights that were kept.

        Args:
            model: Its batch normalisation is estimated anew, since means of activations are not
                those of mean weights.
            batches: Inputs to do so.
        """
        kept = [list(np.load(file).values()) for file in self._folder.glob(self._file("*").name)]
        model.set_weights([np.mean(each, axis=0) for each in zip(*kept, strict=True)])
        normalized = [
            layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)
        ]
        for number, images in enumerate(batches):
            for layer in normalized:
                layer.momentum = number / (number + 1)  # The mean of all batches until now.
            model(images, training=True)

    def _file(self, epoch: str) -> Path:
        return self._folder / f"cycle-{self._cycle}-weights-{epoch}.npz"
