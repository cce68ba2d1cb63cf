"""The short way to the busiest endpoints."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Receive, Scope, Send

Tell = Callable[[Request, Exception], Awaitable[Response]]


class Shortcut:
    """Leads from some paths straight to their endpoints, and by Starlette's way from all others.

    Routing and the layers of middleware are a good part of what a short request costs.
    """

    def __init__(
        self,
        app: Starlette,
        paths: Iterable[str],
        expected: tuple[type[Exception], ...],
        tell: Tell,
    ) -> None:
        """Make the way.

        Args:
            app: Where all paths lead.
            paths: Those whose POST requests take the short way.
            expected: Errors that `tell` is all there is to do about; others go on to the server,
                which logs them.
            tell: Makes an error a response.
        """
        self._app = app
        self._expected = expected
        self._tell = tell
        self._found = {path: _find(app, path) for path in paths}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        found = self._found.get(scope.get("path", ""))
        if found is None or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        scope.update(found)
        request = Request(scope, receive)
        try:
            response = await scope["endpoint"](request)
        except self._expected as error:
            response = await self._tell(request, error)
        except Exception as error:
            response = await self._tell(request, error)
            await response(scope, receive, send)
            raise
        await response(scope, receive, send)


def _find(app: Starlette, path: str) -> Scope:
    """What Starlette would add to the scope of a POST request to this path."""
    scope = {"type": "http", "method": "POST", "path": path, "root_path": ""}
    for route in app.routes:
        match, found = route.matches(scope)
        if match is Match.FULL:
            return {**found, "app": app, "route": route}
    raise LookupError(path)
