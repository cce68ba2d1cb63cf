"""Tells how a fit goes, as a Keras callback."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import keras


def progress_callback(echo: Callable[[str], object], epochs: int, *, per_epoch: bool) -> Any:
    """Return a callback that echoes the network's summary once and, if asked, a line per epoch.

    `epochs` is their number in all cycles.
    """

    @cache
    def summary() -> None:
        callback.model.summary(print_fn=echo)

    def epoch_line(epoch: int, logs: Mapping[str, float]) -> None:
        values = "  ".join(f"{name} {value:.4f}" for name, value in sorted(logs.items()))
        echo(f"epoch {epoch + 1:>2}/{epochs}  {values}")

    callback = keras.callbacks.LambdaCallback(
        on_train_begin=lambda _: summary(), on_epoch_end=epoch_line if per_epoch else None
    )
    return callback
