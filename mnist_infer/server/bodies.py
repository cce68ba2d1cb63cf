"""The bodies of requests, whole and within the limits."""

from __future__ import annotations

import asyncio
from typing import Any

from starlette.requests import ClientDisconnect, Request

from mnist_infer.server.errors import (
    ContentTooLargeError,
    SlowRequestError,
    UnsupportedEncodingError,
)
from mnist_infer.server.limits import Limits


def header(request: Request, name: bytes) -> bytes:
    """A header by its name in lower case; empty where there is none.

    Starlette would decode them all, and raise an exception for what is missing.
    """
    for key, value in request.scope["headers"]:
        if key == name:
            found: bytes = value
            return found
    return b""


class Bodies:
    """Reads them, and gives up on those that do not arrive in time.

    One timer looks after all of them: one for each would take longer than reading it.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._due: dict[asyncio.Task[Any], float] = {}
        self._timer: asyncio.TimerHandle | None = None

    async def read(self, request: Request) -> bytes:
        """The whole body, which took neither too long nor too many bytes.

        Raises:
            ContentTooLargeError: The body is too long.
            SlowRequestError: It did not arrive in time.
            UnsupportedEncodingError: It is compressed, so that its real size is anyone's guess.
        """
        if header(request, b"content-encoding") not in (b"", b"identity"):
            raise UnsupportedEncodingError("the body is compressed; send it as it is")
        announced = header(request, b"content-length")
        if announced.isdigit() and int(announced) > self._limits.max_body:
            raise _too_large(self._limits)
        task = asyncio.current_task()
        assert task
        loop = task.get_loop()
        due = self._due[task] = loop.time() + self._limits.body_seconds
        if self._timer is None:
            self._timer = loop.call_at(due, self._give_up, loop)
        try:
            return await _collect(request, self._limits)
        except asyncio.CancelledError:
            if loop.time() < due or task.uncancel():
                raise
            raise SlowRequestError(
                f"the body took more than {self._limits.body_seconds:g} s to arrive"
            ) from None
        finally:
            del self._due[task]

    def _give_up(self, loop: asyncio.AbstractEventLoop) -> None:
        """Cancel the tasks whose time is up, and come again when the next one's is."""
        self._timer = None
        for task, due in self._due.items():  # In the order in which their time is up.
            if due > loop.time():
                self._timer = loop.call_at(due, self._give_up, loop)
                break
            task.cancel()


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
