"""Checkpoints of a fit: what it takes to go on after a kill and end with the same weights.

`keras.callbacks.BackupAndRestore` writes weights and epoch in place, one after the other: a kill in
between repeats an epoch. It keeps no history, and does not notice another recipe or seed.
"""

import json
import time
from collections.abc import Iterator, Mapping
from itertools import count, takewhile
from pathlib import Path
from typing import Any

import keras

from train.recipes import Recipe

MODEL_FILE = "checkpoint.keras"
RECORD_FILE = "checkpoint.json"
_PARTIAL_MODEL_FILE = "partial.keras"
_PARTIAL_RECORD_FILE = "partial.json"

History = dict[str, list[float]]


class Checkpoints:
    """The latest checkpoint in a run's folder: the network with its optimizer, and its history.

    The network's file holds the moving averages and the state of every dropout layer too.
    """

    def __init__(self, folder: Path, recipe: Recipe, seed: int, *, every: int = 5) -> None:
        self._model_file = folder / MODEL_FILE
        self._record_file = folder / RECORD_FILE
        self._run = {"recipe": repr(recipe), "seed": seed}
        self._every = every
        self._start = time.perf_counter()
        self._spent_before = 0.0
        self.history: History = {}

    @property
    def duration_s(self) -> float:
        """The seconds that the fit has taken, those before a kill included."""
        return self._spent_before + time.perf_counter() - self._start

    def restore(self) -> Any | None:
        """Returns the network of the checkpoint, or None where there is none; reads its history.

        Raises:
            FileExistsError: the checkpoint is another run's; the message says what to do about it.
        """
        if not self._model_file.exists():
            return None
        record = json.loads(self._record_file.read_text(encoding="utf-8"))
        if record["run"] != self._run:
            raise FileExistsError(
                f"{self._model_file} is of a run with another recipe or seed: delete it, or name "
                "another folder with --output"
            )
        self.history = record["history"]
        self._spent_before = record["duration_s"]
        return keras.models.load_model(self._model_file)

    def save(self, model: Any) -> None:
        """Writes the checkpoint; a kill at any time leaves this one or the one before."""
        partial = self._model_file.with_name(_PARTIAL_MODEL_FILE)
        model.save(partial)
        # Should a kill fall between the two, the record is ahead; `trim` puts that right.
        record = {"run": self._run, "history": self.history, "duration_s": self.duration_s}
        partial_record = self._record_file.with_name(_PARTIAL_RECORD_FILE)
        partial_record.write_text(json.dumps(record), encoding="utf-8")
        partial_record.replace(self._record_file)
        partial.replace(self._model_file)

    def trim(self, epochs: int) -> None:
        """Forgets what the history tells of later epochs than the network has seen."""
        self.history = {name: values[:epochs] for name, values in self.history.items()}

    def callback(self, model: Any) -> Any:
        """Returns a Keras callback that keeps the history and saves every few epochs."""

        def epoch_end(_: int, logs: Mapping[str, float]) -> None:
            for name, value in logs.items():
                self.history.setdefault(name, []).append(float(value))
            if len(self.history["loss"]) % self._every == 0:
                self.save(model)

        return keras.callbacks.LambdaCallback(on_epoch_end=epoch_end)


def cycle_folders(folder: Path) -> Iterator[Path]:
    """Names the folder of each cycle's checkpoint: for the first one the run's own."""
    yield folder
    for number in count(1):
        yield folder / f"further-{number}"


def discard(folder: Path) -> None:
    """Deletes the checkpoints of a run that is whole."""
    for place in takewhile(Path.exists, cycle_folders(folder)):
        for name in (MODEL_FILE, RECORD_FILE, _PARTIAL_MODEL_FILE, _PARTIAL_RECORD_FILE):
            (place / name).unlink(missing_ok=True)
        if place != folder:
            place.rmdir()
