"""What `mnist-infer bench` measures: how fast and how large the models are on this machine."""

from __future__ import annotations

import io
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mnist_infer.config import DEFAULT_MODEL, ModelConfig, Precision, is_frozen
from mnist_infer.errors import DeviceError
from mnist_infer.inference.registry import bundled_models, bundled_precisions, read_model

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mnist_infer.recognizer import Recognizer

BATCH_SIZES = (1, 16, 64, 256, 1024)

PICTURE_SIDE = 280
"""Pixels of a side of the drawing that is recognised."""

ROW_WIDTH = 256
"""Columns of the row that the row network reads: some eight digits."""

ROW_NETWORK = "rows"

_ROUNDS_OF_STARTS = 3
# No further round begins after the first of these seconds, and no further start after the second.
_SECONDS_FOR_ROUNDS = 6.0
_SECONDS_FOR_STARTS = 10.0
_SECONDS_OF_LATENCY = 0.2
_SECONDS_OF_A_BATCH_SIZE = 0.08

Progress = Callable[[str], None]
"""Is told what is measured next."""


@dataclass(frozen=True)
class Latency:
    """How long single calls take, in seconds."""

    p50: float
    p99: float


@dataclass(frozen=True)
class Start:
    """The command for one picture, from its start to its end."""

    seconds: float
    peak_memory_bytes: int | None
    """None on Windows, which does not tell it."""


@dataclass(frozen=True)
class ModelFigures:
    """The figures of one model in one precision on one device."""

    model: str
    precision: str | None
    """None for a user's model, whose file alone knows."""

    device: str
    start: Start | None
    """None where the time for it was over."""

    latency: Latency
    """Of one image in MNIST format; for the row network of one row."""

    images_per_second: dict[int, float]
    """By batch size; empty for the row network, which reads rows one by one."""


@dataclass(frozen=True)
class Benchmark:
    """Everything that was measured."""

    models: tuple[ModelFigures, ...]
    picture: Latency
    """Of a drawing, decoded from PNG and recognised by the first of the models."""

    seconds: float
    """What the measuring took."""


def measure(config: ModelConfig, every_model: bool, progress: Progress) -> Benchmark:
    """Measure models in each of their precisions, on the CPU and where it works on CUDA.

    Args:
        config: The device and the threads, and the model if it is the only one.
        every_model: Measure all bundled models, and the row network on the CPU.
        progress: Is told what is measured next.

    Raises:
        DeviceError: `"cuda"`, and a session does not run on it.
        ModelError: The model cannot be loaded.
    """
    began = time.monotonic()
    names = sorted(bundled_models(), key=_default_first) if every_model else [config.model]
    if not every_model:
        read_model(config.model)
    variants: list[ModelConfig] = []
    with tempfile.TemporaryDirectory() as folder:
        picture = Path(folder, "seven.png")
        picture.write_bytes(_drawing())
        commands: dict[ModelConfig | str, list[str]] = {}
        if config.device != "cuda":
            variants = [
                replace(config, model=name, device="cpu", precision=precision)
                for name in names
                for precision in _precisions(name)
            ]
            commands = {variant: _command(variant, picture) for variant in variants}
            if every_model:
                commands[ROW_NETWORK] = ["read", str(picture)]
        # Before this process grows: the peak of a child is at least what its parent holds.
        starts = _measure_starts(commands, progress, began)
        if config.device != "cpu" and _runs_on_cuda(config):
            on_cuda = [replace(config, model=name, device="cuda") for name in names]
            starts |= _measure_starts(
                {variant: _command(variant, picture) for variant in on_cuda}, progress, began
            )
            variants += on_cuda
    figures = []
    for variant in variants:
        progress(f"{variant.model}, {variant.precision}, {variant.device}")
        figures.append(_measure_model(variant, starts.get(variant)))
    if ROW_NETWORK in commands:
        progress("the row network")
        figures.append(_measure_row_network(config.threads, starts.get(ROW_NETWORK)))
    progress("a drawing")
    latency = _measure_picture(variants[0])
    return Benchmark(tuple(figures), latency, time.monotonic() - began)


def _default_first(name: str) -> tuple[bool, str]:
    return name != DEFAULT_MODEL, name


def _precisions(model: str | os.PathLike[str]) -> Sequence[Precision]:
    return bundled_precisions(str(model)) if model in bundled_models() else ("auto",)


def _runs_on_cuda(config: ModelConfig) -> bool:
    from mnist_infer.recognizer import Recognizer

    try:
        Recognizer(device="cuda")
    except DeviceError:
        if config.device == "cuda":
            raise
        return False
    return True


def _command(variant: ModelConfig, picture: Path) -> list[str]:
    """Make the arguments of `mnist-infer` for one picture."""
    input_range = ["--input-range", variant.input_range] if variant.input_range else []
    return [
        *("predict", str(picture), "--model", str(variant.model), "--precision", variant.precision),
        *("--device", variant.device, "--threads", str(variant.threads), *input_range),
    ]


def _measure_starts(
    commands: Mapping[ModelConfig | str, Sequence[str]], progress: Progress, began: float
) -> dict[ModelConfig | str, Start]:
    """Run each command a few times, in turns, as long as there is time for it."""
    taken: dict[ModelConfig | str, list[Start]] = {}
    for number in range(_ROUNDS_OF_STARTS):
        if number and time.monotonic() - began > _SECONDS_FOR_ROUNDS:
            break
        progress(f"start-up, round {number + 1}")
        for key, arguments in commands.items():
            if time.monotonic() - began < _SECONDS_FOR_STARTS:
                taken.setdefault(key, []).append(_start(arguments))
    return {key: min(starts, key=lambda start: start.seconds) for key, starts in taken.items()}


def _start(arguments: Sequence[str]) -> Start:
    """Run `mnist-infer` once."""
    # A frozen command is its own interpreter.
    this = [] if is_frozen() else ["-m", "mnist_infer"]
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *this, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as child:
        if sys.platform == "win32":
            child.wait()
            return Start(time.perf_counter() - began, None)
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
    # macOS counts bytes, others KiB.
    unit = 1 if sys.platform == "darwin" else 1024
    return Start(seconds, usage.ru_maxrss * unit)


def _measure_model(config: ModelConfig, start: Start | None) -> ModelFigures:
    import numpy as np

    from mnist_infer.recognizer import Recognizer

    recognizer = Recognizer.from_config(config)
    images = np.random.default_rng(0).integers(0, 256, (max(BATCH_SIZES), 28, 28), np.uint8)
    latency = _latency(lambda: recognizer.probabilities(images[:1]))
    rates = {size: _rate(recognizer, images[:size]) for size in BATCH_SIZES}
    return ModelFigures(
        recognizer.model.name, recognizer.model.precision, recognizer.device, start, latency, rates
    )


def _rate(recognizer: Recognizer, images: NDArray[np.uint8]) -> float:
    """Images a second in batches of this size."""
    times = _times(lambda: recognizer.probabilities(images), _SECONDS_OF_A_BATCH_SIZE)
    return len(images) / statistics.median(times)


def _measure_row_network(threads: int, start: Start | None) -> ModelFigures:
    import numpy as np

    from mnist_infer.inference.reading_session import ReadingSession
    from mnist_infer.inference.registry import reading_network_bytes

    session = ReadingSession(reading_network_bytes("rows"), threads)
    row = np.random.default_rng(0).integers(0, 256, (1, 32, ROW_WIDTH), np.uint8)
    latency = _latency(lambda: session.run(row))
    return ModelFigures(ROW_NETWORK, "float32", "cpu", start, latency, {})


def _measure_picture(config: ModelConfig) -> Latency:
    from mnist_infer.recognizer import Recognizer

    recognizer, content = Recognizer.from_config(config), _drawing()
    return _latency(lambda: recognizer.predict(content))


def _latency(call: Callable[[], object]) -> Latency:
    cuts = statistics.quantiles(_times(call, _SECONDS_OF_LATENCY), n=100, method="inclusive")
    return Latency(p50=cuts[49], p99=cuts[98])


def _times(call: Callable[[], object], seconds: float) -> list[float]:
    """Time at least two calls, in seconds each; the first call is not counted."""
    call()
    times: list[float] = []
    end = time.perf_counter() + seconds
    while len(times) < 2 or time.perf_counter() < end:
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return times


def _drawing() -> bytes:
    """Draw a seven in black on white, as a PNG."""
    from PIL import Image, ImageDraw

    side = PICTURE_SIDE
    page = Image.new("L", (side, side), 255)
    places = ((0.3, 0.25), (0.7, 0.27), (0.45, 0.78))
    points = [(x * side, y * side) for x, y in places]
    ImageDraw.Draw(page).line(points, fill=0, width=side // 20, joint="curve")
    stream = io.BytesIO()
    page.save(stream, "PNG")
    return stream.getvalue()
