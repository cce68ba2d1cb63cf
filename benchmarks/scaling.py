"""Images per second through Ray, on 1 and 2 local workers: `python -m benchmarks.scaling`.

The same folder by the plain command line (`mnist-infer FOLDER --jsonl`), by `mnist-infer batch`,
and up to 10,000 images also by `read_digits` of Ray Data. Speed counts from the first answers to
the last, so that start-up is apart from it. CPU seconds are those of all processes, Ray's own
included: they tell what an image costs also where other work slows the clock. Every run of a batch
is checked: one row for each image, digits as in the plain run. Sizes that were measured before stay
in the table, each with its machine.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import RESULTS
from benchmarks.digit_folder import write_digits
from benchmarks.machine import describe, measured_on
from benchmarks.processes import peak_bytes
from train.markdown import table

SIZES = (1_000, 10_000, 100_000)
MAX_FOR_RAY_DATA = 10_000
BATCH = 1024
PARTS = 20
WORKER = "ray::_PartReader"
_TICKS = os.sysconf("SC_CLK_TCK")
_RAY_DATA = """
import json, sys, time
import ray.data
from mnist_infer.integrations.ray import read_digits
started = time.perf_counter()
folder, workers = sys.argv[1], int(sys.argv[2])
ray.init(address="local", num_cpus=workers, include_dashboard=False, log_to_driver=False,
         object_store_memory=200_000_000)
ray.data.DataContext.get_current().enable_progress_bars = False
times, counts = [], []
for batch in read_digits(folder, concurrency=workers).iter_batches(batch_size=None):
    times.append(time.perf_counter())
    counts.append(len(batch["digit"]))
print(json.dumps([times[0] - started, times[-1] - times[0], sum(counts[1:])]))
"""


@dataclass
class Usage:
    """What a command and all that it starts have used."""

    cpu_s: dict[int, float] = field(default_factory=dict)
    driver_mb: float = 0
    worker_mb: float = 0
    """Of the largest worker."""

    def look(self, command: int) -> None:
        """Note the state of the command's process and of its descendants."""
        stats, parents = {}, {}
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit():
                try:
                    fields = (folder / "stat").read_text().rpartition(")")[2].split()
                except OSError:
                    continue
                stats[int(folder.name)] = fields
                parents[int(folder.name)] = int(fields[1])

        def descends(process: int) -> bool:
            return process == command or (process in parents and descends(parents[process]))

        for process in filter(descends, stats):
            self.cpu_s[process] = sum(map(int, stats[process][11:13])) / _TICKS
            if process == command:
                self.driver_mb = max(self.driver_mb, _peak_mb(process))
            elif _title(process).startswith(WORKER):
                self.worker_mb = max(self.worker_mb, _peak_mb(process))


def _title(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_text()
    except OSError:
        return ""


def _peak_mb(process: int) -> float:
    """The most memory that a process has had resident; 0 of one that has ended."""
    with suppress(OSError, IndexError):
        return peak_bytes(process) / 2**20
    return 0


@contextmanager
def watched(command: Sequence[str]) -> Iterator[tuple[subprocess.Popen[bytes], Usage]]:
    """A command while it runs, and what it uses, looked at four times a second."""
    usage = Usage()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:

        def watch() -> None:
            while process.poll() is None:
                usage.look(process.pid)
                time.sleep(0.25)

        watcher = threading.Thread(target=watch)
        watcher.start()
        yield process, usage
        process.wait()
        watcher.join()
    assert process.returncode == 0, command


def plain(folder: Path) -> tuple[dict[str, Any], list[int | None]]:
    """The command line over the folder, in one process, and the digits that it gives."""
    started = time.perf_counter()
    times, chunks = [], []
    options = [str(folder), "--jsonl", "--jobs", "1", "--batch-size", str(BATCH)]
    with watched([sys.executable, "-m", "mnist_infer", *options]) as (process, usage):
        assert process.stdout
        while chunk := os.read(process.stdout.fileno(), 1 << 20):
            times.append(time.perf_counter())
            chunks.append(chunk)
    digits = [json.loads(line)["digit"] for line in b"".join(chunks).splitlines()]
    later = len(digits) - BATCH
    row = {
        "startup_s": times[0] - started,
        "images_per_s": later / (times[-1] - times[0]) if later > 0 else None,
        "total_s": times[-1] - started,
        "cpu_s": sum(usage.cpu_s.values()),
        "driver_mb": usage.driver_mb,
    }
    return row, digits


def batch(folder: Path, workers: int, expected: Sequence[int | None]) -> dict[str, Any]:
    """`mnist-infer batch` over the folder; fails unless every image has its row."""
    import pyarrow.parquet as pq

    size = min(-(-len(expected) // PARTS), BATCH)
    started = time.time()
    with tempfile.TemporaryDirectory() as out:
        options = [str(folder), out, "--workers", str(workers), "--part-size", str(size)]
        with watched([sys.executable, "-m", "mnist_infer", "batch", *options]) as (_, usage):
            pass
        total = time.time() - started
        written = sorted(path.stat().st_mtime for path in Path(out).glob("part-*"))
        listed = (Path(out) / "_work.parquet").stat().st_mtime
        digits = pq.read_table(out).column("digit").to_pylist()
        written_bytes = _bytes_below(Path(out), "part-*")
    assert digits == expected, "rows are lost, doubled, or differ from the plain run"
    return {
        "startup_s": written[0] - started,
        "listed_after_s": listed - started,
        # When the first part is done, so are the others' first parts, nearly.
        "images_per_s": (len(digits) - workers * size) / (written[-1] - written[0]),
        "total_s": total,
        "cpu_s": sum(usage.cpu_s.values()),
        "driver_mb": usage.driver_mb,
        "worker_mb": usage.worker_mb,
        "bytes_read_per_image": _bytes_below(folder, "*/*.png") / len(digits),
        "bytes_written_per_image": written_bytes / len(digits),
    }


def _bytes_below(folder: Path, pattern: str) -> int:
    return sum(path.stat().st_size for path in folder.glob(pattern))


def ray_data(folder: Path, workers: int) -> dict[str, Any]:
    """`read_digits` over the folder, its answers taken by the driver."""
    started = time.perf_counter()
    with watched([sys.executable, "-c", _RAY_DATA, str(folder), str(workers)]) as (process, usage):
        assert process.stdout
        told = process.stdout.read()
    startup, seconds, images = json.loads(told.splitlines()[-1])
    return {
        "startup_s": startup,
        "images_per_s": images / seconds if images else None,
        "total_s": time.perf_counter() - started,
        "cpu_s": sum(usage.cpu_s.values()),
        "driver_mb": usage.driver_mb,
    }


def measure(folder: Path, images: int, rounds: int) -> list[dict[str, Any]]:
    """A row for each contender and number of workers; their rounds alternate."""
    runs: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for _ in range(rounds):
        row, digits = plain(folder)
        assert len(digits) == images
        runs.setdefault(("plain", 1), []).append(row)
        for workers in (1, 2):
            runs.setdefault(("batch", workers), []).append(batch(folder, workers, digits))
            if images <= MAX_FOR_RAY_DATA:
                runs.setdefault(("ray data", workers), []).append(ray_data(folder, workers))
    rows = []
    for (contender, workers), results in runs.items():
        rows.append({"images": images, "contender": contender, "workers": workers})
        for key in results[0]:
            values = [result[key] for result in results]
            rows[-1][key] = None if None in values else round(statistics.median(values), 2)
        print(rows[-1], file=sys.stderr)
    return rows


COLUMNS = (
    ("images/s", "images_per_s", 0),
    ("start s", "startup_s", 1),
    ("whole s", "total_s", 1),
    ("CPU s", "cpu_s", 1),
    ("driver MB", "driver_mb", 0),
    ("worker MB", "worker_mb", 0),
)
"""Of the table: head, key of a row, and decimal places."""


def as_markdown(sizes: dict[str, dict[str, Any]]) -> str:
    """The table, below it what the goals are about, and the machines where they are known."""
    rows = [row for size in sizes.values() for row in size["rows"]]
    cells = [
        (
            f"{row['images']:,}",
            row["contender"],
            str(row["workers"]),
            *("" if row.get(key) is None else f"{row[key]:,.{n}f}" for _, key, n in COLUMNS),
        )
        for row in rows
    ]
    lines = [
        "# Many images on one machine",
        "",
        "`python -m benchmarks.scaling`: 28x28 PNGs in a folder, 1,024 images through the network",
        "together, medians of the rounds. images/s count from the first answers to the last,",
        "start is all before; CPU is that of all processes; MB are peaks of resident memory,",
        "looked at four times a second, which is too seldom for the shortest run.",
        "",
        table(("images", "by", "workers", *(head for head, _, _ in COLUMNS)), cells),
        "",
        *(f"- {line}" for line in comparisons(rows)),
        *(
            f"- {int(images):,} images: {measured_on(size['machine'])}"
            for images, size in sizes.items()
            if "processor" in size["machine"]
        ),
    ]
    return "\n".join(lines) + "\n"


def comparisons(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Say for each size what a second worker gains and what the engine costs."""
    by = {(row["images"], row["contender"], row["workers"]): row for row in rows}
    lines = []
    for images, contender, _ in [key for key in by if key[1] != "plain" and key[2] == 2]:
        one, two, alone = (
            by[images, name, workers]["images_per_s"]
            for name, workers in ((contender, 1), (contender, 2), ("plain", 1))
        )
        if one and two:
            share = f"; 1 worker takes {alone / one - 1:+.0%} time for an image" if alone else ""
            lines.append(f"{images:,}, {contender}: 2 workers are {two / one:.2f} x as fast{share}")
    sizes = sorted({row["images"] for row in rows})
    if len(sizes) > 1:
        few, many = sizes[-2:]
        cost = {
            name: (by[many, name, 1]["cpu_s"] - by[few, name, 1]["cpu_s"]) / (many - few)
            for name in ("plain", "batch")
        }
        lines.append(
            f"CPU for each image beyond {few:,}: plain {cost['plain'] * 1e6:.0f} µs, batch with "
            f"1 worker {cost['batch'] * 1e6:.0f} µs ({cost['batch'] / cost['plain'] - 1:+.0%})"
        )
    return lines


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--images", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--data", type=Path, help="keep the generated images here, in N/")
    arguments = parser.parse_args()
    file = RESULTS / "scaling.json"
    sizes = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    for images in arguments.images:
        machine = describe()
        with tempfile.TemporaryDirectory() as temporary:
            folder = (arguments.data or Path(temporary)) / str(images)
            if not folder.exists():
                write_digits(folder, images)
            rows = measure(folder, images, arguments.rounds)
        sizes[str(images)] = {"machine": machine, "rounds": arguments.rounds, "rows": rows}
        sizes = dict(sorted(sizes.items(), key=lambda item: int(item[0])))
        RESULTS.mkdir(exist_ok=True)
        file.write_text(json.dumps(sizes, indent=2) + "\n", encoding="utf-8")
        (RESULTS / "scaling.md").write_text(as_markdown(sizes), encoding="utf-8")


if __name__ == "__main__":
    main()
