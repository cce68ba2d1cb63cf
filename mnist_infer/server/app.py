"""The application: which address leads where, and how errors are told."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from mnist_infer import __version__
from mnist_infer.recognizer import Recognizer
from mnist_infer.server.backend import Backend
from mnist_infer.server.bodies import Bodies
from mnist_infer.server.errors import OverloadedError, RequestError
from mnist_infer.server.limits import Gate, Limits
from mnist_infer.server.logs import AccessLog
from mnist_infer.server.metrics import Metrics
from mnist_infer.server.middleware import Observed
from mnist_infer.server.pictures import Pictures
from mnist_infer.server.protocol import Protocol
from mnist_infer.server.responses import JSONResponse
from mnist_infer.server.shortcut import Shortcut
from mnist_infer.server.workers import Workers

STATIC = Path(__file__).with_name("static")

_EXPECTED = (RequestError, HTTPException, ClientDisconnect)


def create_app(recognizer: Recognizer, limits: Limits, log: AccessLog | None = None) -> ASGIApp:
    """The whole server as one ASGI application; without a `log`, requests are not logged."""
    metrics = Metrics()
    gate = Gate(limits.queue)
    metrics.watch_inside(lambda: gate.inside)
    workers = Workers(metrics, limits.max_batch)
    backend = Backend(gate, Bodies(limits), workers, recognizer)
    protocol = Protocol(backend)
    pictures = Pictures(backend)
    about = {"version": __version__, "model": protocol.model, "device": recognizer.device}
    openapi = describe_api(protocol.model, protocol.version)

    async def about_server(request: Request) -> Response:
        return JSONResponse(about)

    async def openapi_document(request: Request) -> Response:
        return JSONResponse(openapi)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        workers.close()
        if log:
            log.flush()

    app = Starlette(
        routes=[
            *protocol.routes(),
            *pictures.routes(),
            Route("/about", about_server),
            Route("/metrics", metrics.endpoint),
            Route("/openapi.json", openapi_document),
            Route("/", _page("index.html")),
            Route("/docs", _page("docs.html")),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        exception_handlers=dict.fromkeys((*_EXPECTED, Exception), _tell),
        lifespan=lifespan,
    )
    # A redirect would lead to the Host header, which a client makes up.
    app.router.redirect_slashes = False
    return Observed(
        Shortcut(app, [protocol.infer_path, "/predict"], _EXPECTED, _tell), metrics, log
    )


def describe_api(model: str, version: str) -> dict[str, Any]:
    """The OpenAPI document of a server with this model."""
    document: dict[str, Any] = json.loads((STATIC / "openapi.json").read_text(encoding="utf-8"))
    document["info"]["version"] = __version__
    parameters = document["components"]["parameters"]
    parameters["model"]["schema"]["enum"] = [model]
    parameters["version"]["schema"]["enum"] = [version]
    return document


def _page(name: str) -> Callable[[Request], Awaitable[Response]]:
    async def page(request: Request) -> Response:
        return FileResponse(STATIC / name)

    return page


async def _tell(request: Request, error: Exception) -> Response:
    """An error as the protocol wants it, and elsewhere as in the command line's records."""
    message, status = "an error in the server; its log says more", 500
    headers: Mapping[str, str] | None = None
    match error:
        case ClientDisconnect():
            # Nobody is there to read it; the access log says so, as nginx does.
            return Response(status_code=499)
        case RequestError():
            message, status = str(error), error.status
            if isinstance(error, OverloadedError):
                headers = {"Retry-After": "1"}
        case HTTPException():
            message, status, headers = error.detail, error.status_code, error.headers
    is_protocol = request.url.path.startswith("/v2")
    told = message if is_protocol else {"type": type(error).__name__, "message": message}
    return JSONResponse({"error": told}, status, headers)
