"""ONNX Runtime on this machine: how it is imported, and why CUDA is or is not available.

`get_available_providers()` lists what a build was compiled with, not what works here, so the four
broken states of an install look alike to a user. This module tells them apart.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnist_infer.errors import DeviceError

CUDA = "CUDAExecutionProvider"
CPU = "CPUExecutionProvider"

_GPU_PACKAGE = "onnxruntime-gpu[cuda,cudnn]"
_FIX_GPU = (
    "pip uninstall -y mnist-infer mnist-infer-gpu onnxruntime onnxruntime-gpu"
    " && pip install ./packaging/gpu (in a clone of the repository)"
)


@dataclass(frozen=True, slots=True)
class RuntimeInstall:
    """The ONNX Runtime that Python finds here."""

    packages: dict[str, str]
    """Installed distributions of ONNX Runtime with their versions."""

    version: str | None
    """The version that an import gives, None where the import is broken."""

    providers: tuple[str, ...]
    """What the build was compiled with; it need not work here."""


def import_onnxruntime() -> Any:
    """Import `onnxruntime`, with its telemetry off unless the user has set otherwise.

    Raises:
        DeviceError: It is not there, or only its empty folder is.
    """
    # Wheels from 1.29 report home from Linux and macOS; the variable is read at import.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    try:
        import onnxruntime
    except ImportError as error:
        raise DeviceError(f"ONNX Runtime cannot be imported ({error}): {_reinstall()}") from error
    if not hasattr(onnxruntime, "InferenceSession"):
        raise DeviceError(
            "ONNX Runtime is an empty folder, as uninstalling one of its two builds leaves it: "
            + _reinstall()
        )
    return onnxruntime


def runtime_install() -> RuntimeInstall:
    """Find out what is installed, without raising for what is broken."""
    packages = _installed_packages()
    try:
        onnxruntime = import_onnxruntime()
    except DeviceError:
        return RuntimeInstall(packages, None, ())
    return RuntimeInstall(
        packages, onnxruntime.__version__, tuple(onnxruntime.get_available_providers())
    )


def processor_name() -> str:
    """Return the processor's name if the system knows it, else its architecture."""
    # Linux keeps the name nowhere else; on ARM boards it is the board's.
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith(("model name", "Model")):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def offers_cuda() -> bool:
    """Tell whether this build of ONNX Runtime supports CUDA, which need not work here."""
    return CUDA in import_onnxruntime().get_available_providers()


def load_cuda_provider() -> str | None:
    """Load ONNX Runtime's CUDA provider as a session would; return the error, if there is one.

    A session that cannot load it says so on the process's stderr and goes on without it.
    """
    onnxruntime = import_onnxruntime()
    if hasattr(onnxruntime, "preload_dlls"):
        # Finds CUDA's pip packages, and reports what it does not find on stdout.
        with contextlib.redirect_stdout(io.StringIO()):
            onnxruntime.preload_dlls()
    folder = Path(onnxruntime.__file__).parent / "capi"
    prefix, suffix = ("", ".dll") if sys.platform == "win32" else ("lib", ".so")
    try:
        for part in ("shared", "cuda"):
            library = folder / f"{prefix}onnxruntime_providers_{part}{suffix}"
            ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
    except OSError as error:
        return str(error)
    return None


def why_no_cuda(detail: str | None = None) -> str:
    """Say in a sentence why a session does not get CUDA here, and which command repairs that.

    Args:
        detail: What went wrong when it was tried.
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
    needed, installed = _cuda_majors()
    if installed and needed not in installed:
        return (
            f"this ONNX Runtime is for CUDA {needed}, and the libraries of CUDA "
            f'{" and ".join(sorted(installed))} are installed{reason}: pip install "{_GPU_PACKAGE}"'
        )
    return (
        f"CUDA or its libraries do not load{reason}: check that `nvidia-smi` lists a GPU, then "
        f'pip install "{_GPU_PACKAGE}"'
    )


def _cuda_majors() -> tuple[str, set[str]]:
    """Find the major version of CUDA that ONNX Runtime needs, and those that pip has installed."""
    from importlib import metadata

    needed = str(getattr(import_onnxruntime(), "cuda_version", "")).partition(".")[0]
    installed = set()
    for distribution in metadata.distributions():
        name, version = distribution.name or "", distribution.version
        if found := re.fullmatch(r"nvidia-(?:cuda-runtime|cublas)(?:-cu(\d+))?", name):
            installed.add(found[1] or version.partition(".")[0])
    return needed, installed


def _installed_packages() -> dict[str, str]:
    from importlib import metadata  # A twentieth of the time that a whole prediction takes.

    packages = {}
    for name in ("onnxruntime", "onnxruntime-gpu"):
        with contextlib.suppress(metadata.PackageNotFoundError):
            packages[name] = metadata.version(name)
    return packages


def _reinstall() -> str:
    is_gpu = "onnxruntime-gpu" in _installed_packages()
    return f'pip install --force-reinstall "{_GPU_PACKAGE if is_gpu else "onnxruntime"}"'
