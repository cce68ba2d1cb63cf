"""How much a client may ask for: body size, time, and requests at once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from starlette.requests import Request

from mnist_infer.server.errors import (
    ContentTooLargeError,
    OverloadedError,
    SlowRequestError,
    UnsupportedEncodingError,
)

BODY_SECONDS = 30
"""How long a body may take to arrive."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server takes."""

    max_body: int
    """Bytes of one request's body."""

    max_batch: int
    """Images that go through the network together; 1 turns batching off."""

    queue: int
    """Requests taken at once, waiting ones included; more are refused."""


class Gate:
    """Counts the requests inside and refuses more than fit, before their bodies are read."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self.inside = 0

    def __enter__(self) -> Self:
        if self.inside >= self._capacity:
            raise OverloadedError(f"{self.inside} requests are waiting already; try again later")
        self.inside += 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.inside -= 1


async def read_body(request: Request, max_bytes: int) -> bytes:
    """The whole body, which took neither too long nor too many bytes.

    Raises:
        ContentTooLargeError: The body is longer than `max_bytes`.
        SlowRequestError: It did not arrive in time.
        UnsupportedEncodingError: It is compressed, so that its real size is anyone's guess.
    """
    headers = request.headers
    if headers.get("content-encoding", "identity") != "identity":
        raise UnsupportedEncodingError("the body is compressed; send it as it is")
    announced = headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > max_bytes:
        raise _too_large(max_bytes)
    chunks = []
    received = 0
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in request.stream():
                chunks.append(chunk)
                received += len(chunk)
                if received > max_bytes:
                    raise _too_large(max_bytes)
    except TimeoutError:
        raise SlowRequestError(f"the body took more than {BODY_SECONDS} s to arrive") from None
    return b"".join(chunks)


def _too_large(max_bytes: int) -> ContentTooLargeError:
    return ContentTooLargeError(f"the body is larger than {max_bytes:,} bytes, the limit here")
