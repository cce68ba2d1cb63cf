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

from benchmarks.contenders import (
    ARRAY,
    BARE,
    BOUND,
    BYTES,
    DECODE,
    KERAS,
    LITERT_INT8,
    PATH,
    PROBABILITIES,
    bare_session,
    bound_call,
    load,
    usual,
)
from benchmarks.peers import find_peers
from benchmarks.timing import Row, Times, goal, take_turns
from export.network import Network
from mnist_infer import Recognizer
from mnist_infer.config import DEFAULT_MODEL
from train.data import Mnist

TURN = 0.02

WAYS = (BARE, BOUND, PROBABILITIES, ARRAY, PATH, BYTES, DECODE)
"""The names of what `calls_of_package` gives."""

Contender = tuple[str, str]
"""What is called, and the bundled model's variant; of a peer, the network."""


def measure(
    networks: Mapping[str, tuple[Network, Sequence[str]]], mnist: Mnist, rounds: int
) -> Row:
    """Percentiles of every contender for each network, from one run, and who was missing.

    Of runtimes that take their input in one call and run in another, the latter stands beside the
    whole: what the network takes, and what it takes to get an image in and probabilities out.

    Args:
        networks: By name: the Keras model, and the variants of the bundled one.
        mnist: The first test image is the one that is recognised.
        rounds: Turns of each contender.
    """
    image = mnist.x_test[:1]
    rows, bare, goals, missing = [], [], [], {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "digit.png")
        Image.fromarray(image[0]).save(path)
        for name, (network, models) in networks.items():
            peers = find_peers(network, mnist.x_train)
            missing = peers.missing
            calls: dict[Contender, Callable[[], object]] = {
                (way, model): call
                for model in models
                for way, call in calls_of_package(load(model), image, path).items()
            }
            calls |= {(peer, name): partial(call, image) for peer, call in peers.calls.items()}
            calls |= {(_bare(peer), name): call for peer, call in peers.bare.items()}
            times = take_turns(calls, rounds, TURN, least=3)

            pairs = [((BOUND, model), (PROBABILITIES, model)) for model in models]
            pairs += [((_bare(peer), name), (peer, name)) for peer in peers.bare]
            bare += [_bare_and_whole(times, name, *pair) for pair in pairs]
            shown_as_bare = {bare_call for bare_call, _ in pairs}
            rows += [
                {"name": each[0], "model": each[1], **times.percentiles(each)}
                for each in calls
                if each not in shown_as_bare
            ]
            goals += _goals(times, name, models)
    return {"rows": rows, "bare": bare, "missing": missing, "goals": goals}


def _bare(peer: str) -> str:
    return f"{peer}, bare"


def calls_of_package(
    recognizer: Recognizer, image: NDArray[np.uint8], path: Path
) -> dict[str, Callable[[], object]]:
    """Each way to have an image recognised, by name, and ONNX Runtime's own calls as their floors.

    Args:
        recognizer: Whose model is run.
        image: uint8 `(1, 28, 28)`.
        path: Its PNG.
    """
    session = bare_session(recognizer)
    content = path.read_bytes()

    def decode_and_run() -> object:
        pixels = np.asarray(Image.open(io.BytesIO(content)))
        return session.run(["probabilities"], {"image": pixels[np.newaxis]})

    return {
        BARE: lambda: session.run(["probabilities"], {"image": image}),
        BOUND: bound_call(recognizer, image),
        PROBABILITIES: lambda: recognizer.probabilities(image),
        ARRAY: lambda: recognizer.predict(image[0]),
        PATH: lambda: recognizer.predict(path),
        BYTES: lambda: recognizer.predict(content),
        DECODE: decode_and_run,
    }


def _bare_and_whole(
    times: Times[Contender], network: str, bare: Contender, whole: Contender
) -> Row:
    """Medians and minima in microseconds, and how many times LiteRT int8's whole call they are."""
    row: Row = {"name": whole[0], "model": whole[1]}
    for kind, call in (("bare", bare), ("whole", whole)):
        row[f"{kind}_p50_us"] = times.percentiles(call)["p50_us"]
        row[f"{kind}_min_us"] = times.fastest(call)
        if (LITERT_INT8, network) in times.rounds:
            ratio = times.ratio(call, (LITERT_INT8, network))
            row[f"{kind}_over_litert_int8"] = float(f"{ratio:.3g}")
    return row


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
        for what, call, most in (
            ("`probabilities`", ours, 1.25),
            ("the bare call", (BOUND, fastest), 1.05),
        ):
            ratio = times.ratio(call, (LITERT_INT8, network))
            told = f"one image, {what} of `{fastest}` over LiteRT int8's whole call"
            goals.append(goal(told, ratio, most=most))
    if (KERAS, network) in times.rounds:
        ratio = times.ratio((KERAS, network), ours)
        goals.append(goal(f"Keras `predict` over `{fastest}`", ratio, least=3000))
    if DEFAULT_MODEL in models:
        model = usual(DEFAULT_MODEL)
        ratio = times.ratio((BYTES, model), (DECODE, model))
        goals.append(goal("`predict(PNG bytes)` over Pillow and `session.run`", ratio, most=1.5))
    return goals
