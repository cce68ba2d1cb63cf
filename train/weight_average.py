"""The mean of the weights along a fit: stochastic weight averaging (Izmailov et al., 2018)."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from train.checkpoint import describe_run, refuse_other_run
from train.data import Array


class WeightAverage:
    """The mean of a network's weights after certain epochs of a cycle.

    The weights of each epoch are kept in a file of its own until then, so that a kill loses none.
    A folder may still hold files of another run: each says which run it is of.
    """

    def __init__(
        self, folder: Path, cycle: int, recipe: object, seed: int, *, epochs: range
    ) -> None:
        self._folder, self._cycle, self._epochs = folder, cycle, epochs
        self._run = describe_run(recipe, seed)

    def callback(self, model: Any) -> Any:
        """Return a Keras callback that keeps the weights of `model` after each of the epochs."""

        def epoch_end(epoch: int, _: object) -> None:
            if epoch in self._epochs:
                np.savez(self._file(epoch), *model.get_weights(), run=np.array(self._run))

        return keras.callbacks.LambdaCallback(on_epoch_end=epoch_end)

    def apply(self, model: Any, batches: Iterable[Array]) -> None:
        """Give a network the mean of the weights after all of the epochs.

        Args:
            model: Its batch normalisation is estimated anew, since means of activations are not
                those of mean weights.
            batches: Inputs to do so.

        Raises:
            FileNotFoundError: The weights of an epoch are missing.
            FileExistsError: The weights of an epoch are of a run with another recipe or seed.
        """
        kept = [self._load(epoch) for epoch in self._epochs]
        model.set_weights([np.mean(each, axis=0) for each in zip(*kept, strict=True)])
        normalized = [
            layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)
        ]
        momentums = [layer.momentum for layer in normalized]
        for number, images in enumerate(batches):
            for layer in normalized:
                layer.momentum = number / (number + 1)  # The mean of all batches until now.
            model(images, training=True)
        for layer, momentum in zip(normalized, momentums, strict=True):
            layer.momentum = momentum

    def _load(self, epoch: int) -> list[Any]:
        file = self._file(epoch)
        if not file.exists():
            raise FileNotFoundError(
                f"{file} is missing, and the average of cycle {self._cycle} needs it: delete the "
                "checkpoint of the cycle to fit it again"
            )
        with np.load(file) as arrays:
            refuse_other_run(file, str(arrays["run"]) if "run" in arrays else None, self._run)
            return [arrays[name] for name in arrays.files if name != "run"]

    def _file(self, epoch: int) -> Path:
        return self._folder / f"cycle-{self._cycle}-weights-{epoch}.npz"
