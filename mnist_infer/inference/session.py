"""One ONNX Runtime session on one device: uint8 `(N, 28, 28)` -> float32 `(N, 10)`.

The bundled models take and give exactly that. A user's own model may take its 784 pixels in
another shape, type or range, and give logits; the session adapts both ends once, when it is made.
"""

from __future__ import annotations

import ctypes
import logging
import os
import re
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_infer.config import InputRange, ModelConfig
from mnist_infer.errors import DeviceError, ModelError
from mnist_infer.inference import devices
from mnist_infer.inference.onnx_file import check_self_contained
from mnist_infer.inference.softmax import are_probabilities, softmax

_log = logging.getLogger(__name__)

_MAX_ROWS = 1024
"""More images than this go through the network in several calls, which bounds its memory."""
_MAX_ROWS_ON_CUDA = 65_536

_LAYOUTS = ((784,), (28, 28), (28, 28, 1), (1, 28, 28))
_FLOATS: dict[str, type[Any]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(double)": np.float64,
}


@dataclass(frozen=True, slots=True)
class _Input:
    """How a model wants its pixels."""

    name: str
    layout: tuple[int, ...]
    dtype: type[Any]
    scale: float
    batch: int | None
    """A batch size that the model fixes; None where any will do."""
    is_picture: bool = False
    """Takes one picture of any size at a call, without a batch, and prepares it itself."""


class _OneImage(threading.local):
    """One image's way in and out, bound once per thread: a call then allocates nothing."""

    def __init__(self, session: Any, input_name: str, output_name: str) -> None:
        self.image = np.zeros((1, 28, 28), np.uint8)
        self.row = np.zeros((1, 10), np.float32)
        self.binding = session.io_binding()
        for bind, name, array in (
            (self.binding.bind_input, input_name, self.image),
            (self.binding.bind_output, output_name, self.row),
        ):
            bind(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)


class ForkSafe:
    """Holds an ONNX Runtime session that a forked process must neither use nor free."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.is_abandoned = False
        """Whether another process made it: use it no more."""
        _sessions.add(self)

    def abandon(self) -> None:
        """Never free ONNX Runtime's session: for one that another process made, before a fork.

        Its locks may be held, and its threads be waited for, by threads that this process has not;
        to free it may crash.
        """
        self.is_abandoned = True
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._session))


_sessions: weakref.WeakSet[ForkSafe] = weakref.WeakSet()


class Session(ForkSafe):
    """A loaded model. Safe to share between threads."""

    def __init__(
        self,
        content: bytes,
        name: str,
        config: ModelConfig,
        *,
        is_bundled: bool = False,
    ) -> None:
        """Load a model.

        Args:
            content: The bytes of the ONNX file.
            name: What errors call it.
            config: On which device, with how many threads, and what a float input means.
            is_bundled: One of our own, whose answers need no check.

        Raises:
            ModelError: Not ONNX, or not a classifier of 784 pixels into ten digits.
            DeviceError: `"cuda"` is not available.
        """
        check_self_contained(content, name)
        session, self.device = _open(content, name, config)
        super().__init__(session)
        self._name = name
        self._is_bundled = is_bundled
        with _raising_model_error(name):
            self._input = _describe_input(self._session, name, config.input_range)
            output = _find_output(self._session, name)
            self._output = str(output.name)
            self._is_direct = (
                self._input.dtype is np.uint8
                and self._input.layout == (28, 28)
                and self._input.batch is None
                and output.type == "tensor(float)"
            )
            self._one_image = (
                _OneImage(self._session, self._input.name, self._output)
                if self._is_direct and self.device == "cpu"
                else None
            )
            self._gives_logits = False
            self._gives_logits = _gives_logits(self)

    def run(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Probabilities of the ten digits.

        Args:
            images: uint8 `(N, 28, 28)`, white ink on black.

        Returns:
            float32 `(N, 10)`; each row sums to 1.

        Raises:
            DeviceError: CUDA failed, for want of memory say; nothing is answered by another device.
            ModelError: ONNX Runtime failed otherwise, or what it gave is not ten numbers for each
                image; only a model of one's own makes it do so.
        """
        most = _MAX_ROWS if self.device == "cpu" else _MAX_ROWS_ON_CUDA
        if len(images) > most:
            starts = range(0, len(images), most)
            return np.concatenate([self.run(images[at : at + most]) for at in starts])
        try:
            if len(images) == 1 and self._one_image is not None:
                outputs = self._run_one(self._one_image, images)
            elif self._is_direct:
                outputs = self._raw(images)
            else:
                outputs = self._adapted(images)
        except Exception as error:
            raise self._failure(error) from error
        if not self._is_bundled:
            self._check(outputs, len(images))
        return softmax(outputs) if self._gives_logits else outputs

    def _run_one(self, one: _OneImage, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        one.image[:] = image
        self._session.run_with_iobinding(one.binding)
        return one.row.copy()

    def _raw(self, tensor: NDArray[Any]) -> NDArray[np.float32]:
        outputs: NDArray[np.float32] = self._session.run(
            [self._output], {self._input.name: tensor}
        )[0]
        return outputs

    def _check(self, rows: NDArray[np.float32], count: int) -> None:
        """Refuse what is no answer for these images, whatever it was for others."""
        if rows.shape != (count, 10) or not np.isfinite(rows).all():
            raise ModelError(
                f"{self._name}: gives {rows.shape} for {count} images, not ten numbers a row"
            )

    def _failure(self, error: Exception) -> DeviceError | ModelError:
        if self.device == "cuda":
            return DeviceError(
                f"CUDA failed at work ({_reason(error)}): give it fewer images at a time, free its "
                "memory, or choose device 'cpu'"
            )
        return _cannot_run(self._name, error)

    def _adapted(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        spec = self._input
        if spec.is_picture:
            rows_of_pictures = [self._raw(image).reshape(1, 10) for image in images]
            return np.concatenate([np.zeros((0, 10), np.float32), *rows_of_pictures])
        tensor = images.reshape(-1, *spec.layout).astype(spec.dtype)
        if spec.scale != 1:
            tensor *= spec.dtype(spec.scale)
        if spec.batch is None:
            return self._raw(tensor).astype(np.float32, copy=False)
        rows = len(tensor)
        padding = np.zeros((-rows % spec.batch, *spec.layout), spec.dtype)
        chunks = np.concatenate([tensor, padding]).reshape(-1, spec.batch, *spec.layout)
        outputs = [self._raw(chunk).reshape(spec.batch, 10) for chunk in chunks]
        return np.concatenate([np.zeros((0, 10)), *outputs])[:rows].astype(np.float32)


def _abandon_all() -> None:
    for session in _sessions:
        session.abandon()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon_all)


def _open(content: bytes, name: str, config: ModelConfig) -> tuple[Any, str]:
    """A session and the device that it really runs on."""
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
        raise ModelError(f"{name}: ONNX Runtime cannot load it ({_reason(error)})") from error


@contextmanager
def _raising_model_error(name: str) -> Iterator[None]:
    """Turn whatever ONNX Runtime raises over a model that it did load into a `ModelError`."""
    try:
        yield
    except ModelError:
        raise
    except Exception as error:
        raise _cannot_run(name, error) from error


def _cannot_run(name: str, error: Exception) -> ModelError:
    return ModelError(f"{name}: ONNX Runtime cannot run it ({_reason(error)})")


def _reason(error: Exception) -> str:
    """What ONNX Runtime says, on one line and without its error codes and source lines."""
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


def _try_cuda(content: bytes, threads: int) -> tuple[Any, str | None]:
    """A session that really runs on CUDA, or None and what went wrong."""
    complaint = devices.load_cuda_provider()
    if complaint:
        return None, complaint
    try:
        session = create_session(content, threads, [devices.CUDA, devices.CPU])
    except Exception as error:
        return None, " ".join(str(error).split()) or type(error).__name__
    # ONNX Runtime falls back to the CPU in silence: only the session knows.
    if session.get_providers()[0] != devices.CUDA:
        return None, "ONNX Runtime fell back to the CPU"
    return session, None


def create_session(content: bytes, threads: int, providers: list[str]) -> Any:
    """Create an ONNX Runtime session that neither prints nor changes its device in silence.

    Raises:
        DeviceError: ONNX Runtime is not installed, or its installation is broken.
        Exception: What ONNX Runtime raises for a model that it cannot load.
    """
    onnxruntime = devices.import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    if threads > (os.cpu_count() or 1):
        # Threads that wait for one another in a loop would keep one another from the processors.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Else a file that calls itself ONNX Runtime's own format would go unchecked.
    options.add_session_config_entry("session.load_model_format", "ONNX")
    options.log_severity_level = 4  # Failures come back as exceptions; stderr stays the app's.
    # Without fallback an error is an error, not a line on stdout and another device.
    return onnxruntime.InferenceSession(content, options, providers, enable_fallback=0)


def _describe_input(session: Any, name: str, input_range: InputRange | None) -> _Input:
    inputs = session.get_inputs()
    if len(inputs) != 1:
        raise ModelError(f"{name}: has {len(inputs)} inputs, and one image input is needed")
    node = inputs[0]
    if node.type == "tensor(uint8)" and input_range is not None:
        raise ModelError(
            f"{name}: takes uint8 pixels, whose range is known; leave out --input-range "
            "(in Python: input_range)"
        )
    if node.type == "tensor(uint8)" and [type(length) for length in node.shape] == [str, str]:
        return _Input(node.name, (28, 28), np.uint8, 1.0, batch=1, is_picture=True)
    layout = tuple(node.shape[1:])
    if layout not in _LAYOUTS:
        raise ModelError(
            f"{name}: its input {node.name!r} has shape {node.shape}; "
            "[N,784], [N,28,28], [N,28,28,1] or [N,1,28,28] is needed"
        )
    batch = node.shape[0] if isinstance(node.shape[0], int) else None
    if batch is not None and not 1 <= batch <= _MAX_ROWS:
        raise ModelError(f"{name}: takes batches of {batch}; 1 to {_MAX_ROWS}, or any, is needed")
    if node.type == "tensor(uint8)":
        return _Input(node.name, layout, np.uint8, 1.0, batch)
    if node.type not in _FLOATS:
        raise ModelError(
            f"{name}: its input {node.name!r} is {node.type}; uint8 or float pixels are needed"
        )
    declared = session.get_modelmeta().custom_metadata_map.get("input_range") or input_range
    if declared not in ("0..1", "0..255"):
        raise ModelError(
            f"{name}: takes float pixels and does not say their range; "
            'say --input-range "0..1" or "0..255" (in Python: input_range=...)'
        )
    scale = 1 / 255 if declared == "0..1" else 1.0
    return _Input(node.name, layout, _FLOATS[node.type], scale, batch)


def _find_output(session: Any, name: str) -> Any:
    outputs = session.get_outputs()
    tens = [
        node for node in outputs if node.type in _FLOATS and node.shape and node.shape[-1] == 10
    ]
    if len(tens) != 1:
        found = ", ".join(f"{node.name} {node.type} {node.shape}" for node in outputs)
        raise ModelError(f"{name}: one output with 10 classes is needed, found {found}")
    return tens[0]


def _gives_logits(session: Session) -> bool:
    """Whether a model's rows are logits: seen from what it answers on a few images."""
    probes = np.stack([np.full((28, 28), grey, np.uint8) for grey in (0, 64, 255)])
    return not are_probabilities(session.run(probes))
