"""The recogniser: pictures in, digits out."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import fields, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mnist_infer.config import (
    DEFAULT_MODEL,
    MAX_PIXELS,
    Device,
    InputRange,
    ModelConfig,
    Precision,
)
from mnist_infer.decode.images import ImageSource, Page, Picture, decode_picture
from mnist_infer.errors import ImageError, ModelError, NoDigitError
from mnist_infer.imaging import pipeline
from mnist_infer.inference.ensemble import classify, classify_alone
from mnist_infer.inference.networks import Networks
from mnist_infer.inference.reading_session import ReadingSession
from mnist_infer.inference.registry import (
    ModelInfo,
    ReadingNetworkName,
    reading_network_bytes,
)
from mnist_infer.inference.session import Session, load_model
from mnist_infer.results import Explanation, NetworkInputs, Prediction, Reading, Stages

if TYPE_CHECKING:
    from mnist_infer.decode.isolated import IsolatedDecoder


class Recognizer:
    """A model, loaded once on one device, that recognises digits. Safe to share between threads.

    It can be copied and pickled, and used on both sides of a fork: each copy, and each process,
    opens a session of its own. In an event loop, call it in a thread:
    `await asyncio.to_thread(recognizer.predict, image)`.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] = DEFAULT_MODEL,
        *,
        device: Device = "auto",
        threads: int = 1,
        precision: Precision = "auto",
        input_range: InputRange | None = None,
        max_pixels: int = MAX_PIXELS,
        isolated: bool = False,
    ) -> None:
        """Load a model; the arguments are the fields of `ModelConfig`, which explains each.

        Args:
            model: The name of a bundled model, or the path of an ONNX file.
            device: `"cpu"`, `"cuda"`, or `"auto"`.
            threads: CPU threads for one call; 0: all processors.
            precision: `"float32"`, `"int8"`, or `"auto"`: the faster of the two on the device.
            input_range: What an ONNX file with a float input expects.
            max_pixels: The largest picture that is decoded, in pixels.
            isolated: Decode in separate processes, for pictures from strangers.

        Raises:
            ModelError: The model cannot be loaded or is not a digit classifier.
            DeviceError: `"cuda"` is not available; the message says why.
            ValueError: A number is not an integer, or out of its range.
        """
        config = ModelConfig(model, device, threads, precision, input_range, max_pixels, isolated)
        self._info, self._loaded = load_model(config)
        self._config = replace(config, precision=self._info.precision or precision)
        self._isolated: IsolatedDecoder | None = None
        if isolated:
            from mnist_infer.decode.isolated import IsolatedDecoder

            self._isolated = IsolatedDecoder(max_pixels)
        self._loaded_for_reading: dict[ReadingNetworkName, ReadingSession] = {}

    @classmethod
    def from_config(cls, config: ModelConfig) -> Recognizer:
        """Load a model by a configuration; raise as the constructor does."""
        return cls(**{field.name: getattr(config, field.name) for field in fields(config)})

    def __repr__(self) -> str:
        model, device = self._info.name, self._loaded.device
        return f"Recognizer({model!r}, device={device!r}, precision={self._info.precision!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (self._config, self._info.sha256)

    @property
    def _session(self) -> Session:
        """The session of this process.

        A forked process opens its own: its parent's may wait for threads that are gone.

        Raises:
            ModelError: This is a forked process, and the model cannot be loaded again.
        """
        if self._loaded.is_abandoned:
            self._loaded = _rebuild(self._config, self._info.sha256)._loaded
        return self._loaded

    def _reading_session(self, name: ReadingNetworkName) -> ReadingSession:
        """Load the row or the cell network at its first use in this process."""
        session = self._loaded_for_reading.get(name)
        if session is None or session.is_abandoned:
            session = ReadingSession(reading_network_bytes(name), self._config.threads)
            self._loaded_for_reading[name] = session
        return session

    @property
    def _networks(self) -> Networks:
        return Networks(self._session.run, self._read_row, self._classify_cells)

    def _read_row(self, row: NDArray[np.uint8]) -> NDArray[np.float32]:
        (steps,) = self._reading_session("rows").run(row[np.newaxis])
        return np.asarray(steps)

    def _classify_cells(self, cells: NDArray[np.uint8]) -> NDArray[np.float32]:
        return self._reading_session("cells").run(cells)

    @property
    def model(self) -> ModelInfo:
        """The loaded model: name, path, sha256, and its sidecar if it is a bundled one."""
        return self._info

    @property
    def config(self) -> ModelConfig:
        """The configuration it was made from, with the precision that was chosen."""
        return self._config

    @property
    def device(self) -> str:
        """The device that is really used: `"cpu"` or `"cuda"`."""
        return self._session.device

    def predict(self, image: ImageSource) -> Prediction:
        """Recognise the digit on one picture.

        Args:
            image: A path, the bytes of an image file, a binary stream, a `Page` of one of these,
                a PIL image, or an array `(H, W)`, `(H, W, 1)`, `(H, W, 3)` or `(H, W, 4)` of
                uint8, uint16, bool or float in 0..1.

        Raises:
            ImageError: The picture cannot be read.
            NoDigitError: There is no digit on it.
            SeveralDigitsError: There is more than one; `read` reads them all.
            TypeError: `image` is none of the above.
        """
        return self._predict(self._prepare(image), image)[0]

    def predict_batch(
        self, images: Iterable[ImageSource], *, batch_size: int = 64
    ) -> list[Prediction]:
        """Recognise the digits on many pictures, in order.

        The first picture without an answer raises, as in `predict`. To get an answer or an error
        for every picture, use `predict_each`.
        """
        answers = []
        for answer in self.predict_each(images, batch_size=batch_size):
            if isinstance(answer, ImageError):
                raise answer
            answers.append(answer)
        return answers

    def predict_each(
        self, images: Iterable[ImageSource], *, batch_size: int = 64
    ) -> Iterator[Prediction | ImageError]:
        """Recognise the digits on any number of pictures, streamed in order.

        A picture without an answer gives its `ImageError`, and the others still get theirs. Where
        an argument is no picture, or `images` fails, the answers to what came before are given
        first.

        Args:
            images: As in `predict`; taken `batch_size` at a time.
            batch_size: Pictures that go through the network together.
        """
        if not isinstance(batch_size, (int, np.integer)) or not 1 <= batch_size <= sys.maxsize:
            raise ValueError(f"batch_size is {batch_size!r}; a whole number from 1 is needed")
        if isinstance(images, (str, bytes, os.PathLike)) or hasattr(images, "read"):
            raise TypeError("several images are needed, in a list say; predict() takes one")
        remaining, failure = iter(images), None
        while failure is None:
            batch: list[ImageSource] = []
            decoded: list[Picture | ImageError] = []
            try:
                for image in islice(remaining, batch_size):
                    decoded.append(self._try_decode(image))
                    batch.append(image)
            except Exception as error:
                failure = error
            if not batch:
                break
            answers = self.classify_each(pipeline.prepare_batch(decoded), batch_size=batch_size)
            for answer, image in zip(answers, batch, strict=True):
                if isinstance(answer, ImageError):
                    _attach_source(answer, image)
                yield answer
        if failure:
            raise failure

    def classify_each(
        self, prepared: Iterable[NetworkInputs | ImageError], *, batch_size: int = 64
    ) -> Iterator[Prediction | ImageError]:
        """Classify pictures that have been prepared; otherwise as `predict_each`.

        Args:
            prepared: What the networks see of each picture. The `ImageError` of a picture that
                could not be prepared is passed on.
            batch_size: Pictures that go through the network together.
        """
        remaining = iter(prepared)
        while batch := list(islice(remaining, batch_size)):
            ready = [image for image in batch if not isinstance(image, ImageError)]
            probabilities = iter(self._classify(ready)[0] if ready else ())
            for each in batch:
                yield each if isinstance(each, ImageError) else _answer(each, next(probabilities))

    def decode(self, image: ImageSource, working_side: int = pipeline.WORKING_SIDE) -> Picture:
        """Decode a picture. The other methods decode by themselves, but also accept the result.

        Args:
            image: As in `predict`.
            working_side: Shrink it until no side is longer than this, in pixels.

        Raises:
            ImageError: The picture cannot be read.
            TypeError: `image` is not an image.
        """
        if self._isolated:
            return self._isolated.decode(image, working_side)
        return decode_picture(image, working_side, self._config.max_pixels)

    def close(self) -> None:
        """End the worker processes of `isolated=True`, even while they decode.

        The next picture starts new ones.
        """
        if self._isolated:
            self._isolated.close()

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Classify images that are already in the MNIST format: the fast path, no preprocessing.

        Args:
            images: uint8 `(N, 28, 28)` or `(28, 28)`, white ink on black.

        Returns:
            float32 `(N, 10)`; `(28, 28)` counts as N = 1.

        Raises:
            ImageError: Its dtype or shape is another one.
            TypeError: `images` is not an array.
        """
        if not isinstance(images, np.ndarray):
            raise TypeError(f"an array is needed, not {type(images).__name__}; see predict()")
        if images.dtype != np.uint8 or images.shape[-2:] != (28, 28) or images.ndim not in (2, 3):
            raise ImageError(
                f"got {images.dtype} {images.shape}; uint8 (N, 28, 28) or (28, 28) is needed, "
                "and predict() takes anything else"
            )
        return self._session.run(images if images.ndim == 3 else images[np.newaxis])

    def explain(self, image: ImageSource) -> Explanation:
        """Recognise the digit on one picture, and keep each step; raise as `predict` does."""
        stages = self._prepare(image)
        prediction, alternative = self._predict(stages, image)
        if alternative is not None:
            stages = stages.alternatives[alternative]
        return Explanation(
            stages.foreground,
            stages.cleaned,
            stages.box,
            stages.inputs,
            prediction,
            alternatives=stages.alternatives,
        )

    def read(self, image: ImageSource) -> Reading:
        """Read all the digits of a page, line by line.

        Args:
            image: As in `predict`.

        Raises:
            ImageError: The picture cannot be read.
            NoDigitError: There is no digit on it.
            TypeError: `image` is not an image.
        """
        from mnist_infer.document import reader

        try:
            picture = self.decode(image, reader.PAGE_WORKING_SIDE)
            reading = reader.read_page(picture, self._networks)
            if not reading.lines:
                raise NoDigitError(
                    "no digit was found on the page; give a sharper picture, or one that shows the "
                    "digits larger"
                )
        except ImageError as error:
            _attach_source(error, image)
            raise
        return reading

    def _predict(self, stages: Stages, image: ImageSource) -> tuple[Prediction, int | None]:
        """Predict from stages; tell also the number of the alternative that gave the answer."""
        (probabilities,), (alternative,) = self._classify([stages.inputs])
        answer = _answer(stages.inputs, probabilities)
        if isinstance(answer, ImageError):
            _attach_source(answer, image)
            raise answer
        return answer, alternative

    def _classify(
        self, inputs: list[NetworkInputs]
    ) -> tuple[NDArray[np.float32], list[int | None]]:
        """Classify pictures as `ensemble.classify` does; a user's own model answers alone."""
        if self._info.sidecar:
            return classify(inputs, self._networks)
        return classify_alone(inputs, self._session.run), [None] * len(inputs)

    def _prepare(self, image: ImageSource) -> Stages:
        """Decode a picture and make what the networks see of it, each stage kept."""
        try:
            return pipeline.prepare(self.decode(image))
        except ImageError as error:
            _attach_source(error, image)
            raise

    def _try_decode(self, image: ImageSource) -> Picture | ImageError:
        try:
            return self.decode(image)
        except ImageError as error:
            return error


def _rebuild(config: ModelConfig, sha256: str) -> Recognizer:
    """Make the same recogniser again, with a session of its own."""
    recognizer = Recognizer.from_config(config)
    if recognizer.model.sha256 != sha256:
        raise ModelError(
            f"{recognizer.model.path}: the model has changed since the recogniser was made that "
            "this is a copy of; make a new one"
        )
    return recognizer


def _answer(inputs: NetworkInputs, probabilities: NDArray[np.float32]) -> Prediction | ImageError:
    """Make the prediction; if the networks found no digit, the error that says why."""
    if not probabilities.any():
        return inputs.problem or NoDigitError(
            "what is on the picture looks like a letter, a sign or a texture, not like a digit; if "
            "it is one, give a picture of it alone on plain paper"
        )
    return Prediction.of(probabilities)


def _attach_source(error: ImageError, image: ImageSource) -> None:
    """Let an error name the file that it is about, if the image has a path."""
    if isinstance(image, (str, os.PathLike)):
        error.source = os.fspath(image)
    elif isinstance(image, Page):
        error.source = str(image)
