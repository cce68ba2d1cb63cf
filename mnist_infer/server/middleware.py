"""What every request and response passes: security headers, metrics and the access log."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mnist_infer.server.logs import AccessLog
from mnist_infer.server.metrics import Metrics
from mnist_infer.server.security_headers import FOR_DATA

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


class ObservabilityMiddleware:
    """Counts, times and logs every request; tells the client the time in `Server-Timing`.

    Adds security headers to every answer; to one that a browser may show, `page_headers`.
    """

    def __init__(
        self,
        app: ASGIApp,
        metrics: Metrics,
        page_headers: Mapping[str, str],
        access_log: AccessLog | None,
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._access_log = access_log
        self._data_headers = _encode(FOR_DATA)
        self._page_headers = _encode(page_headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        status, size = 500, 0
        security = self._data_headers if scope["method"] == "POST" else self._page_headers

        async def observed_send(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                timing = b"total;dur=%.2f" % ((perf_counter() - started) * 1000)
                headers = [*message["headers"], *security, (b"server-timing", timing)]
                message = {**message, "headers": headers}
            else:
                size += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, observed_send)
        finally:
            seconds = perf_counter() - started
            # Labels must come from a small set, whatever a client makes up.
            method = scope["method"] if scope["method"] in _METHODS else "other"
            route = getattr(scope.get("route"), "path", "none")
            self._metrics.count(method, route, status, seconds)
            if self._access_log:
                self._access_log.add(scope, status, size, seconds)


def _encode(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]
