"""The operations of the API, and the OpenAPI document that their types give."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mnist_infer import __version__
from mnist_infer.server.errors import CrossOriginError, RequestError, UnknownHostError
from mnist_infer.server.schemas import Error

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]

BINARY = {"schema": {"type": "string", "format": "binary"}}
"""The content of a body that is bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one address: what answers it, and the types of what it takes and gives."""

    path: str
    endpoint: Endpoint
    """Its docstring's first line is the summary, its name the operation's id."""

    tag: str
    method: Literal["GET", "POST"] = "GET"
    body: type | None = None
    """The type of a JSON body that is taken."""

    contents: Mapping[str, Any] = field(default_factory=dict)
    """Bodies that are taken and are no JSON: media types with their OpenAPI content."""

    headers: Mapping[str, type] = field(default_factory=dict)
    """Headers that change what is answered."""

    answer: type = str
    """The type of a JSON answer; `str` is plain text."""

    is_binary_too: bool = False
    """Whether the answer is bytes where the request asks for them."""

    errors: Sequence[type[RequestError]] = ()
    """What a mistake in the request raises, besides what every request may."""

    error: type = Error
    """The type of an error's JSON."""

    unanswered: Mapping[int, tuple[type, str]] = field(default_factory=dict)
    """Statuses of records that hold an error instead of an answer: their type and meaning."""

    @property
    def types(self) -> list[type]:
        """The types of all its JSON."""
        types = [
            self.body,
            self.answer,
            self.error,
            *(each for each, _ in self.unanswered.values()),
        ]
        return [each for each in types if each]

    @property
    def route(self) -> Route:
        """What makes Starlette answer it."""
        return Route(self.path, self.endpoint, methods=[self.method])


def describe(operations: Sequence[Operation], names: Mapping[str, str]) -> dict[str, Any]:
    """Write the OpenAPI document of operations.

    Args:
        operations: What the server answers.
        names: The only value of each part of an address that is in braces.
    """
    types = {type_ for operation in operations for type_ in operation.types}
    ordered = sorted(types, key=lambda each: each.__name__)
    schemas, components = msgspec.json.schema_components(
        ordered, ref_template="#/components/schemas/{name}"
    )
    schema_of = dict(zip(ordered, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for each in operations:
        paths.setdefault(each.path, {})[each.method.lower()] = _describe(each, schema_of, names)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mnist-infer",
            "version": __version__,
            "summary": "Handwritten digits over HTTP.",
            "license": {"name": "MIT"},
        },
        "paths": paths,
        "components": {"schemas": components},
    }


def _describe(
    operation: Operation, schema_of: Mapping[type, dict[str, Any]], names: Mapping[str, str]
) -> dict[str, Any]:
    summary, _, description = (operation.endpoint.__doc__ or "").partition("\n")
    placeholders = re.findall(r"{(\w+)}", operation.path)
    parameters = [
        {"name": name, "in": "path", "required": True, "schema": {"enum": [names[name]]}}
        for name in placeholders
    ] + [
        {"name": name, "in": "header", "schema": msgspec.json.schema(kind)}
        for name, kind in operation.headers.items()
    ]
    described: dict[str, Any] = {
        "operationId": "_".join([operation.endpoint.__name__, *placeholders]),
        "tags": [operation.tag],
        "summary": summary.removesuffix("."),
        "responses": _responses(operation, schema_of),
    }
    if description.strip():
        described["description"] = " ".join(description.split())
    if parameters:
        described["parameters"] = parameters
    contents = dict(operation.contents)
    if operation.body:
        contents["application/json"] = {"schema": schema_of[operation.body]}
    if contents:
        described["requestBody"] = {"required": True, "content": contents}
    return described


def _responses(
    operation: Operation, schema_of: Mapping[type, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    media_type = "text/plain" if operation.answer is str else "application/json"
    contents = {media_type: {"schema": schema_of[operation.answer]}}
    if operation.is_binary_too:
        contents["application/octet-stream"] = BINARY
    always = (
        [UnknownHostError] if operation.method == "GET" else [UnknownHostError, CrossOriginError]
    )
    meanings: dict[int, list[str]] = {}
    for error in (*always, *operation.errors):
        meanings.setdefault(error.status, []).append(error.__doc__ or "")
    bodies = {status: [operation.error] for status in meanings}
    for status, (body, meaning) in operation.unanswered.items():
        meanings.setdefault(status, []).append(meaning)
        bodies.setdefault(status, []).append(body)
    responses = {"200": {"description": "The answer.", "content": contents}}
    for status in sorted(meanings):
        choices = [schema_of[body] for body in bodies[status]]
        schema = choices[0] if len(choices) == 1 else {"anyOf": choices}
        responses[str(status)] = {
            "description": " ".join(meanings[status]),
            "content": {"application/json": {"schema": schema}},
        }
    return responses
