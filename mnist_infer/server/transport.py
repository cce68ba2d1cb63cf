"""uvicorn's connections, with one system call for each answer."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class GatheredWrites:
    """A transport that sends an answer, or what one turn of the event loop writes of it, at once.

    uvicorn writes head and body of an answer one after the other, and each would go to the kernel,
    and to the client, by itself.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._parts: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Send these bytes with the answer's last ones, or else at the end of this turn."""
        if not self._parts:
            self._loop.call_soon(self.flush)
        self._parts.append(data)

    def close(self) -> None:
        """Send what waits, then close."""
        self.flush()
        self._transport.close()

    def is_closing(self) -> bool:
        """Whether it has been closed."""
        return self._transport.is_closing()

    def flush(self) -> None:
        """Send what waits."""
        if self._parts:
            self._transport.write(b"".join(self._parts))
            self._parts.clear()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's own, on such a transport."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to serve a connection."""
        self._gathered = GatheredWrites(transport, self.loop)
        super().connection_made(self._gathered)  # type: ignore[arg-type]

    def on_response_complete(self) -> None:
        """Send the answer, and go on to the next request."""
        self._gathered.flush()
        super().on_response_complete()
