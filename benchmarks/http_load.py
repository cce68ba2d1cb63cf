"""Load over HTTP from this machine: a request again and again, over each of many connections."""

from __future__ import annotations

import asyncio
import io
import json
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MODEL = "dense-512x2"
INFER = f"/v2/models/{MODEL}/infer"


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
