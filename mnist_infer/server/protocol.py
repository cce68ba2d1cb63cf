"""The endpoints of the Open Inference Protocol v2: health, metadata, inference."""

from __future__ import annotations

from itertools import accumulate
from pathlib import Path
from reprlib import repr as shortened
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from mnist_infer import __version__
from mnist_infer.server.backend import Backend
from mnist_infer.server.body import read_body
from mnist_infer.server.errors import MalformedRequestError, UnknownModelError
from mnist_infer.server.tensors import INPUT, OUTPUT, decode_request, encode_response

_LENGTH_HEADER = "Inference-Header-Content-Length"
_MAX_DIGITS = 18
_SMALL_BODY = 16_000
"""Bytes that are decoded in less time than a change of threads takes."""


class Protocol:
    """One model, served by the Open Inference Protocol."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        model = backend.recognizer.model
        self.model = Path(model.name).stem
        self.version = str(model.sidecar.get("version", "1"))
        self._batcher = backend.workers.batcher("tensor", self._infer_batch, len)

    def routes(self) -> list[BaseRoute]:
        """The endpoints, the busiest first."""
        plain = "/v2/models/{model}"
        versioned = plain + "/versions/{version}"
        return [
            Route(plain + "/infer", self.infer, methods=["POST"]),
            Route(versioned + "/infer", self.infer, methods=["POST"]),
            Route("/v2", self.server_metadata),
            Route("/v2/health/live", self.live),
            Route("/v2/health/ready", self.ready),
            Route(plain, self.model_metadata),
            Route(versioned, self.model_metadata),
            Route(plain + "/ready", self.model_ready),
            Route(versioned + "/ready", self.model_ready),
        ]

    async def server_metadata(self, request: Request) -> Response:
        """What this server is."""
        return JSONResponse(
            {"name": "mnist-infer", "version": __version__, "extensions": ["binary_tensor_data"]}
        )

    async def live(self, request: Request) -> Response:
        """The server runs."""
        return JSONResponse({"live": True})

    async def ready(self, request: Request) -> Response:
        """The model is loaded: a server that listens has loaded it."""
        return JSONResponse({"ready": True})

    async def model_metadata(self, request: Request) -> Response:
        """The model's name, versions and tensors."""
        self._check_model(request)
        return JSONResponse(
            {
                "name": self.model,
                "versions": [self.version],
                "platform": "onnxruntime_onnx",
                "inputs": [INPUT],
                "outputs": [OUTPUT],
            }
        )

    async def model_ready(self, request: Request) -> Response:
        """The model is loaded."""
        self._check_model(request)
        return JSONResponse({"name": self.model, "ready": True})

    async def infer(self, request: Request) -> Response:
        """Probabilities of the ten digits for each image of a tensor."""
        self._check_model(request)
        with self._backend.concurrency.slot():
            body = await read_body(request, self._backend.limits)
            header_length = _header_length(request, body)
            if len(body) <= _SMALL_BODY:
                asked, images = decode_request(body, header_length)
            else:
                asked, images = await self._backend.workers.run(decode_request, body, header_length)
            rows = await self._batcher.submit(images)
        content, json_length = encode_response(asked, rows, self.model, self.version)
        if json_length is None:
            return Response(content, media_type="application/json")
        headers = {_LENGTH_HEADER: str(json_length)}
        return Response(content, headers=headers, media_type="application/octet-stream")

    def _check_model(self, request: Request) -> None:
        asked: dict[str, Any] = request.path_params
        if asked["model"] != self.model:
            raise UnknownModelError(f"no model named {asked['model']!r}; there is {self.model!r}")
        if asked.get("version", self.version) != self.version:
            raise UnknownModelError(
                f"no version {asked['version']!r} of {self.model!r}; there is {self.version!r}"
            )

    def _infer_batch(self, batch: list[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        if len(batch) == 1:
            return [self._backend.recognizer.probabilities(batch[0])]
        rows = self._backend.recognizer.probabilities(np.concatenate(batch))
        ends = accumulate(len(images) for images in batch)
        return [rows[end - len(images) : end] for images, end in zip(batch, ends, strict=True)]


def _header_length(request: Request, body: bytes) -> int | None:
    digits = request.headers.get(_LENGTH_HEADER)
    if not digits:
        return None
    # Python refuses to read a number of thousands of digits.
    if not digits.isdecimal() or len(digits) > _MAX_DIGITS or int(digits) > len(body):
        raise MalformedRequestError(
            f"{_LENGTH_HEADER} is {shortened(digits)}, and the body has {len(body)} bytes"
        )
    return int(digits)
