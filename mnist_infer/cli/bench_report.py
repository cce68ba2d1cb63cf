"""The figures of `mnist-infer bench` as tables for people, as JSON, and as a line for a report."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TextIO

from rich import box
from rich.console import Console
from rich.table import Table

from mnist_infer import __version__
from mnist_infer.cli.bench import BATCH_SIZES, PICTURE_SIDE
from mnist_infer.inference import devices

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mnist_infer.cli.bench import Benchmark, Latency, ModelFigures, Start


@dataclass(frozen=True)
class Machine:
    """Where the figures are from."""

    processor: str
    processors: int
    platform: str
    python: str
    onnxruntime: str
    threads: int

    @classmethod
    def here(cls, threads: int) -> Machine:
        """Describe this machine, and the threads that a call may use."""
        return cls(
            processor=devices.processor_name(),
            processors=os.cpu_count() or 1,
            platform=platform.platform(terse=True),
            python=platform.python_version(),
            onnxruntime=devices.import_onnxruntime().__version__,
            threads=threads,
        )

    def __str__(self) -> str:
        return (
            f"mnist-infer {__version__}, ONNX Runtime {self.onnxruntime}, Python {self.python}, "
            f"{self.platform}, {self.processor}, {self.processors} processor(s), "
            f"{self.threads} thread(s)"
        )


def as_text(benchmark: Benchmark, machine: Machine, stream: TextIO) -> str:
    """Write tables, what their columns mean, and a line to paste into a bug report."""
    console = Console(file=stream, highlight=False)
    drawing = (
        f"A drawing of {PICTURE_SIDE}x{PICTURE_SIDE} pixels, from PNG to digit by "
        f"{_name(benchmark.models[0])}: {_percentiles(benchmark.picture)}."
    )
    with console.capture() as captured:
        for part in (
            str(machine),
            "",
            _figures_table(benchmark.models),
            "",
            _throughput_table(benchmark.models),
            "",
            drawing,
            "start, memory: the command for one picture, from its start to its end.",
            "p50, p99: the network alone, for one image of 28x28, or for one row of eight digits.",
            f"Measured in {benchmark.seconds:.0f} s. For a bug report:",
            "",
            report_line(benchmark, machine),
        ):
            console.print(part, soft_wrap=isinstance(part, str))
    return "".join(f"{line.rstrip()}\n" for line in captured.get().splitlines())


def report_line(benchmark: Benchmark, machine: Machine) -> str:
    """Write machine and figures in one line."""
    first = benchmark.models[0]
    largest = max(first.images_per_second)
    return (
        f"{machine}: {_name(first)} on {first.device}: "
        f"start {_start_seconds(first.start)}, memory {_memory(first.start)}, "
        f"image {_percentiles(first.latency)}, "
        f"{first.images_per_second[largest]:,.0f} images/s in batches of {largest}, "
        f"drawing {_percentiles(benchmark.picture)}"
    )


def as_json(benchmark: Benchmark, machine: Machine) -> dict[str, Any]:
    """Convert everything to JSON types; times in seconds, memory in bytes."""
    return {
        "version": __version__,
        "machine": {
            "processor": machine.processor,
            "processors": machine.processors,
            "platform": machine.platform,
            "python": machine.python,
            "onnxruntime": machine.onnxruntime,
        },
        "threads": machine.threads,
        "models": [_record(figures) for figures in benchmark.models],
        "picture_seconds": _latency_record(benchmark.picture),
        "measured_in_seconds": benchmark.seconds,
    }


def _record(figures: ModelFigures) -> dict[str, Any]:
    return {
        "model": figures.model,
        "precision": figures.precision,
        "device": figures.device,
        "start_seconds": figures.start.seconds if figures.start else None,
        "peak_memory_bytes": figures.start.peak_memory_bytes if figures.start else None,
        "latency_seconds": _latency_record(figures.latency),
        "images_per_second": {str(size): rate for size, rate in figures.images_per_second.items()},
    }


def _latency_record(latency: Latency) -> dict[str, float]:
    return {"p50": latency.p50, "p99": latency.p99}


def _figures_table(models: Iterable[ModelFigures]) -> Table:
    table = _table("start", "memory", "p50", "p99")
    for each in models:
        table.add_row(
            *_title(each),
            _start_seconds(each.start),
            _memory(each.start),
            _time(each.latency.p50),
            _time(each.latency.p99),
        )
    return table


def _throughput_table(models: Iterable[ModelFigures]) -> Table:
    table = _table(
        *(str(size) for size in BATCH_SIZES), title="thousands of images/s, by batch size"
    )
    for each in models:
        if each.images_per_second:
            rates = (_thousands(each.images_per_second[size]) for size in BATCH_SIZES)
            table.add_row(*_title(each), *rates)
    return table


def _table(*columns: str, title: str | None = None) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, 1),
        collapse_padding=True,
        title=title,
        title_justify="left",
    )
    table.add_column("model", no_wrap=True)
    table.add_column("runs", no_wrap=True)
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _title(figures: ModelFigures) -> tuple[str, str]:
    precision = f"{figures.precision} " if figures.precision else ""
    return figures.model, f"{precision}on {figures.device}"


def _name(figures: ModelFigures) -> str:
    return f"{figures.model} {figures.precision or ''}".strip()


def _start_seconds(start: Start | None) -> str:
    return f"{start.seconds:.2f} s" if start else "-"


def _memory(start: Start | None) -> str:
    if start is None or start.peak_memory_bytes is None:
        return "-"
    return f"{start.peak_memory_bytes / 1e6:.0f} MB"


def _thousands(rate: float) -> str:
    return f"{rate / 1000:.3g}" if rate < 1e6 else f"{rate / 1000:,.0f}"


def _percentiles(latency: Latency) -> str:
    return f"p50 {_time(latency.p50)}, p99 {_time(latency.p99)}"


def _time(seconds: float) -> str:
    """Write a time with three digits, in the unit that suits."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} us"
