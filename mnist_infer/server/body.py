"""The bodies of requests, whole and within the limits."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from mnist_infer.server.errors import (
    ContentTooLargeError,
    MalformedRequestError,
    OverloadedError,
    SlowRequestError,
    UnsupportedEncodingError,
)
from mnist_infer.server.limits import Limits

BODY_ERRORS = (
    MalformedRequestError,
    SlowRequestError,
    ContentTooLargeError,
    UnsupportedEncodingError,
    OverloadedError,
)
"""What may be wrong with a request that has a body."""


async def read_body(request: Request, limits: Limits) -> bytes:
    """Read the whole body, if it takes neither too long nor too many bytes.

    Raises:
        ContentTooLargeError: The body is too long.
        SlowRequestError: It did not arrive in time.
        UnsupportedEncodingError: It is compressed, so that its real size is not known.
    """
    if request.headers.get("content-encoding", "identity") not in ("", "identity"):
        raise UnsupportedEncodingError("the body is compressed; send it uncompressed")
    # Python refuses to read a number of thousands of digits, leading zeros included.
    announced = request.headers.get("content-length", "").lstrip("0")
    if announced.isdecimal() and int(announced) > limits.max_body:
        raise _too_large(limits)
    body = bytearray()
    try:
        async with asyncio.timeout(limits.body_seconds):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limits.max_body:
                    raise _too_large(limits)
    except TimeoutError:
        raise SlowRequestError(
            f"the body took more than {limits.body_seconds:g} s to arrive"
        ) from None
    return bytes(body)


def _too_large(limits: Limits) -> ContentTooLargeError:
    return ContentTooLargeError(
        f"the body is larger than {limits.max_body:,} bytes, the limit of this server"
    )
