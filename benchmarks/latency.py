"""One image at a time, in this process: bare ONNX Runtime, the package, and its peers."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks import parts
from benchmarks.contenders import (
    ARRAY,
    BARE,
    BYTES,
    DECODE,
    INT8,
    KERAS,
    LITERT_INT8,
    PATH,
    PROBABILITIES,
    bare_session,
    load,
    usual,
)
from benchmarks.peers import find_peers
from benchmarks.timing import Row, Times, goal, take_turns
from export.network import Network
from mnist_infer.config import DEFAULT_MODEL
from train.data import Mnist

TURN = 0.02

Contender = tuple[str, str]
"""What is called, and the bundled model's variant; of a peer, the network."""


def measure(
    networks: Mapping[str, tuple[Network, Sequence[str]]], mnist: Mnist, rounds: int
) -> Row:
    """Percentiles of every contender for each network, from one run, and who was missing.

    For models in integers also what their time consists of, beside LiteRT's whole time.

    Args:
        networks: By name: the Keras model, and the variants of the bundled one.
        mnist: The first test image is the one that is recognised.
        rounds: Turns of each contender.
    """
    image = mnist.x_test[:1]
    rows, consists, goals, missing = [], [], [], {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "digit.png")
        Image.fromarray(image[0]).save(path)
        for name, (network, models) in networks.items():
            peers = find_peers(network, mnist.x_train)
            missing = peers.missing
            calls: dict[Contender, Callable[[], object]] = {}
            for model in models:
                calls |= _ours(model, image, path)
            calls |= {(peer, name): partial(call, image) for peer, call in peers.calls.items()}
            integers = [model for model in models if model.endswith(INT8)]
            for model in integers:
                calls |= {(k, model): call for k, call in parts.calls(load(model), image).items()}
            times = take_turns(calls, rounds, TURN, least=3)
            rows += [
                {"name": each[0], "model": each[1], **times.percentiles(each)}
                for each in calls
                if each[0] not in parts.PARTS
            ]
            consists += [_consists(times, name, model) for model in integers]
            goals += _goals(times, name, models)
    return {"rows": rows, "consists": consists, "missing": missing, "goals": goals}


def _ours(
    model: str, image: NDArray[np.uint8], path: Path
) -> dict[Contender, Callable[[], object]]:
    """Each way into the package; `image` uint8 (1, 28, 28), and `path` its PNG."""
    recognizer = load(model)
    session = bare_session(recognizer)
    content = path.read_bytes()

    def decode_and_run() -> object:
        pixels = np.asarray(Image.open(io.BytesIO(content)))
        return session.run(["probabilities"], {"image": pixels[np.newaxis]})

    calls: dict[str, Callable[[], object]] = {
        BARE: lambda: session.run(["probabilities"], {"image": image}),
        PROBABILITIES: lambda: recognizer.probabilities(image),
        ARRAY: lambda: recognizer.predict(image[0]),
        PATH: lambda: recognizer.predict(path),
        BYTES: lambda: recognizer.predict(content),
        DECODE: decode_and_run,
    }
    return {(kind, model): call for kind, call in calls.items()}


def _consists(times: Times[Contender], network: str, model: str) -> Row:
    """The p50 of each part, in microseconds, and of LiteRT's whole where it is here."""
    chosen = {each: (each, model) for each in parts.PARTS} | {LITERT_INT8: (LITERT_INT8, network)}
    p50 = {k: times.percentiles(v)["p50_us"] for k, v in chosen.items() if v in times.rounds}
    return {"model": model, "p50_us": p50}


def _goals(times: Times[Contender], network: str, models: Sequence[str]) -> list[Row]:
    goals = [
        goal(
            f"`probabilities` over bare `session.run`, `{model}`",
            times.ratio((PROBABILITIES, model), (BARE, model)),
            most=1.15,
        )
        for model in models
    ]
    fastest = min(models, key=lambda model: times.seconds((PROBABILITIES, model)))
    ours = (PROBABILITIES, fastest)
    if (LITERT_INT8, network) in times.rounds:
        ratio = times.ratio(ours, (LITERT_INT8, network))
        goals.append(goal(f"one image, `{fastest}` over LiteRT int8", ratio, most=1.0))
    if (KERAS, network) in times.rounds:
        ratio = times.ratio((KERAS, network), ours)
        goals.append(goal(f"Keras `predict` over `{fastest}`", ratio, least=3000))
    if DEFAULT_MODEL in models:
        model = usual(DEFAULT_MODEL)
        ratio = times.ratio((BYTES, model), (DECODE, model))
        goals.append(goal("`predict(PNG bytes)` over Pillow and `session.run`", ratio, most=1.5))
    return goals
