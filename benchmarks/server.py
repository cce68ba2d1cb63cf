"""Requests per second over HTTP: ``python -m benchmarks.server``.

Each endpoint against its floor, a bare Starlette route that decodes the same body and returns a
constant, with the same JSON parser, NumPy and Pillow but no check of what came, no limit on what a
picture may cost, and no access log; at 1, 8 and 64 connections. Beside it is a plain route, as one
would write it first: it also runs the network and answers as the real server does, without batches,
checks, limits, metrics and security headers. All of it runs on this machine, over loopback. The
rounds of the contenders alternate, so that a busy machine is fair to all; the processor time of a
request is that of the server and its decoding processes.

``python -m benchmarks.server --soak 300`` is another thing: full load for that many seconds from
64 connections, a few of which hang up midway all the time. Every answer is compared with the right
one.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import multiprocessing
import os
import platform
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks import RESULTS
from benchmarks.pictures import mnist_digits
from benchmarks.processes import children, serving
from mnist_infer import Recognizer
from train.markdown import table

MODEL = "dense-512x2"
INFER = f"/v2/models/{MODEL}/infer"
CONNECTIONS = (1, 8, 64)
GOAL = 0.5


@dataclass(frozen=True)
class Load:
    """One kind of request."""

    name: str
    path: str
    body: bytes
    headers: str = ""

    @property
    def request(self) -> bytes:
        """The request's bytes."""
        head = f"POST {self.path} HTTP/1.1\r\nHost: localhost\r\n{self.headers}"
        return f"{head}Content-Length: {len(self.body)}\r\n\r\n".encode() + self.body


@dataclass
class Round:
    """What one round of load saw."""

    seconds: float
    cpu_seconds: float = 0.0
    """Of the server."""

    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    bodies: set[bytes] = field(default_factory=set)


def loads(image: NDArray[np.uint8]) -> list[Load]:
    """The three kinds of request for one 28x28 image."""
    tensor: dict[str, Any] = {"name": "image", "shape": [1, 28, 28], "datatype": "UINT8"}
    as_json = json.dumps({"inputs": [{**tensor, "data": image.ravel().tolist()}]}).encode()
    header = json.dumps(
        {
            "inputs": [{**tensor, "parameters": {"binary_data_size": image.size}}],
            "parameters": {"binary_data_output": True},
        }
    ).encode()
    png = io.BytesIO()
    Image.fromarray(image).save(png, "PNG")
    length = f"Inference-Header-Content-Length: {len(header)}\r\n"
    return [
        Load("/v2 infer, JSON", INFER, as_json),
        Load("/v2 infer, binary", INFER, header + image.tobytes(), length),
        Load("/predict, PNG", "/predict", png.getvalue()),
    ]


class Connection(asyncio.Protocol):
    """Sends a request again and again over one connection, each after the answer to the last."""

    def __init__(self, request: bytes, until: float, seen: Round) -> None:
        self._request = request
        self._until = until
        self._seen = seen
        self._buffer = b""
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast(asyncio.Transport, transport)
        self._send()

    def _send(self) -> None:
        self._waiting = True
        self._sent = time.perf_counter()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Take what came; at the end of an answer, ask again."""
        self._buffer += data
        head, separator, body = self._buffer.partition(b"\r\n\r\n")
        if not separator:
            return
        lowered = head.lower()
        length = int(lowered.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        now = time.perf_counter()
        self._buffer = b""
        self._waiting = False
        self._seen.latencies.append(now - self._sent)
        self._seen.statuses[int(head[9:12])] += 1
        self._seen.bodies.add(body)
        if now < self._until:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """All answers are in, or one has been lost."""
        if error or self._waiting:
            self.finished.set_exception(error or ConnectionError("hung up without an answer"))
        else:
            self.finished.set_result(None)


async def _press(port: int, request: bytes, connections: int, seconds: float) -> Round:
    loop = asyncio.get_running_loop()
    seen = Round(seconds)
    until = time.perf_counter() + seconds
    opened = [
        await loop.create_connection(lambda: Connection(request, until, seen), "127.0.0.1", port)
        for _ in range(connections)
    ]
    await asyncio.gather(*(protocol.finished for _, protocol in opened))
    return seen


def press(port: int, request: bytes, connections: int, seconds: float) -> Round:
    """One round of load."""
    import uvloop

    return uvloop.run(_press(port, request, connections, seconds))


@dataclass(frozen=True)
class Contender:
    """A server that runs."""

    port: int
    process: int

    def press(self, request: bytes, connections: int, seconds: float) -> Round:
        """One round of load."""
        before = _cpu_seconds(self.process)
        seen = press(self.port, request, connections, seconds)
        seen.cpu_seconds = _cpu_seconds(self.process) - before
        return seen


def _cpu_seconds(process: int) -> float:
    """The processor time of a Linux process and of those that it has started."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    own = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return own + sum(map(_cpu_seconds, children(process)))


@contextmanager
def ours(*options: str) -> Iterator[Contender]:
    """The real server."""
    with serving("--device", "cpu", *options) as (process, url):
        yield Contender(int(url.rpartition(":")[2]), process.pid)


async def _decode_infer(request: Any) -> tuple[dict[str, Any], NDArray[np.uint8]]:
    """A request of /v2 as it is, and its images."""
    import msgspec

    body = await request.body()
    length = int(request.headers.get("inference-header-content-length", len(body)))
    asked = msgspec.json.decode(body[:length])
    (tensor,) = asked["inputs"]
    if "data" in tensor:
        images = np.array(tensor["data"], np.uint8)
    else:
        images = np.frombuffer(body, np.uint8, offset=length)
    return asked, images.reshape(tensor["shape"])


def _serve_bare(connection: Any) -> None:
    """Routes that decode the body and answer a constant."""
    from starlette.requests import Request
    from starlette.responses import Response

    constant = json.dumps({"digit": 7, "probabilities": [0.1] * 10}).encode()

    async def infer(request: Request) -> Response:
        await _decode_infer(request)
        return Response(constant, media_type="application/json")

    async def predict(request: Request) -> Response:
        np.asarray(Image.open(io.BytesIO(await request.body())))
        return Response(constant, media_type="application/json")

    _serve_routes(connection, infer, predict)


def _serve_plain(connection: Any) -> None:
    """Routes that decode the body, run the network and answer as the real server does."""
    import msgspec
    from starlette.requests import Request
    from starlette.responses import Response

    from mnist_infer.answers import Answer, digit_record

    recognizer = Recognizer(MODEL, device="cpu")

    async def infer(request: Request) -> Response:
        asked, images = await _decode_infer(request)
        rows = recognizer.probabilities(images)
        output: dict[str, Any] = {
            "name": "probabilities",
            "datatype": "FP32",
            "shape": rows.shape,
        }
        answer = {"model_name": MODEL, "model_version": "1", "outputs": [output]}
        if not asked.get("parameters", {}).get("binary_data_output"):
            output["data"] = rows.ravel().tolist()
            return Response(msgspec.json.encode(answer), media_type="application/json")
        output["parameters"] = {"binary_data_size": rows.nbytes}
        text = msgspec.json.encode(answer)
        headers = {"Inference-Header-Content-Length": str(len(text))}
        return Response(text + rows.tobytes(), 200, headers, "application/octet-stream")

    async def predict(request: Request) -> Response:
        prediction = recognizer.predict(await request.body())
        record = digit_record(Answer("-", prediction, uncertain=False))
        return Response(msgspec.json.encode(record), media_type="application/json")

    _serve_routes(connection, infer, predict)


def _serve_routes(connection: Any, infer: Callable[..., Any], predict: Callable[..., Any]) -> None:
    import socket

    import uvicorn
    from starlette.applications import Starlette
    from starlette.routing import Route

    app = Starlette(
        routes=[
            Route(INFER, infer, methods=["POST"]),
            Route("/predict", predict, methods=["POST"]),
        ]
    )
    config = uvicorn.Config(app, access_log=False, log_level="warning")
    with socket.create_server(("127.0.0.1", 0), backlog=256) as listening:
        connection.send(listening.getsockname()[1])
        uvicorn.Server(config).run(sockets=[listening])


@contextmanager
def routes(serve: Callable[[Any], None]) -> Iterator[Contender]:
    """Starlette routes in a process of their own, which `serve` makes."""
    near, far = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(far,))
    process.start()
    assert process.pid
    yield Contender(near.recv(), process.pid)
    process.terminate()
    process.join()


def measure(image: NDArray[np.uint8], rounds: int, seconds: float) -> list[dict[str, Any]]:
    """A row for each load, number of connections and contender."""
    rows = []
    with ExitStack() as stack:
        contenders = {
            "floor": stack.enter_context(routes(_serve_bare)),
            "plain route": stack.enter_context(routes(_serve_plain)),
            "--quiet": stack.enter_context(ours("--quiet")),
            "with its access log": stack.enter_context(ours()),
        }
        for load in loads(image):
            for contender in contenders.values():
                contender.press(load.request, 8, 1)
            for connections in CONNECTIONS:
                seen: dict[str, list[Round]] = {name: [] for name in contenders}
                for _ in range(rounds):
                    for name, contender in contenders.items():
                        seen[name].append(contender.press(load.request, connections, seconds))
                rows += [_row(load.name, connections, name, seen[name]) for name in contenders]
                print(*rows[-len(contenders) :], sep="\n", file=sys.stderr)
    return rows


def _row(load: str, connections: int, contender: str, rounds: Sequence[Round]) -> dict[str, Any]:
    statuses: Counter[int] = sum((each.statuses for each in rounds), Counter())
    assert set(statuses) == {200}, statuses
    latencies = np.concatenate([each.latencies for each in rounds]) * 1000
    p50, p99 = np.percentile(latencies, [50, 99])
    rate = statistics.median(len(each.latencies) / each.seconds for each in rounds)
    return {
        "load": load,
        "connections": connections,
        "contender": contender,
        "requests_per_second": round(rate),
        "p50_ms": round(float(p50), 3),
        "p99_ms": round(float(p99), 3),
        "cpu_us": round(sum(each.cpu_seconds for each in rounds) / len(latencies) * 1e6),
    }


def as_markdown(rows: Sequence[dict[str, Any]], setup: str) -> str:
    """The table, with each row's share of the floor."""
    floors = {
        (row["load"], row["connections"]): row["requests_per_second"]
        for row in rows
        if row["contender"] == "floor"
    }
    lines = [
        "# The server over loopback",
        "",
        setup,
        "",
    ]
    head = (
        "request",
        "connections",
        "server",
        "requests/s",
        "of the floor",
        "p50 ms",
        "p99 ms",
        "CPU µs",
    )
    cells = [
        (
            row["load"],
            str(row["connections"]),
            row["contender"],
            f"{row['requests_per_second']:,}",
            f"{row['requests_per_second'] / floors[row['load'], row['connections']]:.0%}",
            str(row["p50_ms"]),
            str(row["p99_ms"]),
            str(row["cpu_us"]),
        )
        for row in rows
    ]
    return "\n".join([*lines, table(head, cells)]) + "\n"


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
    """Measure, and write the table; or soak."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="of each round")
    parser.add_argument("--soak", type=float, metavar="SECONDS", help="only run under full load")
    arguments = parser.parse_args()
    if arguments.soak:
        soak(mnist_digits(21), arguments.soak)
        return
    rows = measure(mnist_digits(1)[0], arguments.rounds, arguments.seconds)
    setup = (
        f"`python -m benchmarks.server` on {multiprocessing.cpu_count()} cores shared by server "
        f"and client, Python {platform.python_version()}; median of {arguments.rounds} rounds of "
        f"{arguments.seconds:g} s. The floor is a bare Starlette route that decodes the same body "
        f"and returns a constant; the goal is {GOAL:.0%} of it at 64 connections. The plain route "
        "also runs the network and answers as the server does, and nothing else."
    )
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "server.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    (RESULTS / "server.md").write_text(as_markdown(rows, setup), encoding="utf-8")


if __name__ == "__main__":
    main()
