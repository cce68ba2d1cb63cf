"""The machine and the versions that a result is from, and how fast its matrix units are."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import helper

from benchmarks.onnx_graphs import model_of, open_session
from mnist_infer import __version__
from mnist_infer.inference.devices import processor_name
from mnist_infer.inference.registry import bundled_info, bundled_models

PACKAGES = [
    "numpy",
    "pillow",
    "onnxruntime",
    "onnxruntime-gpu",
    "connected-components-3d",
    "keras",
    "tensorflow",
    "ai-edge-litert",
    "opencv-python-headless",
    "openvino",
]
INSTRUCTIONS = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "amx_int8", "asimddp", "i8mm")
"""As Linux calls them, on x86 and on arm64."""
SIDE = 512
SECONDS = 2.0


def describe() -> dict[str, Any]:
    """Everything that a reader needs to place the figures."""
    versions = {"mnist-infer": __version__}
    versions |= {name: bundled_info(name).sidecar["version"] for name in bundled_models()}
    for name in PACKAGES:
        with suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return {
        "processor": processor_name(),
        "instructions": _instructions(),
        "cores": os.cpu_count(),
        "memory_gb": _memory_gb(),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
        "date": time.strftime("%Y-%m-%d"),
        "versions": versions,
    }


def _instructions() -> list[str]:
    """The instruction sets here that integer products gain from; empty where Linux is not."""
    with suppress(OSError):
        found = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
        return [each for each in INSTRUCTIONS if each in found]
    return []


def _memory_gb() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9)


def matrix_peaks(threads: int) -> dict[str, float]:
    """Operations per second of a large product in ONNX Runtime, by type of the numbers."""
    return {
        "float32": _operations_per_second("MatMul", np.float32, np.float32, threads),
        "int8": _operations_per_second("MatMulInteger", np.uint8, np.int8, threads),
    }


def _operations_per_second(operator: str, left: type[Any], right: type[Any], threads: int) -> float:
    generator = np.random.default_rng(0)
    weights: NDArray[Any] = generator.integers(-50, 50, (SIDE, SIDE)).astype(right)
    images: NDArray[Any] = generator.integers(0, 100, (SIDE, SIDE)).astype(left)
    products = np.empty((SIDE, SIDE), np.float32 if left is np.float32 else np.int32)
    node = helper.make_node(operator, ["x", "w"], ["y"])
    model = model_of([node], {"w": weights}, {"x": images}, {"y": products})
    session = open_session(model, threads)
    return 2 * SIDE**3 / _best_seconds(lambda: session.run(None, {"x": images}))


def _best_seconds(call: Callable[[], object]) -> float:
    """The shortest of all calls: a peak is what the machine can do when it is left alone."""
    best = float("inf")
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return best
