"""The endpoints for people: a picture in, the command line's JSON record out."""

from __future__ import annotations

import base64
import io
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Message

from mnist_infer.cli.output import Answer, digit_record, page_record
from mnist_infer.decode.formats import load_plugins
from mnist_infer.decode.images import read_picture
from mnist_infer.errors import ImageError, PictureTooLargeError
from mnist_infer.imaging.normalize import SIDE
from mnist_infer.imaging.pipeline import mnist_forms
from mnist_infer.results import Prediction
from mnist_infer.server.backend import Backend
from mnist_infer.server.bodies import header
from mnist_infer.server.errors import MalformedRequestError
from mnist_infer.server.responses import JSONResponse

Fields: TypeAlias = dict[str, Any]
_Answer: TypeAlias = Callable[[str, bytes], Awaitable[Fields]]
_Record: TypeAlias = Callable[[Answer], Fields]

_QUICK_BYTES = 2048
"""Room for 28x28 grey pixels in any format, and little else."""

_NO_NAME = "-"
_BYTES_PER_COST = 4096
_THUMBNAIL = 256
_STAGES = ("ink", "cleaned", "image", "drawn")


class Pictures:
    """The recogniser over HTTP."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        load_plugins()  # Else the first stranger waits until they are imported.
        self._batcher = backend.workers.batcher(
            "picture", self._predict_batch, _cost, side_by_side=True
        )
        self._small = backend.workers.batcher(
            "28x28", self._predict_small, lambda image: 1, side_by_side=False
        )

    def routes(self) -> list[BaseRoute]:
        """The endpoints."""
        answers: dict[str, tuple[_Answer, _Record]] = {
            "/predict": (self._predict, digit_record),
            "/explain": (self._in_worker(self._explain), digit_record),
            "/read": (self._in_worker(self._read), page_record),
        }
        return [
            Route(path, self._endpoint(answer, record), methods=["POST"])
            for path, (answer, record) in answers.items()
        ]

    def _in_worker(self, answer: Callable[[str, bytes], Fields]) -> _Answer:
        async def answer_in_worker(name: str, picture: bytes) -> Fields:
            return await self._backend.workers.run(answer, name, picture)

        return answer_in_worker

    def _endpoint(
        self, answer: _Answer, record: _Record
    ) -> Callable[[Request], Awaitable[Response]]:
        """An endpoint that gives what `answer` makes of a picture, or the record of its error."""

        async def endpoint(request: Request) -> Response:
            with self._backend.gate:
                name, picture = await self._receive(request)
                try:
                    return JSONResponse(await answer(name, picture))
                except ImageError as error:
                    status = 413 if isinstance(error, PictureTooLargeError) else 422
                    return JSONResponse(record(Answer(name, error=error)), status)

        return endpoint

    async def _receive(self, request: Request) -> tuple[str, bytes]:
        """The picture's name and bytes, from the body as it is or from a form."""
        body = await self._backend.bodies.read(request)
        if not header(request, b"content-type").startswith(b"multipart/form-data"):
            return _NO_NAME, body

        async def replay() -> Message:
            return {"type": "http.request", "body": body}

        try:
            async with Request(request.scope, replay).form(max_files=1) as form:
                files = [value for value in form.values() if isinstance(value, UploadFile)]
                if files:
                    return files[0].filename or _NO_NAME, await files[0].read()
        except HTTPException as error:
            raise MalformedRequestError(f"the form cannot be read ({error.detail})") from None
        raise MalformedRequestError("the form holds no file; send one picture")

    async def _predict(self, name: str, picture: bytes) -> Fields:
        small = self._decode_small(picture)
        answer: Prediction | ImageError | None = None
        if small is not None:
            answer = await self._small.submit(small)
        if answer is None:
            answer = await self._batcher.submit(picture)
        if isinstance(answer, ImageError):
            raise answer
        return digit_record(Answer(name, answer))

    def _decode_small(self, picture: bytes) -> NDArray[np.uint8] | None:
        """The pixels of a picture of 28x28; as small a work as parsing a request."""
        if len(picture) > _QUICK_BYTES:
            return None
        try:
            pixels = read_picture(picture, max_pixels=SIDE * SIDE).pixels
        except ImageError:
            return None  # What is wrong with it, if anything, the longer way tells.
        return pixels if pixels.shape == (SIDE, SIDE) else None

    def _predict_small(self, images: list[NDArray[np.uint8]]) -> list[Prediction | None]:
        """The answers for images of MNIST's form; the others need more work."""
        seen, is_form = mnist_forms(np.stack(images))
        rows = iter(self._backend.recognizer.probabilities(seen[is_form]) if is_form.any() else ())
        return [Prediction.of(next(rows)) if ready else None for ready in is_form.tolist()]

    def _predict_batch(self, pictures: list[bytes]) -> list[Prediction | ImageError]:
        return list(self._backend.recognizer.predict_each(pictures))

    def _explain(self, name: str, picture: bytes) -> Fields:
        explanation = self._backend.recognizer.explain(picture)
        stages = {
            name: _as_data_url(pixels)
            for name, pixels in zip(_STAGES, explanation.stages().values(), strict=False)
        }
        return {
            **digit_record(Answer(name, explanation.prediction)),
            "box": explanation.box,
            "stages": stages,
        }

    def _read(self, name: str, picture: bytes) -> Fields:
        return page_record(Answer(name, reading=self._backend.recognizer.read(picture)))


def _cost(picture: bytes) -> int:
    """Small pictures share a batch; a large one goes alone, so that none waits for it."""
    return 1 + len(picture) // _BYTES_PER_COST


def _as_data_url(pixels: NDArray[np.uint8]) -> str:
    image = Image.fromarray(pixels)
    image.thumbnail((_THUMBNAIL, _THUMBNAIL), Image.Resampling.BOX)
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()
