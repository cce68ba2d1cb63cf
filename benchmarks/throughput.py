"""Images per second by batch size and threads, without preprocessing."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np

from benchmarks.contenders import INT8, LITERT_INT8, load
from benchmarks.matrix_peaks import matrix_peaks
from benchmarks.peers import find_peers
from benchmarks.timing import Row, goal, take_turns
from export.network import Network
from train.data import Mnist

BATCHES = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536)
# From here on LiteRT int8 is a contender too.
LARGE = 64
TURN = 0.05


def measure(
    networks: Mapping[str, tuple[Network, Sequence[str]]], mnist: Mnist, rounds: int
) -> Row:
    """A row for each bundled model, batch size and number of threads, and LiteRT int8 beside them.

    Each row has its share of the machine's matrix peak with as many threads, that of integers for
    an int8 model.
    """
    images = np.resize(mnist.x_test, (BATCHES[-1], 28, 28))
    every = os.cpu_count() or 1
    rows, goals = [], []
    peaks = {threads: matrix_peaks(threads) for threads in sorted({1, every})}
    for threads, peak in peaks.items():
        for name, (network, models) in networks.items():
            operations = 2 * sum(w.size for w in network.model.get_weights() if w.ndim == 2)
            calls: dict[str, Callable[..., object]] = {
                model: load(model, threads=threads).probabilities for model in models
            }
            litert = find_peers(network, mnist.x_train, threads).calls.get(LITERT_INT8)
            if litert and threads == 1:
                calls[LITERT_INT8] = litert
            ratios: dict[float, str] = {}
            for batch in BATCHES:
                chosen = {each: partial(call, images[:batch]) for each, call in calls.items()}
                times = take_turns(chosen, rounds, TURN)
                for each in chosen:
                    per_second = batch / times.seconds(each)
                    kind = "int8" if each == LITERT_INT8 or each.endswith(INT8) else "float32"
                    rows.append(
                        {
                            "network": name,
                            "runtime": each,
                            "batch": batch,
                            "threads": threads,
                            "images_per_second": round(per_second),
                            "share_of_peak": round(per_second * operations / peak[kind], 3),
                        }
                    )
                if batch >= LARGE and LITERT_INT8 in chosen:
                    fastest = min(models, key=times.seconds)
                    ratios[times.ratio(LITERT_INT8, fastest)] = f"{batch:,}, `{fastest}`"
            if ratios:
                what = f"images/s over LiteRT int8 in batches of {LARGE} and more, at worst ({{}})"
                worst = min(ratios)
                goals.append(goal(what.format(ratios[worst]), worst, least=1.3))
    return {
        "rows": rows,
        "peaks": [
            {"threads": threads, **{kind: round(peak / 1e9) for kind, peak in peaks_.items()}}
            for threads, peaks_ in peaks.items()
        ],
        "goals": goals,
    }
