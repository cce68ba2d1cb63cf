"""What all endpoints that answer for an image share."""

from __future__ import annotations

from dataclasses import dataclass

from mnist_infer.recognizer import Recognizer
from mnist_infer.server.bodies import Bodies
from mnist_infer.server.limits import Gate
from mnist_infer.server.workers import Workers


@dataclass(frozen=True, slots=True)
class Backend:
    """From a request's body to its answer: who lets it in, reads it and works on it."""

    gate: Gate
    bodies: Bodies
    workers: Workers
    recognizer: Recognizer
