"""Which web sites may use the server: the `Host` and `Origin` headers are checked.

A server on loopback is open to every page that the user's browser shows. A page can send a POST to
it directly, or point its own name at 127.0.0.1 (DNS rebinding) and then read the answers too.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from mnist_infer.server.errors import (
    CrossOriginError,
    RequestError,
    UnknownHostError,
    error_response,
)

_NAMES_KEPT = 128
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class HostMiddleware:
    """Refuses requests for names that are not the server's, and POSTs of other sites' pages."""

    def __init__(self, app: ASGIApp, allowed_hosts: Collection[str]) -> None:
        """Wrap an application.

        Args:
            app: What answers the requests that pass.
            allowed_hosts: Names of the server besides localhost and its IP addresses.
        """
        self._app = app
        self._allowed = frozenset(name.lower() for name in allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http" and (error := self._find_error(scope)):
            response = await error_response(Request(scope), error)
            await response(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _find_error(self, scope: Scope) -> RequestError | None:
        headers, method = Headers(scope=scope), scope["method"]
        host = headers.get("host", "")
        name = _host_name(f"//{host}")
        # An address is never rebound: only names are looked up.
        if not (name == "localhost" or name in self._allowed or _is_address(name)):
            return UnknownHostError(
                f"the Host header is {host!r}, which is no name of this server; "
                "use localhost, its IP address, or a name that its operator allows"
            )
        origin = headers.get("origin")
        if origin is None or method in _SAFE_METHODS:
            return None
        if (
            origin.lower().partition("://")[2] == host.lower()
            or _host_name(origin) in self._allowed
        ):
            return None
        return CrossOriginError(f"pages of {origin!r} may not send {method} requests here")


@lru_cache(_NAMES_KEPT)
def _host_name(url: str) -> str:
    """Find the host of a URL, in lower case and without its port; empty if there is none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


@lru_cache(_NAMES_KEPT)
def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
