"""The logs: a JSON object a line, on stderr."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

from starlette.types import Scope

_access = logging.getLogger("mnist_infer.access")


def log_request(scope: Scope, status: int, size: int, seconds: float) -> None:
    """Log an answered request.

    Args:
        scope: The request's ASGI scope.
        status: The response's status.
        size: The bytes of the response's body.
        seconds: How long the answer took.
    """
    if not _access.isEnabledFor(logging.INFO):
        return
    client = scope.get("client")
    fields = {
        "client": client[0] if client else None,
        "method": scope["method"],
        "path": scope["path"],
        "status": status,
        "bytes": size,
        "milliseconds": round(seconds * 1000, 3),
    }
    _access.info("request", extra={"fields": fields})


class JsonFormatter(logging.Formatter):
    """Formats a record of `logging` as JSON; a request's record as its fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Format one record as one line."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"time": time}
        line |= getattr(record, "fields", None) or {
            "level": record.levelname,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def configure(*, requests: bool) -> None:
    """Log warnings and errors of everything, and `requests` if asked to."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    if requests:
        _access.setLevel(logging.INFO)
    # What is wrong with a request is told to its sender; it is no news for the operator.
    for noisy in ("python_multipart", "uvicorn.error"):
        logging.getLogger(noisy).setLevel(logging.ERROR)
