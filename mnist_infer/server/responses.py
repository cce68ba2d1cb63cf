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
