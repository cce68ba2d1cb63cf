"""uvicorn, set up: listen, say where, and on a signal finish what has begun."""

from __future__ import annotations

import socket
from contextlib import suppress

import uvicorn
from starlette.types import ASGIApp

_GRACE_SECONDS = 30
"""How long requests may take to finish after the server is told to stop."""


def run(app: ASGIApp, host: str, port: int) -> None:
    """Serve until interrupted; print the address as soon as connections are taken.

    Raises:
        OSError: The address is not available.
    """
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with (
        socket.create_server((host, port), family=family, backlog=config.backlog) as listening,
        suppress(KeyboardInterrupt),
    ):
        host, port = listening.getsockname()[:2]
        print(f"http://{f'[{host}]' if ':' in host else host}:{port}", flush=True)
        uvicorn.Server(config).run(sockets=[listening])
