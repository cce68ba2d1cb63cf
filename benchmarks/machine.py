"""The machine and the versions that a result is from."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

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
    "uvicorn",
    "ray",
]
INSTRUCTIONS = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "amx_int8", "asimddp", "i8mm")
"""As Linux calls them, on x86 and on arm64."""


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


def measured_on(machine: Mapping[str, Any]) -> str:
    """A sentence on the day, the processor and its cores, from what `describe` gave."""
    return f"Measured on {machine['date']}: {machine['processor']}, {machine['cores']} cores."


def _instructions() -> list[str]:
    """The instruction sets here that integer products gain from; empty where Linux is not."""
    with suppress(OSError):
        found = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
        return [each for each in INSTRUCTIONS if each in found]
    return []


def _memory_gb() -> int:
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9)
