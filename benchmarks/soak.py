"""Long life: `python -m benchmarks.soak`.

A million predictions on one recogniser, 10,000 recognisers made and dropped, 10,000 decoding
processes that end over their picture and are replaced, and 100,000 predictions by 16 threads on one
recogniser, each compared with the answer of one thread. Each part runs in a process of its own. All
but the last report resident memory, with the slope of a straight line through the second half of
its samples, and open files. Linux only: they read /proc.

Parts that are not run again (`--kills 0`, say) keep their results, each with its machine.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks import RESULTS
from benchmarks.machine import describe
from benchmarks.processes import children
from mnist_infer import DecodeLimitError, Recognizer
from mnist_infer.decode.isolated import IsolatedDecoder
from tests.glyphs import digit_mask

RESULT = RESULTS / "soak.json"
_ENDS_AT_ONCE = """
import os
from mnist_infer.decode import images

images.decode_picture = lambda *_: os._exit(1)
"""
SAMPLES = 200
THREADS = 16


@dataclass(frozen=True)
class Life:
    """What a process looked like while it did the same thing again and again."""

    count: int
    resident_start_mb: float
    """After the first half percent, when all that is made once has been made."""

    resident_end_mb: float
    bytes_each: float
    """The slope: what resident memory grows by, each time."""

    files_start: int
    files_end: int


def live(count: int, act: Callable[[int], None]) -> Life:
    """Act `count` times, and watch the process."""
    samples = []
    marks = {round(count * (part + 1) / SAMPLES) for part in range(SAMPLES)}
    for number in range(1, count + 1):
        act(number)
        if number in marks:
            samples.append((number, _resident_bytes(), _open_files()))
    numbers, resident, files = np.array(samples, np.float64).T
    late = numbers > count / 2
    slope = np.polyfit(numbers[late], resident[late], 1)[0]
    return Life(
        count,
        round(float(resident[0]) / 1e6, 1),
        round(float(resident[-1]) / 1e6, 1),
        round(float(slope), 3),
        int(files[0]),
        int(files[-1]),
    )


def predictions(count: int) -> dict[str, Any]:
    """Predictions by one recogniser: mostly of 28x28 arrays, now and then of a picture or page."""
    recognizer = Recognizer(device="cpu")
    small = [recognizer.explain(_picture(digit)).image for digit in range(10)]
    large = [_picture(digit) for digit in range(10)]
    page = np.tile(_picture(3), (2, 4))

    def act(number: int) -> None:
        digit = number % 10
        if number % 10_000 == 0:
            assert set(recognizer.read(page).text) == {"3", "\n"}
        elif number % 100 == 0:
            assert recognizer.predict(large[digit]).digit == digit
        else:
            assert recognizer.predict(small[digit]).digit == digit

    return asdict(live(count, act))


def recognizers(count: int) -> dict[str, Any]:
    """Recognisers that are made, asked once and dropped."""
    image = Recognizer(device="cpu").explain(_picture(7)).image

    def act(_: int) -> None:
        assert Recognizer(device="cpu").probabilities(image).argmax() == 7

    return asdict(live(count, act))


def kills(count: int) -> dict[str, Any]:
    """Decoding processes that end over a picture; how many are left, zombies too.

    They are forks of a Python that stays, whose memory and files are watched as well.
    """
    with TemporaryDirectory() as folder:
        (Path(folder) / "sitecustomize.py").write_text(_ENDS_AT_ONCE)
        with patch.object(sys, "path", [folder, *sys.path]):
            decoder = IsolatedDecoder(1000, workers=1)
            _end_one(decoder, 0)
    (fork_server,) = children(os.getpid())
    before = _resident_bytes(fork_server), _open_files(fork_server)
    life = live(count, partial(_end_one, decoder))
    after = _resident_bytes(fork_server), _open_files(fork_server)
    return {
        **asdict(life),
        "resident_end_mb": round(life.resident_end_mb + (after[0] - before[0]) / 1e6, 1),
        "files_end": life.files_end + after[1] - before[1],
        "processes_end": len(children(fork_server)) + len(children(os.getpid())) - 1,
    }


def _end_one(decoder: IsolatedDecoder, _: int) -> None:
    try:
        decoder.decode(b"no picture")
    except DecodeLimitError:
        return
    raise AssertionError("the process has not ended")


def threads(count: int) -> dict[str, Any]:
    """Predictions by many threads on one recogniser; how many differ from those of one thread."""
    recognizer = Recognizer(device="cpu")
    images = np.random.default_rng(0).integers(0, 256, (1000, 28, 28), np.uint8)
    alone = np.stack([recognizer.probabilities(image)[0] for image in images])

    def work(_: int) -> int:
        shares = (number % len(images) for number in range(count // THREADS))
        return sum(
            not np.array_equal(recognizer.probabilities(images[number])[0], alone[number])
            for number in shares
        )

    with ThreadPoolExecutor(THREADS) as pool:
        different = sum(pool.map(work, range(THREADS)))
    return {"count": count // THREADS * THREADS, "threads": THREADS, "different": different}


def _picture(digit: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    mask = digit_mask(digit, 100)
    page = np.full((140, 140), 255, np.uint8)
    ink = np.asarray(mask)
    top, left = (140 - ink.shape[0]) // 2, (140 - ink.shape[1]) // 2
    page[top : top + ink.shape[0], left : left + ink.shape[1]] -= ink
    return page


def _resident_bytes(pid: int | str = "self") -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _open_files(pid: int | str = "self") -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208


def soak(counts: dict[str, int]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Run the parts, each in a fresh process."""
    parts: dict[str, Callable[[int], dict[str, Any]]] = {
        "predictions": predictions,
        "recognizers": recognizers,
        "kills": kills,
        "threads": threads,
    }
    for name, count in counts.items():
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            yield name, pool.apply(parts[name], (count,))


def main() -> None:
    """Run, print, and keep what came out; exit 1 on a wrong answer or a leaked file."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--predictions", type=int, default=1_000_000)
    parser.add_argument("--recognizers", type=int, default=10_000)
    parser.add_argument("--kills", type=int, default=10_000)
    parser.add_argument("--threads", type=int, default=100_000)
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    if sys.platform != "linux":
        raise SystemExit("the soak reads /proc, which only Linux has")
    parts = ("predictions", "recognizers", "kills", "threads")
    counts = {name: getattr(arguments, name) for name in parts}
    results: dict[str, Any] = {"command": "python -m benchmarks.soak"}
    if arguments.output.exists():
        results = json.loads(arguments.output.read_text(encoding="utf-8"))
    machine = describe()
    for name, result in soak({name: count for name, count in counts.items() if count}):
        print(name, result, flush=True)
        results[name] = {**result, "machine": machine}
    arguments.output.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    lives = [part for part in results.values() if isinstance(part, dict) and "files_end" in part]
    leaks = any(
        part["files_end"] > part["files_start"] or part.get("processes_end") for part in lives
    )
    if leaks or results.get("threads", {}).get("different"):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
