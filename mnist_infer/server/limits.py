"""How much a client may ask for: body size, time, and requests at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from mnist_infer.server.errors import OverloadedError

_OWN_FILES = 32
"""Files that the server has open without any connection, and some to spare."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server takes."""

    max_body: int = 16_000_000
    """Bytes of one request's body."""

    max_batch: int = 64
    """Images that go through the network together; 1 turns batching off."""

    queue: int = 256
    """Requests taken at once, waiting ones included; more are refused."""

    body_seconds: float = 30
    """How long a body may take to arrive, and an answer to be read."""

    head_seconds: float = 20
    """How long a connection may wait until the whole head of its next request has arrived."""

    url_bytes: int = 8 * 1024
    """Bytes of a request's address."""

    head_bytes: int = 64 * 1024
    """Bytes of a request's address and headers together."""

    connections: int = field(default_factory=lambda: _count_connections(1000))
    """Connections open at once."""


def _count_connections(most: int) -> int:
    """Return `most`, or what the process may open besides its own files if that is less."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows has no such limit.
        return most
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return most if files == resource.RLIM_INFINITY else max(1, min(most, files - _OWN_FILES))


class ConcurrencyLimit:
    """Counts the requests in progress and refuses more than fit, before their bodies are read."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self.in_progress = 0

    def __enter__(self) -> None:
        """Take one of the places.

        Raises:
            OverloadedError: None is free.
        """
        if self.in_progress >= self._capacity:
            raise OverloadedError(
                f"{self.in_progress} requests are in progress already; try again later"
            )
        self.in_progress += 1

    def __exit__(self, *_: object) -> None:
        """Give the place back."""
        self.in_progress -= 1
