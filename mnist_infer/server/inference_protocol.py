"""The endpoints of the Open Inference Protocol v2: health, metadata, inference."""

from __future__ import annotations

from itertools import accumulate
from pathlib import Path
from reprlib import repr as shortened
from typing import Any

import numpy as np
from numpy.typing import NDArray
from starlette.requests import Request
from starlette.responses import Response

from mnist_infer import __version__
from mnist_infer.server.backend import Backend
from mnist_infer.server.body import BODY_ERRORS, read_body
from mnist_infer.server.errors import MalformedRequestError, UnknownModelError
from mnist_infer.server.openapi import Endpoint, Operation
from mnist_infer.server.schemas import (
    InferRequest,
    InferResponse,
    JsonResponse,
    Live,
    ModelMetadata,
    ModelReady,
    ProtocolError,
    Ready,
    ServerMetadata,
)
from mnist_infer.server.tensors import INPUT, OUTPUT, decode_request, encode_response

_TAG = "Open Inference Protocol v2"
_LENGTH_HEADER = "Inference-Header-Content-Length"
_MAX_DIGITS = 18
_SMALL_BODY = 16_000
"""Bytes that are decoded in less time than a change of threads takes."""


class InferenceProtocol:
    """One model, served by the Open Inference Protocol."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        model = backend.recognizer.model
        self.model = Path(model.name).stem
        self.version = str(model.sidecar.get("version", "1"))
        self._batcher = backend.batcher("tensor", self._infer_batch, len)

    def operations(self) -> list[Operation]:
        """List the endpoints, the busiest first."""
        plain = "/v2/models/{model}"
        versioned = plain + "/versions/{version}"
        infer = [
            Operation(
                path=path + "/infer",
                method="POST",
                endpoint=self.infer,
                tag=_TAG,
                body=InferRequest,
                headers={_LENGTH_HEADER: int},
                answer=InferResponse,
                is_binary_too=True,
                error=ProtocolError,
                errors=(UnknownModelError, *BODY_ERRORS),
            )
            for path in (plain, versioned)
        ]
        return [
            *infer,
            self._information("/v2", self.server_metadata, ServerMetadata),
            self._information("/v2/health/live", self.server_live, Live),
            self._information("/v2/health/ready", self.server_ready, Ready),
            self._information(plain, self.model_metadata, ModelMetadata),
            self._information(versioned, self.model_metadata, ModelMetadata),
            self._information(plain + "/ready", self.model_ready, ModelReady),
            self._information(versioned + "/ready", self.model_ready, ModelReady),
        ]

    def _information(self, path: str, endpoint: Endpoint, answer: type) -> Operation:
        errors = (UnknownModelError,) if "{" in path else ()
        return Operation(
            path=path,
            endpoint=endpoint,
            tag=_TAG,
            answer=answer,
            error=ProtocolError,
            errors=errors,
        )

    async def server_metadata(self, request: Request) -> Response:
        """What this server is."""
        return JsonResponse(ServerMetadata("mnist-infer", __version__, ["binary_tensor_data"]))

    async def server_live(self, request: Request) -> Response:
        """Whether the server runs."""
        return JsonResponse(Live(True))

    async def server_ready(self, request: Request) -> Response:
        """Whether the server can answer.

        Always: it has loaded its model before it listens.
        """
        return JsonResponse(Ready(True))

    async def model_metadata(self, request: Request) -> Response:
        """The model's name, versions and tensors."""
        self._check_model(request)
        return JsonResponse(
            ModelMetadata(self.model, [self.version], "onnxruntime_onnx", [INPUT], [OUTPUT])
        )

    async def model_ready(self, request: Request) -> Response:
        """Whether the model can answer."""
        self._check_model(request)
        return JsonResponse(ModelReady(self.model, True))

    async def infer(self, request: Request) -> Response:
        """Probabilities of the ten digits for each image of a tensor.

        White ink on black, as in MNIST: UINT8 pixels are 0..255, FP32 pixels 0..1. With the header
        Inference-Header-Content-Length, which is the length of the JSON, binary tensors follow it.
        """
        self._check_model(request)
        with self._backend.concurrency:
            body = await read_body(request, self._backend.limits)
            header_length = _header_length(request, body)
            if len(body) <= _SMALL_BODY:
                asked, images = decode_request(body, header_length)
            else:
                asked, images = await self._backend.run(decode_request, body, header_length)
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
