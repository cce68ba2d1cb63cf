"""The example apps answer a picture with its digit, and what is no picture with a 422."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import TYPE_CHECKING

import pytest

from tests.paths import SEVEN

SEVEN_PNG = SEVEN.read_bytes()

if TYPE_CHECKING:
    import httpx


def test_fastapi():
    for name in ("fastapi", "httpx"):
        pytest.importorskip(name, reason='needs FastAPI and httpx: pip install ".[dev]"')
    picture, other = asyncio.run(_post([SEVEN_PNG, b"no picture"]))
    assert (picture.status_code, picture.json()["digit"]) == (200, 7)
    assert other.status_code == 422
    assert "PNG or JPEG" in other.json()["detail"]


async def _post(pictures: list[bytes]) -> list[httpx.Response]:
    import httpx

    from examples.fastapi_app import app

    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
        return [await client.post("/digit", files={"picture": each}) for each in pictures]


@pytest.mark.parametrize(("body", "status"), [(SEVEN_PNG, 200), (b"no picture", 422), (b"", 422)])
def test_aws_lambda(body: bytes, status: int):
    from examples.aws_lambda import handler

    event = {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    answer = handler(event, None)
    assert answer["statusCode"] == status
    content = json.loads(answer["body"])
    assert content["digit"] == 7 if status == 200 else "error" in content
