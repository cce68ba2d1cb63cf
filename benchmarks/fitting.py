"""Fitting `dlwp` with this project, against the notebook's few lines."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import keras

from benchmarks.timing import Row, goal
from train.data import Mnist
from train.fit import fit
from train.recipes import RECIPES

PLAIN, OURS = "the notebook's plain script", "`train.fit` of `dlwp`"


def measure(mnist: Mnist, rounds: int) -> Row:
    """CPU time of fitting and evaluating, data preparation included: medians."""
    calls = {PLAIN: lambda: plain(mnist), OURS: lambda: fit(RECIPES["dlwp"], mnist)}
    pairs = [{name: _seconds(call) for name, call in calls.items()} for _ in range(rounds)]
    ratio = statistics.median(pair[OURS] / pair[PLAIN] for pair in pairs)
    rows = [
        {"name": name, "cpu_seconds": round(statistics.median(pair[name] for pair in pairs), 2)}
        for name in calls
    ]
    return {
        "rows": rows,
        "goals": [goal("`fit` of `dlwp` over the plain script, CPU", ratio, most=1.05)],
    }


def plain(mnist: Mnist) -> float:
    """Chapter 2 of "Deep Learning with Python": the test accuracy."""
    x_train = mnist.x_train.reshape((60000, 28 * 28)).astype("float32") / 255
    x_test = mnist.x_test.reshape((10000, 28 * 28)).astype("float32") / 255
    y_train = keras.utils.to_categorical(mnist.y_train)
    y_test = keras.utils.to_categorical(mnist.y_test)
    network = keras.Sequential(
        [keras.layers.Dense(512, activation="relu"), keras.layers.Dense(10, activation="softmax")]
    )
    network.compile(optimizer="rmsprop", loss="categorical_crossentropy", metrics=["accuracy"])
    network.fit(x_train, y_train, epochs=5, batch_size=128, verbose=0)
    accuracy: float = network.evaluate(x_test, y_test, verbose=0)[1]
    return accuracy


def _seconds(call: Callable[[], object]) -> float:
    start = time.process_time()
    call()
    return time.process_time() - start
