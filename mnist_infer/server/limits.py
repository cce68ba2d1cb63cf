"""How much a client may ask for: body size, time, and requests at once."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Self

from mnist_infer.server.errors import OverloadedError


@dataclass(frozen=True, slots=True)
class Limits:
    """What a server takes."""

    max_body: int
    """Bytes of one request's body."""

    max_batch: int
    """Images that go through the network together; 1 turns batching off."""

    queue: int
    """Requests taken at once, waiting ones included; more are refused."""

    body_seconds: float = 30
    """How long a body may take to arrive."""


class Gate:
    """Counts the requests inside and refuses more than fit, before their bodies are read."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self.inside = 0

    def __enter__(self) -> Self:
        if self.inside >= self._capacity:
            raise OverloadedError(f"{self.inside} requests are waiting already; try again later")
        self.inside += 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.inside -= 1
