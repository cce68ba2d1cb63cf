"""The servers that are compared: the real one, a bare route, and a plain route."""

from __future__ import annotations

import io
import json
import multiprocessing
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.http_load import INFER, MODEL, Round, press
from benchmarks.processes import children, serving
from mnist_infer import Recognizer


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


def serve_bare(connection: Any) -> None:
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


def serve_plain(connection: Any) -> None:
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
