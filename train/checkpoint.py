"""Checkpoints of a fit: what it takes to go on after a kill and end with the same weights.

`keras.callbacks.BackupAndRestore` writes weights and epoch in place, one after the other: a kill in
between repeats an epoch. It keeps no history, and does not notice another recipe or seed.
"""

import json
import time
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

_RECORD = "run.json"

History = dict[str, list[float]]


def describe_run(recipe: object, seed: int) -> str:
    """Return what tells a run from others with which it may share a folder."""
    return f"seed {seed}, {recipe!r}"


def refuse_other_run(file: Path, found: object, expected: str) -> None:
    """Raise FileExistsError unless `file`, which is of the run `found`, is of the `expected` one.

    Runs are named as by `describe_run`.
    """
    if found != expected:
        raise FileExistsError(
            f"{file} is of a run with another recipe or seed: delete it, or name another folder "
            "with --output"
        )


class Checkpoint:
    """The latest checkpoint of one cycle of a fit: the network with its optimizer, and its history.

    It is one file, so that a kill leaves this one or the one before: Keras' file is a zip archive,
    and the record of the run is in it too, with the states of the dropout layers' random numbers,
    which Keras does not save.
    """

    def __init__(
        self, folder: Path, cycle: int, recipe: object, seed: int, *, every: int = 1
    ) -> None:
        self.file = folder / f"cycle-{cycle}.keras"
        self._run = describe_run(recipe, seed)
        self._every = every
        self._start = time.perf_counter()
        self._spent_before = 0.0
        self.history: History = {}

    @property
    def epochs(self) -> int:
        """How many epochs the history has."""
        return len(self.history.get("loss", ()))

    @property
    def duration_s(self) -> float:
        """The seconds that the cycle has taken, those before a kill included."""
        return self._spent_before + time.perf_counter() - self._start

    def restore(self) -> Any | None:
        """Return the network of the checkpoint, or None where there is none; read its history.

        Raises:
            FileExistsError: The checkpoint is of another recipe or seed.
        """
        if not self.file.exists():
            return None
        with zipfile.ZipFile(self.file) as archive:
            record = json.loads(archive.read(_RECORD))
        refuse_other_run(self.file, record["run"], self._run)
        self.history = record["history"]
        self._spent_before = record["duration_s"]
        model = keras.models.load_model(self.file)
        for state, saved in zip(_random_states(model), record["random_states"], strict=True):
            state.assign(saved)
        return model

    def save(self, model: Any) -> None:
        """Write the checkpoint in place of the last one."""
        partial = self.file.with_name(f"{self.file.stem}-partial.keras")
        model.save(partial)
        record = {
            "run": self._run,
            "history": self.history,
            "duration_s": self.duration_s,
            "random_states": [state.numpy().tolist() for state in _random_states(model)],
        }
        with zipfile.ZipFile(partial, "a") as archive:
            archive.writestr(_RECORD, json.dumps(record))
        partial.replace(self.file)

    def callback(self, model: Any) -> Any:
        """Return a Keras callback that keeps the history and saves every few epochs."""

        def epoch_end(_: int, logs: Mapping[str, float]) -> None:
            for name, value in logs.items():
                self.history.setdefault(name, []).append(float(value))
            if self.epochs % self._every == 0:
                self.save(model)

        return keras.callbacks.LambdaCallback(on_epoch_end=epoch_end)


def _random_states(model: Any) -> list[Any]:
    """The variables from which the dropout layers draw."""
    return [
        layer.seed_generator.state for layer in model.layers if hasattr(layer, "seed_generator")
    ]


def discard(folder: Path) -> None:
    """Delete the checkpoints of a run that is whole."""
    for file in folder.glob("cycle-*.keras"):
        file.unlink()
