"""What Prometheus scrapes."""

from __future__ import annotations

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from starlette.requests import Request
from starlette.responses import Response

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """The counters of one server, in a registry of its own."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        self._durations = Histogram(
            "http_request_duration_seconds",
            "Requests answered: from the end of their heads to the end of their responses.",
            ["method", "route", "status"],
            buckets=_SECONDS,
            registry=registry,
        )
        self.batch_size = Histogram(
            "mnist_infer_batch_size",
            "Requests that went through the network together.",
            ["kind"],
            buckets=_BATCH_SIZES,
            registry=registry,
        )
        self.in_progress = Gauge(
            "mnist_infer_requests_in_progress",
            "Requests that wait or are worked on.",
            registry=registry,
        )

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request; the labels must be from a small set."""
        self._durations.labels(method, route, status).observe(seconds)

    async def metrics(self, request: Request) -> Response:
        """Metrics in Prometheus' text format."""
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)
