"""ONNX Runtime on this machine: how it is imported, and why CUDA is or is not to be had.

`get_available_providers()` lists what a build was compiled with, not what works here, so the four
broken states of an install look alike to a user. This module tells them apart.
"""

from __future__ import annotations

import contextlib
import io
import os
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from mnist_infer.errors import DeviceError

CUDA = "CUDAExecutionProvider"
CPU = "CPUExecutionProvider"

_FIX_CPU = 'pip install --force-reinstall "onnxruntime"'
_FIX_GPU = (
    "pip uninstall -y mnist-infer mnist-infer-gpu onnxruntime onnxruntime-gpu"
    " && pip install mnist-infer-gpu"
)


@dataclass(frozen=True, slots=True)
class RuntimeInstall:
    """The ONNX Runtime that Python finds here."""

    packages: dict[str, str]
    """Installed distributions of ONNX Runtime with their versions."""

    version: str | None
    """The version that an import gives, None where the import is broken."""

    providers: tuple[str, ...]
    """What the build was compiled with; no promise that it works here."""


def import_onnxruntime() -> Any:
    """The `onnxruntime` module, with its telemetry off unless the user has set otherwise.

    Raises:
        DeviceError: It is not there, or only its empty folder is.
    """
    # Wheels from 1.29 report home from Linux and macOS; the variable is read at import.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    try:
        import onnxruntime
    except ImportError as error:
        raise DeviceError(f"ONNX Runtime cannot be imported ({error}): {_FIX_CPU}") from error
    if not hasattr(onnxruntime, "InferenceSession"):
        raise DeviceError(
            "ONNX Runtime is an empty folder, as uninstalling one of its two builds leaves it: "
            + _FIX_CPU
        )
    return onnxruntime


def runtime_install() -> RuntimeInstall:
    """What is installed, without raising for what is broken."""
    packages = {}
    for name in ("onnxruntime", "onnxruntime-gpu"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            packages[name] = metadata.version(name)
    try:
        onnxruntime = import_onnxruntime()
    except DeviceError:
        return RuntimeInstall(packages, None, ())
    return RuntimeInstall(
        packages, onnxruntime.__version__, tuple(onnxruntime.get_available_providers())
    )


def preload_cuda_libraries() -> None:
    """Load CUDA and cuDNN from their pip packages where they are installed so.

    ONNX Runtime reports what it does not find on stdout, which belongs to results.
    """
    onnxruntime = import_onnxruntime()
    if hasattr(onnxruntime, "preload_dlls"):
        with contextlib.redirect_stdout(io.StringIO()):
            onnxruntime.preload_dlls()


def why_no_cuda(detail: str = "") -> str:
    """One sentence: why a session does not get CUDA here, and the line that puts it right.

    Args:
        detail: What ONNX Runtime said when it was tried.
    """
    install = runtime_install()
    if install.version is None:
        return f"ONNX Runtime itself is broken here: {_FIX_GPU}"
    if len(install.packages) > 1:
        return (
            "both builds of ONNX Runtime are installed and overwrite each other's files: "
            + _FIX_GPU
        )
    if CUDA not in install.providers:
        return f"this ONNX Runtime is the build for CPUs only: {_FIX_GPU}"
    reason = f" ({detail})" if detail else ""
    return (
        f"CUDA or its libraries do not load{reason}: check that `nvidia-smi` lists a GPU, then "
        'pip install "onnxruntime-gpu[cuda,cudnn]"'
    )
