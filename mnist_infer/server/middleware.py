"""What every request and response passes: security headers, metrics and the access log."""

from __future__ import annotations

from collections.abc import Awaitable
from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mnist_infer.server.headers import FOR_DATA, FOR_PAGES
from mnist_infer.server.logs import AccessLog
from mnist_infer.server.metrics import Metrics

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})


class Observed:
    """Counts, times and logs every request; tells the client the time in `Server-Timing`.

    Adds the security headers, whatever the answer is.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, log: AccessLog | None) -> None:
        self._app = app
        self._metrics = metrics
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        security = FOR_DATA if scope["method"] == "POST" else FOR_PAGES
        status = 500
        size = 0

        def watched(message: Message) -> Awaitable[None]:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
                timing = b"total;dur=%.2f" % ((perf_counter() - started) * 1000)
                message["headers"] = [
                    *message["headers"],
                    *security,
                    (b"server-timing", timing),
                ]
            else:
                size += len(message.get("body", b""))
            return send(message)

        try:
            await self._app(scope, receive, watched)
        finally:
            self._record(scope, status, size, perf_counter() - started)

    def _record(self, scope: Scope, status: int, size: int, seconds: float) -> None:
        # Labels must come from a small set, whatever a client makes up.
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = getattr(scope.get("route"), "path", "none")
        self._metrics.count(method, route, status, seconds)
        if self._log:
            self._log.add(scope, status, size, seconds)
