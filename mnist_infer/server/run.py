"""Run uvicorn: listen, print the address, and finish the requests in progress on a signal."""

from __future__ import annotations

import asyncio
import socket
from contextlib import suppress
from functools import partial
from typing import cast

import uvicorn
from starlette.types import ASGIApp

from mnist_infer.server.connections import LimitedHttpProtocol
from mnist_infer.server.limits import Limits

_GRACE_SECONDS = 29
"""How long requests may take to finish after a signal: the server ends within 30 seconds."""


def configure(app: ASGIApp, limits: Limits) -> uvicorn.Config:
    """Set uvicorn up for an application."""
    return uvicorn.Config(
        app,
        http=cast("type[asyncio.Protocol]", partial(LimitedHttpProtocol, limits=limits)),
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )


def run(app: ASGIApp, limits: Limits, host: str, port: int) -> None:
    """Serve until interrupted; print the address once connections are taken, and signals.

    Raises:
        OSError: The address is not available.
    """
    config = configure(app, limits)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with (
        socket.create_server((host, port), family=family, backlog=config.backlog) as listening,
        suppress(KeyboardInterrupt),
    ):
        host, port = listening.getsockname()[:2]
        address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        _Server(config, address).run(sockets=[listening])


class _Server(uvicorn.Server):
    """Says its address once it takes connections, and signals that end it."""

    def __init__(self, config: uvicorn.Config, address: str) -> None:
        super().__init__(config)
        self._address = address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(self._address, flush=True)
