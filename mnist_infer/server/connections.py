"""uvicorn's connections, with limits on what uvicorn lets a client take without end."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from operator import itemgetter
from typing import Any

import msgspec
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from mnist_infer.answers import error_record
from mnist_infer.server.errors import (
    LongHeadError,
    LongUrlError,
    MalformedRequestError,
    OverloadedError,
    RequestError,
    SlowRequestError,
)
from mnist_infer.server.limits import Limits
from mnist_infer.server.schemas import Error
from mnist_infer.server.security_headers import FOR_DATA


class LimitedHttpProtocol(HttpToolsProtocol):
    """One connection; limits the size of its request heads, and the time that it may wait.

    A connection that waits for a request is closed after `Limits.head_seconds`, or at once where
    there are too many connections and it has waited longest. One that does not read its answer
    is closed after `Limits.body_seconds`.
    """

    def __init__(self, *args: Any, limits: Limits, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._limits = limits
        self._head_bytes = 0  # Since the last head or part of a body.
        self._refusal: RequestError | None = None
        self._head_deadline: asyncio.TimerHandle | None = None
        self._write_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request, if there is room for another connection."""
        super().connection_made(transport)
        if len(self.connections) > self._limits.connections and not self._close_longest_waiting():
            self._refuse(OverloadedError("too many connections; try again later"))
        else:
            self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadlines."""
        super().connection_lost(exc)
        self._cancel_head_deadline()
        self.resume_writing()

    def _close_longest_waiting(self) -> bool:
        waiting = [
            (connection._head_deadline.when(), connection)
            for connection in self.connections
            if isinstance(connection, LimitedHttpProtocol) and connection._head_deadline
        ]
        if waiting:
            _, longest = min(waiting, key=itemgetter(0))
            longest._close()
        return bool(waiting)

    # How large a head may be.

    def data_received(self, data: bytes) -> None:
        """Parse what came, unless it makes a line or head longer than is taken."""
        self._head_bytes += len(data)
        super().data_received(data)
        # The parser keeps a header until its end, which may never come.
        if self._head_bytes > self._limits.head_bytes and not self.transport.is_closing():
            self._refuse(self._too_long_head())

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        super().on_body(body)
        self._head_bytes = 0

    def send_400_response(self, msg: str) -> None:
        """Answer to what cannot be parsed, or is too long."""
        self._refuse(self._refusal or MalformedRequestError("this is not a valid HTTP request"))

    def _too_long_head(self) -> LongHeadError:
        return LongHeadError(f"the headers are longer than {self._limits.head_bytes:,} bytes")

    def _refuse(self, error: RequestError) -> None:
        if self._is_answering():
            # What is written now would be taken for the answer to the earlier request.
            self._close()
            return
        body = msgspec.json.encode(Error(error_record(error, str(error))))
        headers = {
            **FOR_DATA,
            **(error.headers or {}),
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Connection": "close",
        }
        status = f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}"
        lines = [status, *map(": ".join, headers.items()), "", ""]
        self.transport.write("\r\n".join(lines).encode() + body)
        self._close()

    def _close(self) -> None:
        self._cancel_head_deadline()
        self.transport.close()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    # How long a client may take.

    def on_headers_complete(self) -> None:
        """Answer the request, unless its head is too long."""
        if len(self.url) > self._limits.url_bytes:
            self._refusal = LongUrlError(
                f"the address is longer than {self._limits.url_bytes:,} bytes"
            )
            raise self._refusal
        head_bytes = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if head_bytes > self._limits.head_bytes:
            self._refusal = self._too_long_head()
            raise self._refusal
        super().on_headers_complete()
        self._head_bytes = 0
        self._cancel_head_deadline()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request, unless it is there already."""
        super().on_response_complete()
        if not self.transport.is_closing() and not self._is_answering():
            self._wait_for_head()

    def pause_writing(self) -> None:
        """Begin to wait for the client to read."""
        super().pause_writing()
        self._write_deadline = self.loop.call_later(self._limits.body_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: the client has read."""
        super().resume_writing()
        if self._write_deadline:
            self._write_deadline.cancel()

    def _wait_for_head(self) -> None:
        self._cancel_head_deadline()
        self._head_deadline = self.loop.call_later(self._limits.head_seconds, self._give_up)

    def _cancel_head_deadline(self) -> None:
        if self._head_deadline:
            self._head_deadline.cancel()
            self._head_deadline = None

    def _give_up(self) -> None:
        seconds = self._limits.head_seconds
        self._refuse(SlowRequestError(f"the request took more than {seconds:g} s to arrive"))
