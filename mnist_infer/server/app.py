"""The application: which endpoint answers which address, and how errors are answered."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from pathlib import Path

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
from mnist_infer.server.hosts import HostMiddleware
from mnist_infer.server.inference_protocol import InferenceProtocol
from mnist_infer.server.limits import Limits
from mnist_infer.server.logs import AccessLog
from mnist_infer.server.metrics import Metrics
from mnist_infer.server.middleware import ObservabilityMiddleware
from mnist_infer.server.openapi import Operation, describe
from mnist_infer.server.picture_endpoints import PictureEndpoints
from mnist_infer.server.schemas import About, Engine, JsonResponse
from mnist_infer.server.security_headers import for_pages

STATIC = Path(__file__).with_name("static")


def create_app(
    recognizer: Recognizer,
    limits: Limits,
    allowed_hosts: Collection[str] = (),
    site: Path | None = None,
    access_log: AccessLog | None = None,
) -> ASGIApp:
    """Create the whole server as one ASGI application.

    Args:
        recognizer: What answers.
        limits: What a client may ask for.
        allowed_hosts: Names of the server besides localhost and its IP addresses.
        site: The folder of the built site in `web/`: with it the page recognises drawings in the
            browser; without it the page asks the server.
        access_log: Where answered requests are logged; None: nowhere.
    """
    metrics = Metrics()
    backend = Backend(recognizer, limits, metrics)
    protocol = InferenceProtocol(backend)
    pictures = PictureEndpoints(backend)

    async def about(request: Request) -> Response:
        """Version, model and device."""
        engines: list[Engine] = ["server"] if site is None else ["server", "browser"]
        return JsonResponse(About(__version__, protocol.model, recognizer.device, engines))

    operations = [
        *pictures.operations(),
        *protocol.operations(),
        Operation(path="/about", endpoint=about, tag="Operation", answer=About),
        Operation(path="/metrics", endpoint=metrics.metrics, tag="Operation"),
    ]
    document = describe(operations, {"model": protocol.model, "version": protocol.version})

    async def openapi(request: Request) -> Response:
        return JSONResponse(document)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        backend.close()

    app = Starlette(
        routes=[
            *(operation.route for operation in operations),
            Route("/openapi.json", openapi),
            Route("/", _page("index.html")),
            Route("/docs", _page("docs.html")),
            Mount("/static", StaticFiles(directory=STATIC)),
            *_engine_files(site),
        ],
        middleware=[Middleware(HostMiddleware, allowed_hosts=allowed_hosts)],
        exception_handlers=dict.fromkeys((*EXPECTED, Exception), error_response),
        lifespan=lifespan,
    )
    # A redirect would lead to the Host header, which a client makes up.
    app.router.redirect_slashes = False
    page_headers = for_pages(compile_webassembly=site is not None)
    return ObservabilityMiddleware(app, metrics, page_headers, access_log)


def _engine_files(site: Path | None) -> list[BaseRoute]:
    """Serve the network and its runtime from a built site, if there is one."""
    if site is None:
        return []
    return [
        Mount(f"/{folder}", StaticFiles(directory=site / folder)) for folder in ("model", "runtime")
    ]


def _page(name: str) -> Callable[[Request], Awaitable[Response]]:
    async def page(request: Request) -> Response:
        return FileResponse(STATIC / name)

    return page
