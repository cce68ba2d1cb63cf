"""The server under full load: `python -m benchmarks.server_soak --seconds 300`.

Requests come over 63 connections, and a few more hang up midway all the time. Every answer is
compared with the right one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.http_load import MODEL, Connection, Round, loads
from benchmarks.http_servers import ours
from benchmarks.pictures import mnist_digits
from mnist_infer import Recognizer

IMAGES = 21
"""Each is sent as three kinds of request, over a connection each."""


async def _hang_up(port: int, request: bytes, until: float, generator: np.random.Generator) -> int:
    """Open connections and drop them: in mid-request, or before the answer."""
    count = 0
    while time.perf_counter() < until:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request[: generator.integers(1, len(request) + 1)])
        await asyncio.sleep(float(generator.uniform(0, 0.01)))
        writer.transport.abort()
        count += 1
    return count


async def _soak(port: int, images: NDArray[np.uint8], seconds: float) -> tuple[Round, int]:
    """Load of all kinds; every answer must be the right one for its request."""
    loop = asyncio.get_running_loop()
    until = time.perf_counter() + seconds
    generator = np.random.default_rng(0)
    requests = [load.request for image in images for load in loads(image)]
    rounds = [Round(seconds) for _ in requests]
    droppers = [
        asyncio.create_task(_hang_up(port, request, until, generator)) for request in requests[:4]
    ]
    opened = [
        await loop.create_connection(partial(Connection, request, until, seen), "127.0.0.1", port)
        for request, seen in zip(requests, rounds, strict=True)
    ]
    await asyncio.gather(*(protocol.finished for _, protocol in opened))
    dropped = sum(await asyncio.gather(*droppers))
    recognizer = Recognizer(MODEL, device="cpu")
    expected = np.repeat(recognizer.probabilities(images), 3, axis=0)
    total = Round(seconds)
    for seen, row in zip(rounds, expected, strict=True):
        total.latencies += seen.latencies
        total.statuses += seen.statuses
        for body in seen.bodies:
            np.testing.assert_allclose(_probabilities(body), row, atol=1e-6)
    return total, dropped


def _probabilities(body: bytes) -> NDArray[Any]:
    if body.endswith(b"}"):
        answer = json.loads(body)
        return np.array(answer.get("probabilities") or answer["outputs"][0]["data"])
    return np.frombuffer(body[-40:], "<f4")


def soak(images: NDArray[np.uint8], seconds: float) -> None:
    """Full load; fails on any answer but the right one."""
    import uvloop

    with ours() as server:
        seen, dropped = uvloop.run(_soak(server.port, images, seconds))
    print(
        f"{seen.statuses.total():,} answers in {seconds:g} s, statuses {dict(seen.statuses)}, "
        f"all right; {dropped:,} connections dropped midway; "
        f"p99 {np.percentile(seen.latencies, 99) * 1000:.1f} ms"
    )
    if set(seen.statuses) != {200}:
        raise SystemExit(1)


def main() -> None:
    """Put the server under load."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=300, help="of load")
    soak(mnist_digits(IMAGES), parser.parse_args().seconds)


if __name__ == "__main__":
    main()
