"""schemathesis reads the OpenAPI document and looks for a request that breaks the server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings

from mnist_infer.server.app import describe_api

from .conftest import MODEL, VERSION, Server, serving

schemathesis = pytest.importorskip("schemathesis", reason="needs schemathesis")

DOCUMENT = describe_api(MODEL, VERSION)
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


def test_the_document_is_the_served_one(fuzzed: Server):
    assert httpx.get(fuzzed.url + "/openapi.json").json() == DOCUMENT


@pytest.mark.parametrize(
    ("operation", "mode"), CASES, ids=[f"{each.label}-{mode.value}" for each, mode in CASES]
)
def test_the_server_answers_as_documented(operation: Any, mode: Any, fuzzed: Server):
    @settings(
        max_examples=40,
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
