"""Open an ONNX Runtime session on a device, or explain in one line why that fails."""

from __future__ import annotations

import logging
import re
from typing import Any

from mnist_infer.config import ModelConfig, usable_processors
from mnist_infer.errors import DeviceError, ModelError
from mnist_infer.inference import devices

_log = logging.getLogger(__name__)


def open_session(content: bytes, name: str, config: ModelConfig) -> tuple[Any, str]:
    """Open a session on the device that a configuration asks for.

    Args:
        content: The bytes of the ONNX file.
        name: What errors call it.
        config: The device, and the number of threads.

    Returns:
        The session, and the device that it really runs on: `"cpu"` or `"cuda"`.

    Raises:
        DeviceError: The device is not available.
        ModelError: ONNX Runtime cannot load the model.
    """
    device, threads = config.device, config.threads
    if device not in ("auto", "cpu", "cuda"):
        raise DeviceError(f"no device named {device!r}: choose auto, cpu or cuda")
    detail = None
    if device != "cpu" and devices.offers_cuda():
        session, detail = _try_cuda(content, threads)
        if session is not None:
            return session, "cuda"
        _log.info("no CUDA: %s", devices.why_no_cuda(detail))
    if device == "cuda":
        raise DeviceError(f"device 'cuda' is not available: {devices.why_no_cuda(detail)}")
    try:
        return create_session(content, threads, [devices.CPU]), "cpu"
    except DeviceError:
        raise
    except Exception as error:
        raise ModelError(f"{name}: ONNX Runtime cannot load it ({reason_of(error)})") from error


def _try_cuda(content: bytes, threads: int) -> tuple[Any, str | None]:
    """Open a session that really runs on CUDA; else return None and what went wrong."""
    complaint = devices.load_cuda_provider()
    if complaint:
        return None, complaint
    try:
        session = create_session(content, threads, [devices.CUDA, devices.CPU])
    except Exception as error:
        return None, " ".join(str(error).split()) or type(error).__name__
    # ONNX Runtime falls back to the CPU silently: only the session knows.
    if session.get_providers()[0] != devices.CUDA:
        return None, "ONNX Runtime fell back to the CPU"
    return session, None


def create_session(content: bytes, threads: int, providers: list[str]) -> Any:
    """Create an ONNX Runtime session that neither prints nor silently changes its device.

    Raises:
        DeviceError: ONNX Runtime is not installed, or its installation is broken.
        Exception: What ONNX Runtime raises for a model that it cannot load.
    """
    onnxruntime = devices.import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    if threads > usable_processors():
        # Threads that wait in a loop would take the processors from those they wait for.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Otherwise a file in ONNX Runtime's own format would be loaded unchecked.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    options.log_severity_level = 4  # Failures come back as exceptions; stderr stays the app's.
    # Without fallback an error is an error, not a line on stdout and another device.
    return onnxruntime.InferenceSession(content, options, providers, enable_fallback=0)


def reason_of(error: Exception) -> str:
    """Write ONNX Runtime's message on one line, without its error codes and source lines."""
    text = " ".join(str(error).split())
    opset = re.search(r"Opset (\d+) is under development.* (\S+) is till opset (\d+)", text)
    if opset:
        found, domain, newest = opset.groups()
        return (
            f"it needs opset {found} of {domain}, and this one knows {newest}; "
            "export it for that, or upgrade onnxruntime"
        )
    text = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", text)
    return re.sub(r"\S+\.(?:cc|h):\d+ (?:.*?\) )?", "", text)
