"""The bodies of requests, whole and within the limits."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request

from mnist_infer.server.errors import (
    ContentTooLargeError,
    SlowRequestError,
    UnsupportedEncodingError,
)
from mnist_infer.server.limits import Limits


def header(request: Request, name: str) -> str:
    """A header's text, empty where there is none; what is missing costs Starlette an exception."""
    wanted = name.lower().encode()
    for key, value in request.scope["headers"]:
        if key == wanted:
            return str(value, "latin-1")
    return ""


async def read_body(request: Request, limits: Limits) -> bytes:
    """The whole body, which took neither too long nor too many bytes.

    Raises:
        ContentTooLargeError: The body is too long.
        SlowRequestError: It did not arrive in time.
        UnsupportedEncodingError: It is compressed, so that its real size is anyone's guess.
    """
    if header(request, "Content-Encoding") not in ("", "identity"):
        raise UnsupportedEncodingError("the body is compressed; send it as it is")
    announced = header(request, "Content-Length")
    if announced.isdecimal() and int(announced) > limits.max_body:
        raise _too_large(limits)
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task
    # As asyncio.timeout, which takes six times as long.
    alarm = loop.call_later(limits.body_seconds, task.cancel)
    try:
        return await _collect(request, limits)
    except asyncio.CancelledError:
        if loop.time() < alarm.when() or task.uncancel():
            raise
        raise SlowRequestError(
            f"the body took more than {limits.body_seconds:g} s to arrive"
        ) from None
    finally:
        alarm.cancel()


async def _collect(request: Request, limits: Limits) -> bytes:
    chunks: list[bytes] = []
    received, more = 0, True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        more = message.get("more_body", False)
        chunk = message.get("body", b"")
        chunks.append(chunk)
        received += len(chunk)
        if received > limits.max_body:
            raise _too_large(limits)
    return b"".join(chunks)


def _too_large(limits: Limits) -> ContentTooLargeError:
    return ContentTooLargeError(
        f"the body is larger than {limits.max_body:,} bytes, the limit here"
    )
