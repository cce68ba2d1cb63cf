"""Opens the file of a Keras model, or says in one line why it can't be exported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import keras

from export.errors import ExportError

if TYPE_CHECKING:
    from pathlib import Path


def load_keras(path: Path) -> keras.Model:
    """Load a ``.keras`` or legacy ``.h5`` file, without its optimizer.

    Code inside a file (a Lambda layer) is never run: Keras' safe mode stays on.

    Raises:
        ExportError: There is no such file, Keras cannot open it, or it has no weights.
    """
    if not path.is_file():
        raise ExportError(f"no file {path}: give the .keras or .h5 file that a run has saved")
    try:
        model = keras.models.load_model(path, compile=False)
    except Exception as error:  # Keras, zipfile and h5py each raise their own kinds
        reason = " ".join(str(error).split()).split(". ")[0].rstrip(".")
        raise ExportError(
            f"Keras does not open {path}: {reason or type(error).__name__}; save the model as "
            ".keras or .h5, with layers of Keras only and no Lambda"
        ) from error
    if not model.built:
        raise ExportError(
            f"{path} was saved before it was built, so it has no weights: fit it, or call it on "
            "data once, then save it again"
        )
    return model


def shapes_in_words(shapes: Sequence[tuple[int | None, ...]]) -> str:
    """Name shapes of single examples as those of batches: "[batch, 28, 28] and [batch, 10]"."""
    return " and ".join(str(["batch", *shape]).replace("'", "") for shape in shapes)
