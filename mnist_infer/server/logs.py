"""The logs: a JSON object a line, on stderr."""

from __future__ import annotations

import asyncio
import json
import logging
from datetime import UTC, datetime
from typing import BinaryIO

import orjson
from starlette.types import Scope

_FLUSH_SECONDS = 0.1


class AccessLog:
    """A line for each request.

    Lines are written a few times a second: through `logging`, each would cost as much as the
    network's answer.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lines: list[bytes] = []

    def add(self, scope: Scope, status: int, size: int, seconds: float) -> None:
        """Log a request; called on the event loop."""
        if not self._lines:
            asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self.flush)
        client = scope.get("client")
        line = {
            "time": datetime.now(UTC),
            "client": client[0] if client else None,
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
            "bytes": size,
            "milliseconds": int(seconds * 1e6) / 1000,
        }
        self._lines.append(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))

    def flush(self) -> None:
        """Write what waits."""
        self._stream.write(b"".join(self._lines))
        self._stream.flush()
        self._lines.clear()


class JsonFormatter(logging.Formatter):
    """A record of `logging` as JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        line = {"time": _now(), "level": record.levelname, "message": record.getMessage()}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def configure() -> None:
    """Log warnings and errors of everything."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    # What is wrong with a form is told to its sender; it is no news for the operator.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
