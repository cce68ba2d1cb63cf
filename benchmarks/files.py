"""Folders of pictures by the command line, against Pillow decoding them and doing nothing."""

from __future__ import annotations

import io
import os
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

from benchmarks import ROOT
from benchmarks.pictures import KINDS
from benchmarks.timing import (
    Process,
    Row,
    goal,
    median_ratio,
    processes_in_turns,
    take_turns,
)
from examples.draw import Pen, paper, write_on
from mnist_infer import Recognizer
from train.data import Mnist

SMALL, DRAWINGS, PHOTOS = 10_000, 200, 40
TURN = 0.1
MAX_OVER_DECODING = {"28x28 PNG": 3, "500x500 PNG": 3, "12 MP JPEG": 1.5}


def measure(mnist: Mnist, rounds: int) -> Row:
    """A row for each kind of folder.

    The floor is the faster of one thread and one thread for each core. Whole processes count.
    """
    rows, goals = [], []
    for kind, write in {
        "28x28 PNG": lambda folder: _small(folder, mnist),
        "500x500 PNG": _drawings,
        "1600x1200 JPEG": _photos,
    }.items():
        with tempfile.TemporaryDirectory() as folder:
            count = write(Path(folder))
            row, ratio = _row(kind, folder, count, rounds)
        rows.append(row)
        if count == SMALL:
            what = f"a folder of {SMALL:,} of 28x28 by the command line, of Pillow's decoding alone"
            goals.append(goal(what, ratio, least=0.7))
    single = list(_single(rounds))
    for row in single:
        if row["given"] == "path":
            what = f"`predict` of a {row['kind']} by its path, times Pillow's decoding of the file"
            goals.append(goal(what, row["over_decode"], most=MAX_OVER_DECODING[row["kind"]]))
    return {"rows": rows, "single": single, "goals": goals}


def against_decoding(recognizer: Recognizer, given: Path | bytes, rounds: int) -> Row:
    """One file to a Prediction, in turns with Pillow's full decoding of it to an array."""
    times = take_turns(
        {
            "predict": lambda: recognizer.predict(given),
            "decode": lambda: np.asarray(
                Image.open(io.BytesIO(given) if isinstance(given, bytes) else given)
            ),
        },
        rounds,
        TURN,
        least=2,
    )
    return {
        **times.percentiles("predict"),
        "decode_us": times.percentiles("decode")["p50_us"],
        "over_decode": round(times.ratio("predict", "decode"), 2),
    }


def _single(rounds: int) -> Iterator[Row]:
    recognizer = Recognizer(device="cpu")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture"
        for kind, make in KINDS.items():
            content = make()
            path.write_bytes(content)
            for name, given in (("path", path), ("bytes", content)):
                yield {"kind": kind, "given": name, **against_decoding(recognizer, given, rounds)}


def _row(kind: str, folder: str, count: int, rounds: int) -> tuple[Row, float]:
    floor = [sys.executable, str(ROOT / "benchmarks" / "minimal_scripts.py"), "decode", folder]
    cores = str(os.cpu_count() or 1)
    ours = [sys.executable, "-m", "mnist_infer", folder, "--jsonl"]
    taken = processes_in_turns({"ours": ours, "1": [*floor, "1"], "cores": [*floor, cores]}, rounds)
    medians = {name: statistics.median(each.wall for each in taken[name]) for name in taken}
    best = min(("1", "cores"), key=lambda name: medians[name])
    ratio = median_ratio(taken[best], taken["ours"], lambda process: process.wall)
    row = {
        "kind": kind,
        "files": count,
        "images_per_second": round(count / medians["ours"]),
        "floor_images_per_second": round(count / medians[best]),
        "of_the_floor": round(ratio, 3),
        "cpu_us": _cpu_us(taken["ours"], count),
        "floor_cpu_us": _cpu_us(taken[best], count),
    }
    return row, ratio


def _cpu_us(processes: Sequence[Process], count: int) -> float:
    return round(statistics.median(each.cpu for each in processes) / count * 1e6, 1)


def _small(folder: Path, mnist: Mnist) -> int:
    for number, image in enumerate(mnist.x_test[:SMALL]):
        Image.fromarray(image).save(folder / f"{number:05}.png")
    return SMALL


def _drawings(folder: Path) -> int:
    for number in range(DRAWINGS):
        page = Image.new("RGB", (500, 500), "white")
        write_on(page, number % 10, (60 + number % 7, 50), 330, Pen(0.06, (0, 0, 0)))
        page.save(folder / f"{number:05}.png")
    return DRAWINGS


def _photos(folder: Path) -> int:
    sheet = paper((1600, 1200), 1)
    for number in range(PHOTOS):
        page = sheet.copy()
        write_on(page, number % 10, (600 + number, 300), 500, Pen(0.05, (40, 50, 110)))
        page.filter(ImageFilter.GaussianBlur(1)).save(folder / f"{number:05}.jpg", quality=85)
    return PHOTOS
