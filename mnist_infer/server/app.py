"""The application: which address leads where, and how errors are told."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from mnist_infer import __version__
from mnist_infer.recognizer import Recognizer
from mnist_infer.server.backend import Backend
from mnist_infer.server.errors import EXPECTED, error_response
from mnist_infer.server.headers import for_pages
from mnist_infer.server.hosts import HostMiddleware
from mnist_infer.server.limits import ConcurrencyLimit, Limits
from mnist_infer.server.metrics import Metrics
from mnist_infer.server.middleware import ObservabilityMiddleware
from mnist_infer.server.pictures import Pictures
from mnist_infer.server.protocol import Protocol
from mnist_infer.server.workers import Workers

STATIC = Path(__file__).with_name("static")


def create_app(
    recognizer: Recognizer,
    limits: Limits,
    allowed_hosts: Collection[str] = (),
    browser_engine: Path | None = None,
) -> ASGIApp:
    """Create the whole server as one ASGI application.

    Args:
        recognizer: What answers.
        limits: What a client may ask for.
        allowed_hosts: Names of the server besides localhost and its IP addresses.
        browser_engine: The folder of a built site, for a page that recognises drawings by itself;
            None for one that asks the server.
    """
    concurrency = ConcurrencyLimit(limits.queue)
    metrics = Metrics(lambda: concurrency.in_progress)
    workers = Workers(metrics, limits.max_batch)
    backend = Backend(limits, concurrency, workers, recognizer)
    protocol = Protocol(backend)
    pictures = Pictures(backend)
    about = {
        "version": __version__,
        "model": protocol.model,
        "device": recognizer.device,
        "engines": ["server"] if browser_engine is None else ["server", "browser"],
    }
    openapi = describe_api(protocol.model, protocol.version)

    async def about_server(request: Request) -> Response:
        return JSONResponse(about)

    async def openapi_document(request: Request) -> Response:
        return JSONResponse(openapi)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        workers.close()

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
            *_engine_files(browser_engine),
        ],
        middleware=[Middleware(HostMiddleware, allowed_hosts=allowed_hosts)],
        exception_handlers=dict.fromkeys((*EXPECTED, Exception), error_response),
        lifespan=lifespan,
    )
    # A redirect would lead to the Host header, which a client makes up.
    app.router.redirect_slashes = False
    page_headers = for_pages(compile_webassembly=browser_engine is not None)
    return ObservabilityMiddleware(app, metrics, page_headers)


def describe_api(model: str, version: str) -> dict[str, Any]:
    """The OpenAPI document of a server with this model."""
    document: dict[str, Any] = json.loads((STATIC / "openapi.json").read_text(encoding="utf-8"))
    document["info"]["version"] = __version__
    parameters = document["components"]["parameters"]
    parameters["model"]["schema"]["enum"] = [model]
    parameters["version"]["schema"]["enum"] = [version]
    for path, operations in document["paths"].items():
        error = "ProtocolError" if path.startswith("/v2") else "OtherSite"
        for method, operation in operations.items():
            for status in ("403", "421") if method == "post" else ("421",):
                operation["responses"][status] = {"$ref": f"#/components/responses/{error}"}
    return document


def _engine_files(site: Path | None) -> list[BaseRoute]:
    """The network and its runtime, of a built site."""
    if site is None:
        return []
    return [
        Mount(f"/{folder}", StaticFiles(directory=site / folder)) for folder in ("model", "runtime")
    ]


def _page(name: str) -> Callable[[Request], Awaitable[Response]]:
    async def page(request: Request) -> Response:
        return FileResponse(STATIC / name)

    return page
