"""Limits on what a client may ask for: body size, time, and requests at once."""

from __future__ import annotations

from dataclasses import dataclass, field

_OWN_FILES = 32
"""Files that the server has open without any connection, and a reserve."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server accepts."""

    max_body: int = 16_000_000
    """Bytes of one request's body."""

    max_batch: int = 64
    """Images that go through the network together; 1 turns batching off."""

    queue: int = 256
    """Requests accepted at once, including those that wait; more are refused."""

    body_seconds: float = 30
    """How many seconds a body may take to arrive, and an answer to be read."""

    head_seconds: float = 20
    """How many seconds the whole head of a connection's next request may take to arrive."""

    url_bytes: int = 8 * 1024
    """Bytes of a request's address."""

    head_bytes: int = 64 * 1024
    """Bytes of a request's address and headers together."""

    connections: int = field(default_factory=lambda: _count_connections(1000))
    """Connections open at once."""


def _count_connections(most: int) -> int:
    """Return `most`, or fewer where the process may not open as many files."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows has no such limit.
        return most
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return most if files == resource.RLIM_INFINITY else max(1, min(most, files - _OWN_FILES))
