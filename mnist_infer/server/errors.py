"""Why a request gets no answer, as types with their HTTP status.

A picture that arrives whole and has no digit on it is none of these: it is an answer, with the
`ImageError` in its record.
"""

from __future__ import annotations

from typing import ClassVar

from mnist_infer.errors import MnistInferError


class RequestError(MnistInferError):
    """A request that cannot be answered."""

    status: ClassVar[int] = 400


class MalformedRequestError(RequestError):
    """A body or header that is not what the API takes."""


class UnknownModelError(RequestError):
    """A model or version that is not served here."""

    status = 404


class SlowRequestError(RequestError):
    """A body that did not arrive in time."""

    status = 408


class ContentTooLargeError(RequestError):
    """A body above the limit."""

    status = 413


class UnsupportedEncodingError(RequestError):
    """A compressed body."""

    status = 415


class OverloadedError(RequestError):
    """More requests at once than the server takes."""

    status = 503
