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
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Message

from mnist_infer.cli.output import READING_THRESHOLD, Answer, digit_record, page_record
from mnist_infer.errors import ImageError, PictureTooLargeError, SeveralDigitsError
from mnist_infer.results import Prediction
from mnist_infer.server.backend import Backend
from mnist_infer.server.body import read_body
from mnist_infer.server.errors import MalformedRequestError

Fields: TypeAlias = dict[str, Any]
_Answer: TypeAlias = Callable[[str, bytes], Awaitable[Fields]]
_Record: TypeAlias = Callable[[Answer], Fields]

_SEVERAL_DIGITS = "more than one digit is on the picture; POST it to /read to get them all"
_NO_NAME = "-"
_THUMBNAIL = 256
_STAGES = ("ink", "cleaned", "image", "original_stroke")


class Pictures:
    """The recogniser over HTTP."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def routes(self) -> list[BaseRoute]:
        """The endpoints."""
        answers: dict[str, tuple[_Answer, _Record]] = {
            "/predict": (self._in_worker(self._predict), digit_record),
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
            with self._backend.concurrency.slot():
                name, picture = await self._receive(request)
                try:
                    return JSONResponse(await answer(name, picture))
                except SeveralDigitsError:
                    error: ImageError = SeveralDigitsError(_SEVERAL_DIGITS)
                except ImageError as raised:
                    error = raised
            status = 413 if isinstance(error, PictureTooLargeError) else 422
            return JSONResponse(record(Answer(name, error=error)), status)

        return endpoint

    async def _receive(self, request: Request) -> tuple[str, bytes]:
        """The picture's name and bytes, from the body as it is or from a form."""
        body = await read_body(request, self._backend.limits)
        if not request.headers.get("content-type", "").startswith("multipart/form-data"):
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

    def _predict(self, name: str, picture: bytes) -> Fields:
        # Not in batches: a hostile picture would keep all that share one with it.
        return digit_record(self._answer(name, self._backend.recognizer.predict(picture)))

    def _explain(self, name: str, picture: bytes) -> Fields:
        explanation = self._backend.recognizer.explain(picture)
        stages = {
            name: _as_data_url(pixels)
            for name, pixels in zip(_STAGES, explanation.stages().values(), strict=False)
        }
        return {
            **digit_record(self._answer(name, explanation.prediction)),
            "box": explanation.box,
            "stages": stages,
        }

    def _read(self, name: str, picture: bytes) -> Fields:
        reading = self._backend.recognizer.read(picture)
        is_uncertain = reading.confidence < READING_THRESHOLD
        return page_record(Answer(name, reading=reading, uncertain=is_uncertain))

    def _answer(self, name: str, prediction: Prediction) -> Answer:
        threshold = self._backend.recognizer.model.recommended_threshold
        uncertain = None if threshold is None else prediction.confidence < threshold
        return Answer(name, prediction, uncertain=uncertain)


def _as_data_url(pixels: NDArray[np.uint8]) -> str:
    image = Image.fromarray(pixels)
    image.thumbnail((_THUMBNAIL, _THUMBNAIL), Image.Resampling.BOX)
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()
