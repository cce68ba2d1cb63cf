"""What all endpoints that answer for an image share."""

from __future__ import annotations

from dataclasses import dataclass

from mnist_infer.recognizer import Recognizer
from mnist_infer.server.limits import ConcurrencyLimit, Limits
from mnist_infer.server.workers import Workers


@dataclass(frozen=True, slots=True)
class Backend:
    """From a request's body to its answer: what limits it, and what works on it."""

    limits: Limits
    concurrency: ConcurrencyLimit
    workers: Workers
    recognizer: Recognizer
