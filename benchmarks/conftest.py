"""What is measured: every bundled model, on every device that really works here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pytest

from benchmarks.contenders import load, variants
from mnist_infer import DeviceError, Recognizer
from mnist_infer.config import DEFAULT_MODEL, Device
from mnist_infer.inference.registry import bundled_info, bundled_models
from tests.conftest import mnist, mnist_path

if TYPE_CHECKING:
    from benchmarks.peers import Peers

__all__ = ["mnist", "mnist_path"]


def _cases() -> list[tuple[str, Device]]:
    """Every bundled model in each of its arithmetics, on each device where it runs."""
    cases: list[tuple[str, Device]] = [
        (variant, "cpu") for name in bundled_models() for variant in variants(name)
    ]
    if WHY_NO_CUDA is None:
        cases += [(name, "cuda") for name in bundled_models()]
    return cases


def _why_no_cuda() -> str | None:
    try:
        load(DEFAULT_MODEL, "cuda")
    except DeviceError as error:
        return str(error)
    return None


WHY_NO_CUDA = _why_no_cuda()
"""Why nothing is measured on CUDA here; None where it is."""


@pytest.fixture(scope="session", params=_cases(), ids="-".join)
def recognizer(request: pytest.FixtureRequest) -> Recognizer:
    """A model on a device, with one CPU thread."""
    variant, device = request.param
    return load(variant, device)


def pytest_report_collectionfinish(
    config: pytest.Config, items: Sequence[pytest.Item]
) -> list[str]:
    """Say how long it takes."""
    # What is warmed up takes its time twice.
    seconds = sum(
        float(config.getoption("benchmark_max_time")) * (2 if _is_warmed_up(item) else 1)
        for item in items
        if "benchmark" in getattr(item, "fixturenames", ())
    )
    return [f"the benchmarks take about {seconds / 60:.0f} min; --benchmark-max-time=0.2 less"]


def _is_warmed_up(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("benchmark")
    return marker is not None and bool(marker.kwargs.get("warmup"))


@pytest.fixture(scope="session")
def peers() -> Peers:
    """Other ways to run the default model's network."""
    from benchmarks.keras_reference import keras_reference
    from benchmarks.peers import find_peers

    network, _ = keras_reference(bundled_info(DEFAULT_MODEL))
    noise = np.random.default_rng(0).integers(0, 256, (100, 28, 28), np.uint8)
    return find_peers(network, noise)
