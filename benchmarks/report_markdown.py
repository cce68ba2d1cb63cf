"""The results of `benchmarks.report` as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.timing import Row
from train.markdown import table

Results = dict[str, Any]


def as_markdown(results: Results) -> str:
    """The whole page; a section that was not measured is left out."""
    machine = results["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    parts = [
        "# Benchmarks",
        f"Measured by `python -m benchmarks.report` on {machine['date']}: "
        f"{machine['processor']}{_instructions(machine)}, {machine['cores']} cores, "
        f"{machine['memory_gb']} GB, "
        f"{machine['system']}, Python {machine['python']}; {versions}. The load average was "
        f"{machine['load_before']} when it began. Contenders have their turns one after another, "
        "and a ratio is the median of the ratios within each round of turns.",
        *_goals(results),
    ]
    for name, section in _SECTIONS.items():
        if name in results:
            parts += section(results[name])
    return "\n\n".join(parts) + "\n"


def _instructions(machine: Row) -> str:
    known = machine.get("instructions")
    return f" ({', '.join(known)})" if known else ""


def microseconds(value: float) -> str:
    """A time with three digits, in the unit that suits it."""
    if value >= 1000:
        return f"{value / 1000:.3g} ms" if value < 1e6 else f"{value / 1e6:.3g} s"
    return f"{value:.3g} µs"


def _goals(results: Results) -> Iterator[str]:
    rows = [
        (each["what"], f"{each['value']:,}", _bound(each), "yes" if each["met"] else "**no**")
        for section in results.values()
        for each in section.get("goals", [])
    ]
    if rows:
        yield "## Goals"
        yield table(("what", "measured", "goal", "met"), rows)


def _bound(each: Row) -> str:
    return f"<= {each['most']:,}" if each["most"] is not None else f">= {each['least']:,}"


def _parity(section: Row) -> Iterator[str]:
    yield "## Accuracy parity"
    yield "Over MNIST's 10,000 test images, against Keras with the same weights."
    yield table(
        ("network", "runtime", "accuracy", "label changes", "largest difference"),
        [
            (
                f"`{row['network']}`",
                row["runtime"],
                f"{row['accuracy']:.2%}",
                str(row["label_changes"]),
                f"{row['largest_difference']:.2g}",
            )
            for row in section["rows"]
        ],
    )


def _latency(section: Row) -> Iterator[str]:
    yield "## Latency of one image, in process"
    yield (
        "One image of 28x28, one thread; `predict` takes it as an array, or as a PNG by path or as "
        "bytes. All take the same uint8 pixels and give probabilities."
    )
    yield "![latency](latency.svg)"
    yield table(
        ("what", "model", "p50", "p90", "p99"),
        [
            (
                row["name"],
                f"`{row['model']}`",
                *(microseconds(row[f"p{part}_us"]) for part in (50, 90, 99)),
            )
            for row in section["rows"]
        ],
    )
    yield from (f"Missing here: {name}. {why}" for name, why in section["missing"].items())
    if "bare" in section:
        yield from _bare_and_whole(section["bare"])


def _bare_and_whole(rows: Sequence[Row]) -> Iterator[str]:
    yield "### The bare call and the whole call"
    yield (
        "The bare call is the runtime's own, on an image that it has already been given. The whole "
        "call begins with a uint8 array and ends with probabilities as an array. Median and, in "
        "brackets, minimum; the ratios are to LiteRT int8's whole call."
    )
    yield table(
        ("what", "model", "bare", "whole", "bare, ratio", "whole, ratio"),
        [
            (
                row["name"],
                f"`{row['model']}`",
                *(
                    f"{microseconds(row[f'{kind}_p50_us'])} ({microseconds(row[f'{kind}_min_us'])})"
                    for kind in ("bare", "whole")
                ),
                *(str(row.get(f"{kind}_over_litert_int8", "")) for kind in ("bare", "whole")),
            )
            for row in rows
        ],
    )


def _throughput(section: Row) -> Iterator[str]:
    yield "## Throughput"
    peaks = "; ".join(
        f"{peak['threads']} thread(s): {peak['float32']:,} G/s in float32, "
        f"{peak['int8']:,} G/s in int8"
        for peak in section["peaks"]
    )
    yield (
        "Images per second, and the share of the machine's matrix peak: operations in a product of "
        f"512x512 matrices in ONNX Runtime ({peaks})."
    )
    yield "![throughput](throughput.svg)"
    batches = sorted({row["batch"] for row in section["rows"]})
    found: dict[tuple[str, str, int], dict[int, str]] = {}
    for row in section["rows"]:
        cells = found.setdefault((row["network"], row["runtime"], row["threads"]), {})
        cells[row["batch"]] = f"{row['images_per_second']:,} ({row['share_of_peak']:.0%})"
    yield table(
        ("network", "runtime", "threads", *(f"{batch:,}" for batch in batches)),
        [
            (f"`{network}`", runtime, str(threads), *(cells.get(batch, "") for batch in batches))
            for (network, runtime, threads), cells in found.items()
        ],
    )


def _files(section: Row) -> Iterator[str]:
    yield "## Files"
    yield (
        "`mnist-infer DIR --jsonl`, the whole process, against a process in which Pillow decodes "
        "the same folder and does nothing with it (with one thread, or one for each core, "
        "whichever is faster). CPU is what the process and its start took, for each picture."
    )
    yield table(
        ("folder", "files", "images/s", "floor", "of the floor", "CPU", "floor's CPU"),
        [
            (
                row["kind"],
                f"{row['files']:,}",
                f"{row['images_per_second']:,}",
                f"{row['floor_images_per_second']:,}",
                f"{row['of_the_floor']:.0%}",
                microseconds(row["cpu_us"]),
                microseconds(row["floor_cpu_us"]),
            )
            for row in section["rows"]
        ],
    )
    yield from _single(section)


def _single(section: Row) -> Iterator[str]:
    yield (
        "`predict` of one file, by its path or from its bytes, in this process, in turns with "
        "Pillow's decoding of the same to an array."
    )
    yield table(
        ("file", "given", "p50", "p90", "p99", "Pillow alone", "ratio"),
        [
            (
                row["kind"],
                row["given"],
                *(microseconds(row[f"p{part}_us"]) for part in (50, 90, 99)),
                microseconds(row["decode_us"]),
                f"{row['over_decode']:.2g}",
            )
            for row in section["single"]
        ],
    )


def _coldstart(section: Row) -> Iterator[str]:
    yield "## Cold start"
    yield (
        "Whole processes. The script is `predict` of [minimal_scripts.py](../minimal_scripts.py): "
        "it imports ONNX Runtime and Pillow, opens the same model and answers for the same picture."
    )
    yield "![cold start](coldstart.svg)"
    yield table(
        ("process", "wall", "CPU"),
        [
            (row["name"], f"{row['wall_ms']:.0f} ms", f"{row['cpu_ms']:.0f} ms")
            for row in section["rows"]
        ],
    )


def _footprint(section: Row) -> Iterator[str]:
    yield "## Footprint"
    yield "Installed are the newest releases of what it depends on, as pip found them."
    yield table(("what", "MB"), [(row["what"], f"{row['mb']:,.1f}") for row in section["rows"]])


def _cuda(section: Row) -> Iterator[str]:
    yield "## CUDA"
    if "skipped" in section:
        yield f"**Skipped**: {section['skipped']}"
        return
    if "recalled" in section:
        yield (
            "The machine of this report has no GPU; these figures are from another one, by "
            "`python -m benchmarks.cuda`."
        )
    versions = section["machine"]["versions"]
    yield (
        f"{section['card'].replace(', ', ', driver ')}; onnxruntime-gpu "
        f"{versions['onnxruntime-gpu']}; {section['machine']['date']}."
    )
    yield table(
        (
            "model, MNIST's test set",
            "right on CUDA",
            "right on the CPU",
            "labels changed",
            "largest difference",
            "all nodes on CUDA",
        ),
        [
            (
                f"`{row['name']}`",
                f"{row['accuracy']:.2%}",
                f"{row['accuracy_on_cpu']:.2%}",
                str(row["label_changes"]),
                f"{row['largest_difference']:.1e}",
                "yes" if row["nodes_on_cuda"] else "no",
            )
            for row in section["parity"]
        ],
    )
    names = [name for name in section["rows"][0] if name != "batch"]
    yield "Images per second, the default model; the CPU in int8, the GPU in float32."
    yield table(
        ("batch", *(name.replace("_", " ") for name in names)),
        [(f"{row['batch']:,}", *(f"{row[name]:,}" for name in names)) for row in section["rows"]],
    )
    yield f"The GPU pays from a batch of {section['pays_from_batch']}."


def _fitting(section: Row) -> Iterator[str]:
    yield "## Fitting"
    yield (
        "Five epochs and the evaluation, preparing the data included, in one thread. CPU time, "
        "which a busy machine changes least."
    )
    yield table(
        ("what", "seconds of CPU"),
        [(row["name"], f"{row['cpu_seconds']:.1f}") for row in section["rows"]],
    )


_SECTIONS = {
    "parity": _parity,
    "latency": _latency,
    "throughput": _throughput,
    "files": _files,
    "coldstart": _coldstart,
    "footprint": _footprint,
    "cuda": _cuda,
    "fitting": _fitting,
}
