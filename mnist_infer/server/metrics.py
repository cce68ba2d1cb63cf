"""What Prometheus scrapes."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import accumulate
from math import inf

from prometheus_client import (
    CollectorRegistry,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.utils import floatToGoString
from starlette.requests import Request
from starlette.responses import Response

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, inf)
_BATCH_SIZES = (1, 2, 4, 8, 16, 32, 64, 128)


class Metrics:
    """The counters of one server, in a registry of its own.

    Requests are counted in plain numbers: the library's own counters take a lock for each.
    """

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        registry.register(self)
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
        self._answered: Counter[tuple[str, str, int]] = Counter()
        self._buckets: dict[str, list[int]] = defaultdict(lambda: [0] * len(_SECONDS))
        self._seconds: dict[str, float] = defaultdict(float)

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answered request; the labels must be from a small set."""
        self._answered[method, route, status] += 1
        self._buckets[route][bisect_left(_SECONDS, seconds)] += 1
        self._seconds[route] += seconds

    def collect(self) -> Iterator[Metric]:
        """What has been counted, as the registry asks for it at each scrape."""
        requests = CounterMetricFamily(
            "http_requests", "Requests answered.", labels=["method", "route", "status"]
        )
        for (method, route, status), count in self._answered.items():
            requests.add_metric([method, route, str(status)], count)
        yield requests
        durations = HistogramMetricFamily(
            "http_request_duration_seconds",
            "From the first byte of a request to the last of its response.",
            labels=["route"],
        )
        for route, buckets in self._buckets.items():
            below = zip(map(floatToGoString, _SECONDS), accumulate(buckets), strict=True)
            durations.add_metric([route], list(below), self._seconds[route])
        yield durations

    def watch_inside(self, count: Callable[[], int]) -> None:
        """Report what `count` says at each scrape."""
        self._inside.set_function(count)

    async def endpoint(self, request: Request) -> Response:
        """All metrics, in Prometheus' text format."""
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)
