"""The errors of requests, as types with their HTTP status, and the responses they give.

A picture that arrives whole but has no digit on it is not such an error: it gets an answer, with
the `ImageError` in its record.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from mnist_infer.answers import error_record
from mnist_infer.errors import MnistInferError
from mnist_infer.server.schemas import Error, JsonResponse, ProtocolError


class RequestError(MnistInferError):
    """A request that cannot be answered."""

    status: ClassVar[int] = 400
    headers: ClassVar[Mapping[str, str] | None] = None


class MalformedRequestError(RequestError):
    """A body or header that is not what the API takes."""


class UnknownHostError(RequestError):
    """A `Host` header with a name that this server does not have."""

    status = 421


class CrossOriginError(RequestError):
    """A request that a page of another site has made."""

    status = 403


class UnknownModelError(RequestError):
    """A model or version that is not served here."""

    status = 404


class SlowRequestError(RequestError):
    """A request that did not arrive in time."""

    status = 408


class ContentTooLargeError(RequestError):
    """A body above the limit."""

    status = 413


class UnsupportedEncodingError(RequestError):
    """A compressed body."""

    status = 415


class LongUrlError(RequestError):
    """An address above the limit."""

    status = 414


class LongHeadError(RequestError):
    """Headers above the limit."""

    status = 431


class OverloadedError(RequestError):
    """More requests at once than the server takes."""

    status = 503
    headers: ClassVar[Mapping[str, str] | None] = {"Retry-After": "1"}


EXPECTED = (RequestError, HTTPException, ClientDisconnect)
"""What a client's mistake raises; anything else is a defect of the server."""


async def error_response(request: Request, error: Exception) -> Response:
    """Make the response for an error, in the form that the address's API defines.

    Under `/v2` that is the Open Inference Protocol's, elsewhere that of the command line's records.
    """
    message, status = "an error in the server; its log says more", 500
    headers: Mapping[str, str] | None = None
    match error:
        case ClientDisconnect():
            # Nobody is there to read it; the access log says so, as nginx does.
            return Response(status_code=499)
        case RequestError():
            message, status, headers = str(error), error.status, error.headers
        case HTTPException():
            message, status, headers = error.detail, error.status_code, error.headers
            if status == 404:
                message = f"there is nothing at {request.url.path}; /docs lists all addresses"
            if status == 405 and headers:
                message = f"{request.url.path} takes {headers['Allow']}, not {request.method}"
    body: ProtocolError | Error = (
        ProtocolError(message)
        if request.url.path.startswith("/v2")
        else Error(error_record(error, message))
    )
    return JsonResponse(body, status, headers)
