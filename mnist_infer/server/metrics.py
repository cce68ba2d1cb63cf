"""What Prometheus scrapes."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
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
        requests = Counter(
            "http_requests", "Requests answered.", ["method", "route", "status"], registry=registry
        )
        durations = Histogram(
            "http_request_duration_seconds",
            "From the first byte of a request to the last of its response.",
            ["route"],
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
        self._inside = Gauge(
            "mnist_infer_requests_in_progress",
            "Requests that wait or are worked on.",
            registry=registry,
        )

        # Finding a child by its labels costs more than to count.
        self._request_counter = cache(requests.labels)
        self._duration_histogram = cache(durations.labels)

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request; the labels must be from a small set."""
        self._request_counter(method, route, status).inc()
        self._duration_histogram(route).observe(seconds)

    def watch_inside(self, count: Callable[[], int]) -> None:
        """Report what `count` says at each scrape."""
        self._inside.set_function(count)

    async def endpoint(self, request: Request) -> Response:
        """All metrics, in Prometheus' text format."""
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)
