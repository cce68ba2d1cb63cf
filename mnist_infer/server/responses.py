"""Answers as JSON."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.responses import Response


class JSONResponse(Response):
    """As Starlette's own, in a tenth of the time."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The body."""
        body: bytes = orjson.dumps(content)
        return body


class EncodedResponse(Response):
    """Bytes with their headers, which Starlette would encode anew for each answer."""

    def __init__(self, body: bytes, *headers: tuple[bytes, bytes]) -> None:
        self.status_code = 200
        self.background = None
        self.body = body
        self.raw_headers = [(b"content-length", b"%d" % len(body)), *headers]
