"""Tells a fit as it happens, as a Keras callback."""

from collections.abc import Callable, Mapping
from typing import Any

import keras


def narrator(echo: Callable[[str], object], *, per_epoch: bool) -> Any:
    """Returns a callback that says the network's summary and, if wanted, one line per epoch."""

    def summary(logs: object) -> None:
        callback.model.summary(print_fn=echo)

    def epoch_line(epoch: int, logs: Mapping[str, float]) -> None:
        values = "  ".join(f"{name} {value:.4f}" for name, value in sorted(logs.items()))
        echo(f"epoch {epoch + 1:>2}/{callback.params['epochs']}  {values}")

    callback = keras.callbacks.LambdaCallback(
        on_train_begin=summary, on_epoch_end=epoch_line if per_epoch else None
    )
    return callback
