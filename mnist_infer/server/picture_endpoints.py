"""The endpoints /predict, /read and /explain: a picture in, the command line's JSON record out."""

from __future__ import annotations

import base64
import io
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message

from mnist_infer.answers import (
    Answer,
    DigitRecord,
    PageRecord,
    digit_record,
    is_uncertain,
    page_record,
)
from mnist_infer.decode.images import Picture
from mnist_infer.decode.tiny_png import is_tiny_png
from mnist_infer.document import reader
from mnist_infer.errors import (
    DecoderBusyError,
    ImageError,
    PictureTooLargeError,
    SeveralDigitsError,
    SeveralPagesError,
)
from mnist_infer.imaging import pipeline
from mnist_infer.results import Explanation, Prediction
from mnist_infer.server.backend import Backend
from mnist_infer.server.body import BODY_ERRORS, read_body
from mnist_infer.server.errors import MalformedRequestError, OverloadedError
from mnist_infer.server.openapi import BINARY, Operation
from mnist_infer.server.schemas import ExplanationRecord, JsonResponse, StageImages

Record = TypeVar("Record", DigitRecord, PageRecord)
Result = TypeVar("Result")

_PICTURE: dict[str, Any] = {
    **dict.fromkeys(("image/png", "image/jpeg", "application/octet-stream"), BINARY),
    "multipart/form-data": {
        "schema": {
            "type": "object",
            "required": ["image"],
            "properties": {"image": BINARY["schema"]},
        }
    },
}
# What a client can do about these is not what a caller in Python can.
_MESSAGES: dict[type[ImageError], str] = {
    SeveralDigitsError: "more than one digit is on the picture; POST it to /read to get them all",
    SeveralPagesError: "a TIFF of several pages; POST each as a picture of its own",
}
_NO_NAME = "-"
_THUMBNAIL = 256


class PictureEndpoints:
    """The recogniser over HTTP."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._batcher = backend.batcher("picture", self._predict_batch, lambda content: 1)

    def operations(self) -> list[Operation]:
        """List the endpoints."""
        return [
            Operation(
                path=f"/{endpoint.__name__}",
                method="POST",
                endpoint=endpoint,
                tag="Pictures",
                contents=_PICTURE,
                answer=answer,
                errors=BODY_ERRORS,
                unanswered={
                    413: (record, "A picture of too many pixels."),
                    422: (record, "The picture cannot be read, or there is no digit on it."),
                },
            )
            for endpoint, answer, record in (
                (self.predict, DigitRecord, DigitRecord),
                (self.read, PageRecord, PageRecord),
                (self.explain, ExplanationRecord, DigitRecord),
            )
        ]

    async def predict(self, request: Request) -> Response:
        """The digit on a picture."""
        return await self._respond(request, self._predict, digit_record)

    async def read(self, request: Request) -> Response:
        """All digits on a picture, in reading order, with their places."""
        return await self._respond(request, self._read, page_record)

    async def explain(self, request: Request) -> Response:
        """The digit on a picture, and how it came about.

        The record of /predict, where the digit is, and the picture at each stage as a PNG in a
        data: address.
        """
        return await self._respond(request, self._explain, digit_record)

    async def _respond(
        self,
        request: Request,
        answer: Callable[[str, bytes], Awaitable[Record]],
        record: Callable[[Answer], Record],
    ) -> Response:
        """Respond with what `answer` makes of a picture, or with the record of its error."""
        with self._backend.concurrency:
            name, content = await self._receive(request)
            try:
                return JsonResponse(await answer(name, content))
            except DecoderBusyError as busy:
                raise OverloadedError(busy.message) from None
            except ImageError as raised:
                error = type(raised)(_MESSAGES.get(type(raised), raised.message))
        status = 413 if isinstance(error, PictureTooLargeError) else 422
        return JsonResponse(record(Answer(name, error=error)), status)

    async def _receive(self, request: Request) -> tuple[str, bytes]:
        """Read the picture's name and bytes, from the body as it is or from a form."""
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

    async def _predict(self, name: str, content: bytes) -> DigitRecord:
        # Others never go in batches: a hostile picture would keep all that share one with it.
        if is_tiny_png(content):
            prediction = await self._batcher.submit(content)
            if isinstance(prediction, ImageError):
                raise prediction
        else:
            prediction = await self._work_on(content, self._backend.recognizer.predict)
        return digit_record(self._answer(name, prediction))

    async def _read(self, name: str, content: bytes) -> PageRecord:
        read = self._backend.recognizer.read
        reading = await self._work_on(content, read, reader.PAGE_WORKING_SIDE)
        uncertain = reading.is_uncertain
        return page_record(Answer(name, reading=reading, uncertain=uncertain))

    async def _explain(self, name: str, content: bytes) -> ExplanationRecord:
        explanation, stages = await self._work_on(content, self._explain_picture)
        return ExplanationRecord(
            **digit_record(self._answer(name, explanation.prediction)),
            box=explanation.box,
            stages=stages,
        )

    def _explain_picture(self, picture: Picture) -> tuple[Explanation, StageImages]:
        explanation = self._backend.recognizer.explain(picture)
        stages = StageImages(
            foreground=_as_data_url(explanation.foreground),
            cleaned=_as_data_url(explanation.cleaned),
            image=_as_data_url(explanation.image),
        )
        if len(explanation.inputs.variants) > 1:
            stages["original_stroke"] = _as_data_url(explanation.inputs.variants[1])
        return explanation, stages

    async def _work_on(
        self,
        content: bytes,
        work: Callable[[Picture], Result],
        working_side: int = pipeline.WORKING_SIDE,
    ) -> Result:
        """Decode a picture behind hard limits; return the result of `work` for it."""
        backend = self._backend
        picture = await backend.wait_for_decoder(backend.recognizer.decode, content, working_side)
        return await backend.run(work, picture)

    def _predict_batch(self, contents: list[bytes]) -> list[Prediction | ImageError]:
        batch_size = len(contents)
        return list(self._backend.recognizer.predict_each(contents, batch_size=batch_size))

    def _answer(self, name: str, prediction: Prediction) -> Answer:
        threshold = self._backend.recognizer.model.recommended_threshold
        return Answer(name, prediction, uncertain=is_uncertain(prediction, threshold))


def _as_data_url(pixels: NDArray[np.uint8]) -> str:
    image = Image.fromarray(pixels)
    image.thumbnail((_THUMBNAIL, _THUMBNAIL), Image.Resampling.BOX)
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode()
