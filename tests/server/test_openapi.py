"""schemathesis reads the OpenAPI document and looks for a request that breaks the server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator

from mnist_infer import Recognizer
from mnist_infer.server.app import create_app
from mnist_infer.server.limits import Limits

from .conftest import MODEL, Server, serving

schemathesis = pytest.importorskip(
    "schemathesis", reason='needs schemathesis: pip install ".[dev]"'
)


async def fetch_document() -> dict[str, Any]:
    app = create_app(Recognizer(device="cpu"), Limits())
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return (await client.get("/openapi.json")).json()


DOCUMENT = asyncio.run(fetch_document())
OPERATIONS = [found.ok() for found in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()]
MODES = schemathesis.GenerationMode
CASES = [(operation, MODES.POSITIVE) for operation in OPERATIONS] + [
    (operation, MODES.NEGATIVE)
    for operation in OPERATIONS
    # Where there is nothing to send, there is nothing wrong to send.
    if {"parameters", "requestBody"} & operation.definition.raw.keys()
]
CHECKS = [
    schemathesis.checks.CHECKS.get_one(name)
    for name in (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
    )
]


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[Server]:
    with serving("--quiet") as server:
        yield server
        server.stop()
        assert server.log == ""


def test_the_document_is_served_and_so_is_a_page_that_shows_it(fuzzed: Server):
    assert httpx.get(fuzzed.url + "/openapi.json").json() == DOCUMENT
    assert "OpenAPI" in httpx.get(fuzzed.url + "/docs").text


def test_the_document_is_valid():
    OpenAPIV31SpecValidator(DOCUMENT).validate()


def test_every_address_is_in_the_document_once():
    operations = [one for path in DOCUMENT["paths"].values() for one in path.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids)) == 14
    assert all(operation["summary"] for operation in operations)
    assert DOCUMENT["paths"]["/predict"]["post"]["responses"].keys() == {
        *("200", "400", "403", "408", "413", "415", "421", "422", "503")
    }


def test_the_types_of_the_records_are_described():
    schemas = DOCUMENT["components"]["schemas"]
    assert schemas["DigitRecord"]["required"] == [
        "confidence",
        "digit",
        "path",
        "probabilities",
        "uncertain",
    ]
    assert schemas["ExplanationRecord"]["properties"].keys() == {
        *schemas["DigitRecord"]["properties"],
        "box",
        "stages",
    }
    (infer,) = (path for path in DOCUMENT["paths"] if path == "/v2/models/{model}/infer")
    names = [each["name"] for each in DOCUMENT["paths"][infer]["post"]["parameters"]]
    assert names == ["model", "Inference-Header-Content-Length"]
    assert DOCUMENT["paths"][infer]["post"]["parameters"][0]["schema"] == {"enum": [MODEL]}


@pytest.mark.parametrize(
    ("operation", "mode"), CASES, ids=[f"{each.label}-{mode.value}" for each, mode in CASES]
)
def test_the_server_answers_as_documented(operation: Any, mode: Any, fuzzed: Server):
    @settings(
        max_examples=8,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        response = case.call(base_url=fuzzed.url)
        case.validate_response(response, checks=CHECKS)

    ask()
