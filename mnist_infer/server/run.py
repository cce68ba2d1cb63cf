"""uvicorn, set up: listen, say where, and on a signal finish what has begun."""

from __future__ import annotations

import gc
import socket
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp

from mnist_infer.server.transport import HttpProtocol

_GRACE_SECONDS = 30
"""How long requests may take to finish after the server is told to stop."""

_GARBAGE = 20_000
"""New objects, a few megabytes, after which garbage is searched for."""


class _Server(uvicorn.Server):
    """Prints the address as soon as it answers."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # What has been loaded stays, and of a request next to nothing does: looking through those
        # under way after every few hundred objects would take a tenth of the time.
        gc.freeze()
        gc.set_threshold(_GARBAGE)
        for listening in sockets or ():
            host, port = listening.getsockname()[:2]
            print(f"http://{f'[{host}]' if ':' in host else host}:{port}", flush=True)


def run(app: ASGIApp, host: str, port: int) -> None:
    """Serve until interrupted.

    Raises:
        OSError: The address is not to be had.
    """
    config = uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        ws="none",
        http=HttpProtocol,
    )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with (
        socket.create_server((host, port), family=family, backlog=config.backlog) as listening,
        suppress(KeyboardInterrupt),
    ):
        _Server(config).run(sockets=[listening])
