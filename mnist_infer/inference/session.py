"""A loaded digit network: uint8 `(N, 28, 28)` -> float32 `(N, 10)` probabilities.

The bundled models take and give exactly that. A user's own model may take its 784 pixels in
another shape, type or range, and give logits; the session adapts both ends.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_infer.config import ModelConfig
from mnist_infer.errors import DeviceError, ModelError
from mnist_infer.inference import devices
from mnist_infer.inference.fork_safety import ForkSafe
from mnist_infer.inference.model_io import MAX_BATCH, describe_input, find_output
from mnist_infer.inference.open_session import open_session, reason_of
from mnist_infer.inference.registry import ModelInfo, has_int8, read_model
from mnist_infer.inference.self_contained import check_self_contained
from mnist_infer.inference.softmax import are_probabilities, softmax

_MAX_BATCH_ON_CUDA = 65_536


class _OneImage(threading.local):
    """One image's way in and out, bound once per thread."""

    def __init__(self, session: Any, input_name: str, output_name: str) -> None:
        self.image = np.zeros((1, 28, 28), np.uint8)
        self.probabilities = np.zeros((1, 10), np.float32)
        binding = session.io_binding()
        for bind, name, array in (
            (binding.bind_input, input_name, self.image),
            (binding.bind_output, output_name, self.probabilities),
        ):
            bind(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)
        self.run = _bound_run(session, binding)


def _bound_run(session: Any, binding: Any) -> Callable[[], object]:
    """Return what runs a session on what is bound.

    ONNX Runtime's own objects are taken, without the checks of its Python, which are 4 % of a call;
    its public method where another version keeps them elsewhere.
    """
    try:
        run = partial(session._sess.run_with_iobinding, binding._iobinding, None)
        run()
    except (AttributeError, TypeError):
        return partial(session.run_with_iobinding, binding)
    return run


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
        session, self.device = open_session(content, name, config)
        super().__init__(session)
        self._most = MAX_BATCH if self.device == "cpu" else _MAX_BATCH_ON_CUDA
        self._name = name
        self._is_bundled = is_bundled
        with _raising_model_error(name):
            self._input = describe_input(self._session, name, config.input_range)
            output = find_output(self._session, name)
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
        """Classify images.

        Args:
            images: uint8 `(N, 28, 28)`, white ink on black.

        Returns:
            float32 `(N, 10)`; the ten of an image sum to 1.

        Raises:
            DeviceError: CUDA failed, for example for lack of memory; no other device is tried.
            ModelError: ONNX Runtime failed otherwise, or did not give ten numbers for each image;
                this happens with a user's own model alone.
        """
        if len(images) > self._most:
            starts = range(0, len(images), self._most)
            return np.concatenate([self.run(images[at : at + self._most]) for at in starts])
        try:
            if len(images) == 1 and (one := self._one_image) is not None:
                one.image[...] = images
                one.run()
                outputs = one.probabilities.copy()
            elif self._is_direct:
                outputs = self._raw(images)
            else:
                outputs = self._adapted(images)
        except Exception as error:
            raise self._failure(error) from error
        if not self._is_bundled:
            self._check(outputs, len(images))
        return softmax(outputs) if self._gives_logits else outputs

    def _raw(self, tensor: NDArray[Any]) -> NDArray[np.float32]:
        outputs: NDArray[np.float32] = self._session.run(
            [self._output], {self._input.name: tensor}
        )[0]
        return outputs

    def _check(self, outputs: NDArray[np.float32], count: int) -> None:
        """Refuse outputs that are not ten finite numbers for each of these images."""
        if outputs.shape != (count, 10) or not np.isfinite(outputs).all():
            raise ModelError(
                f"{self._name}: gives {outputs.shape} for {count} images, not ten finite numbers "
                "for each"
            )

    def _failure(self, error: Exception) -> DeviceError | ModelError:
        if self.device == "cuda":
            return DeviceError(
                f"CUDA failed at work ({reason_of(error)}): give it fewer images at a time, free "
                "its memory, or choose device 'cpu'"
            )
        return _cannot_run(self._name, error)

    def _adapted(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Run a user's own model, which takes its images in a form of its own."""
        spec = self._input
        if spec.is_picture:
            outputs = [self._raw(image).reshape(1, 10) for image in images]
            return np.concatenate([np.zeros((0, 10), np.float32), *outputs])
        tensor = images.reshape(-1, *spec.layout).astype(spec.dtype)
        if spec.scale != 1:
            tensor *= spec.dtype(spec.scale)
        if spec.batch is None:
            return self._raw(tensor).astype(np.float32, copy=False)
        count = len(tensor)
        padding = np.zeros((-count % spec.batch, *spec.layout), spec.dtype)
        chunks = np.concatenate([tensor, padding]).reshape(-1, spec.batch, *spec.layout)
        outputs = [self._raw(chunk).reshape(spec.batch, 10) for chunk in chunks]
        return np.concatenate([np.zeros((0, 10)), *outputs])[:count].astype(np.float32)


def _gives_logits(session: Session) -> bool:
    """Find out from a model's answers on a few images whether its outputs are logits."""
    probes = np.stack([np.full((28, 28), grey, np.uint8) for grey in (0, 64, 255)])
    return not are_probabilities(session.run(probes))


@contextmanager
def _raising_model_error(name: str) -> Iterator[None]:
    """Turn any error that ONNX Runtime raises for a model it has loaded into a `ModelError`."""
    try:
        yield
    except ModelError:
        raise
    except Exception as error:
        raise _cannot_run(name, error) from error


def _cannot_run(name: str, error: Exception) -> ModelError:
    return ModelError(f"{name}: ONNX Runtime cannot run it ({reason_of(error)})")


def load_model(config: ModelConfig) -> tuple[ModelInfo, Session]:
    """Load the file of a model that suits the device and precision; tell what is known of it.

    Raises:
        ModelError: The model cannot be loaded or is not a digit classifier.
        DeviceError: The device is not available, or does not suit the precision.
    """
    device, precision = config.device, config.precision
    if precision == "auto" and device != "cuda" and has_int8(config.model):
        if device == "auto" and devices.offers_cuda():
            opened = load_model(replace(config, precision="float32"))
            if opened[1].device == "cuda":
                return opened
        precision = "int8"
    if precision == "int8" and device == "cuda":
        raise DeviceError("int8 is for CPUs: leave out the precision, or the device")
    if precision == "int8" and device == "auto":
        device = "cpu"
    info, content = read_model(config.model, precision)
    session = Session(
        content, info.name, replace(config, device=device), is_bundled=bool(info.sidecar)
    )
    return info, session
