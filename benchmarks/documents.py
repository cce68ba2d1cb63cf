"""The tables of README, documentation and model card: `python -m benchmarks.documents`.

A table stands between `<!-- table: NAME -->` and `<!-- /table -->`, and is made from
`results/report.json`, `results/realworld.json` and what the bundled models' JSON files say.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import RESULTS, ROOT
from benchmarks.coldstart import OURS, SCRIPT
from benchmarks.contenders import BARE, BYTES, LITERT_INT8, PEERS, PROBABILITIES, usual
from benchmarks.machine import measured_on
from benchmarks.picture_sets import NON_DIGITS
from benchmarks.report_markdown import microseconds
from mnist_infer.config import DEFAULT_MODEL
from mnist_infer.inference.registry import bundled_info
from train.markdown import table

REALWORLD = RESULTS / "realworld.json"

MODELS = (DEFAULT_MODEL, "dense-512", "dense-512x2-documented", "dense-512-documented")

_BLOCK = re.compile(
    r"(?P<head><!-- table: (?P<name>\S+) -->)\n.*?(?P<end><!-- /table -->)", re.DOTALL
)
_HEAD = re.compile(r"(metrics: \[\{type: accuracy, value: )[\d.]+")

SINGLE = {
    "photo or scan of pen on paper": ("photo",),
    "drawing on a canvas": ("canvas", "canvas_bulk", "fresh_canvas"),
    "picture smaller than 64x64, or pure black and white": ("fresh_small", "fresh_bilevel"),
    "cell of a scanned table or form": ("scan_cells", "scan_ruled", "fresh_grid"),
    "printed digit": ("fresh_printed",),
}
"""Pictures of one digit: what a reader knows them by, and the sets of `benchmarks.realworld`."""

ROWS = {
    "number on plain paper": ("sequences", "sequences_fresh", "sequences_hard"),
    "number on ruled paper": ("sequences_ruled",),
    "phone photo of an eight-digit number": ("sequences_photo8",),
    "amount on a cheque": ("sequences_cheque",),
}
"""Pictures of a whole number."""

SETS = [*(name for names in (SINGLE | ROWS).values() for name in names), NON_DIGITS]
"""Every set that a table is made from."""

Sets = dict[str, dict[str, Any]]


def documents() -> list[Path]:
    """The documents that hold such tables, if they do."""
    return [ROOT / "README.md", ROOT / "MODEL_CARD.md", *sorted((ROOT / "docs").rglob("*.md"))]


def update() -> None:
    """Put the tables of all documents in line with the results."""
    for path in documents():
        before = path.read_text(encoding="utf-8")
        if (after := updated(before)) != before:
            path.write_text(after, encoding="utf-8")


def updated(text: str) -> str:
    """A document's text with its tables made anew, and the figure in the model card's head."""
    text = _BLOCK.sub(
        lambda found: f"{found['head']}\n\n{TABLES[found['name']]()}\n\n{found['end']}", text
    )
    return _HEAD.sub(lambda found: f"{found[1]}{_test_accuracy(DEFAULT_MODEL)}", text)


def report() -> dict[str, Any]:
    """What `python -m benchmarks.report` has measured last."""
    results: dict[str, Any] = json.loads((RESULTS / "report.json").read_text(encoding="utf-8"))
    return results


def realworld() -> dict[str, Any]:
    """What `python -m benchmarks.realworld DIR --publish` has measured last, by model."""
    results: dict[str, Any] = json.loads(REALWORLD.read_text(encoding="utf-8"))
    return results


def accuracy() -> str:
    """The default model, by what a reader knows the pictures by."""
    sets = realworld()[DEFAULT_MODEL]["sets"]
    rows = [(name, *_share(sets, names)) for name, names in (SINGLE | ROWS).items()]
    rows.append(("MNIST's test set", "10,000", f"{100 * _test_accuracy(DEFAULT_MODEL):.2f} %"))
    return table(("picture", "how many", "right"), rows)


def accuracy_of_tutorials() -> str:
    """What other ways to make 28x28 of a picture reach, beside the package."""
    sets = realworld()[DEFAULT_MODEL]["sets"]
    found = json.loads((RESULTS / "tutorials.json").read_text(encoding="utf-8"))["right"]
    ways = [key for key in next(iter(found.values())) if key != "pictures"]
    rows = [
        (
            name,
            *(f"{100 * right[way] / right['pictures']:.0f} %" for way in ways),
            _share(sets, SINGLE[name])[1],
        )
        for name, right in found.items()
    ]
    return table(("picture", *ways, "mnist-infer"), rows)


def accuracy_of_rows() -> str:
    """The default model on whole numbers: exact, and by digit."""
    sets = realworld()[DEFAULT_MODEL]["sets"]
    rows = []
    for name, names in ROWS.items():
        characters, errors, undetected = (
            sum(sets[each][key] for each in names)
            for key in ("characters", "errors", "undetected_length_errors")
        )
        wrong = f"{100 * errors / characters:.1f} %"
        rows.append((name, *_share(sets, names), wrong, str(undetected)))
    head = ("picture", "how many", "exactly right", "digits wrong", "undetected length errors")
    return table(head, rows)


def accuracy_of_models() -> str:
    """All bundled models side by side."""
    results = realworld()
    tests = [f"{100 * _test_accuracy(model):.2f} %" for model in MODELS]
    rows = [("MNIST's test set", "10,000", *tests)]
    for name, names in (SINGLE | ROWS).items():
        shares = [_share(results[model]["sets"], names) for model in MODELS]
        rows.append((name, shares[0][0], *(share for _, share in shares)))
    others = [results[model]["sets"][NON_DIGITS] for model in MODELS]
    aurocs = [f"{found['auroc']:.3f}" for found in others]
    rows.append(("AUROC: digit or not, by confidence", f"{others[0]['pictures']}", *aurocs))
    return table(("pictures", "how many", *(f"`{model}`" for model in MODELS)), rows)


def thresholds() -> str:
    """What each threshold of confidence rejects and what it lets pass, for the default model."""
    results = _thresholds()
    recommended = f"{results['recommended']:g}"
    rows = []
    for threshold, digits in results["test_digits"].items():
        real, others = (results[key][threshold] for key in ("real_digits", "non_digits"))
        name = {"0": "none", recommended: f"**{recommended}**"}.get(threshold, threshold)
        rows.append(
            (
                name,
                *(
                    f"{100 * kind['right_rejected'] / kind['pictures']:.1f} %"
                    for kind in (digits, real)
                ),
                *(f"{kind['wrong_accepted']}" for kind in (digits, real, others)),
            )
        )
    count, real_count, other_count = (
        f"{results[key]['0']['pictures']:,}" for key in ("test_digits", "real_digits", "non_digits")
    )
    head = (
        "threshold",
        "right answers rejected, MNIST",
        "right answers rejected, real pictures",
        f"wrong answers left of {count}, MNIST",
        f"wrong answers left of {real_count}, real pictures",
        f"answers left on {other_count} pictures without a digit",
    )
    return table(head, rows)


def thresholds_of_rows() -> str:
    """What each threshold of confidence marks of the numbers that were read."""
    results = _thresholds()["numbers"]
    numbers, wrong = (results["0"][key] for key in ("pictures", "wrong_accepted"))
    rows = [
        (
            threshold,
            f"{100 * (wrong - marks['wrong_accepted']) / wrong:.0f} %",
            f"{100 * marks['right_rejected'] / (numbers - wrong):.0f} %",
        )
        for threshold, marks in results.items()
        if threshold != "0"
    ]
    head = (
        "threshold",
        f"marked of {wrong} numbers read wrong",
        f"marked of {numbers - wrong} read right",
    )
    return table(head, rows)


def speed() -> str:
    """The default model by each way in, a user's first."""
    results = report()
    latency, start = _latency(results), _start(results)
    files = {row["kind"]: row for row in results["files"]["single"] if row["given"] == "path"}
    probabilities = latency[PROBABILITIES, usual(DEFAULT_MODEL)]
    rows = [
        ("`mnist-infer digit.png`, from Enter to answer", f"{start[OURS]['wall_ms']:.0f} ms"),
        ("`predict` of a 12-megapixel photo (JPEG)", microseconds(files["12 MP JPEG"]["p50_us"])),
        ("`predict` of a 500x500 drawing (PNG)", microseconds(files["500x500 PNG"]["p50_us"])),
        ("`probabilities` of a 28x28 array", microseconds(probabilities["p50_us"])),
        (
            "the same network in LiteRT (int8)",
            microseconds(latency[LITERT_INT8, DEFAULT_MODEL]["p50_us"]),
        ),
    ]
    return f"{table(('one picture', 'median time'), rows)}\n\n{measured_on(results['machine'])}"


def speed_of_peers() -> str:
    """The default model beside other runtimes with the same network on the same pixels."""
    results = report()
    latency, start = _latency(results), _start(results)
    ours = [(name, usual(DEFAULT_MODEL)) for name in (BARE, PROBABILITIES, BYTES)]
    peers = [(name, DEFAULT_MODEL) for name in PEERS if (name, DEFAULT_MODEL) in latency]
    rows = [
        (each[0], *(microseconds(latency[each][f"p{part}_us"]) for part in (50, 99)))
        for each in (*ours, *peers)
    ]
    rows += [(name, f"{start[name]['wall_ms']:.0f} ms", "") for name in (OURS, SCRIPT)]
    return (
        table(("one image of 28x28", "p50", "p99"), rows) + "\n\n" + measured_on(results["machine"])
    )


def throughput() -> str:
    """Images a second of the default model, one thread, by batch."""
    found = {
        row["batch"]: row["images_per_second"]
        for row in report()["throughput"]["rows"]
        if (row["runtime"], row["threads"]) == (usual(DEFAULT_MODEL), 1)
    }
    rows = [(f"{batch:,}", f"{found[batch]:,}") for batch in (1, 16, 64, 1024)]
    return table(("images a call", "images a second"), rows)


def cuda() -> str:
    """The GPU that was measured: images a second by batch size, beside one thread of its CPU."""
    section = report()["cuda"]
    head = ("images a call", "CPU, one thread", "GPU", "GPU, images kept in its memory")
    rows = [
        (
            f"{row['batch']:,}",
            *(f"{row[name]:,}" for name in ("cpu_one_thread", "with_transfer", "kept_on_device")),
        )
        for row in section["rows"]
    ]
    versions = section["machine"]["versions"]
    card, driver = section["card"].split(", ")
    where = (
        f"Measured on {section['machine']['date']}: {card}, driver {driver}, onnxruntime-gpu "
        f"{versions['onnxruntime-gpu']}; {section['machine']['processor']}."
    )
    return f"{table(head, rows)}\n\n{where}"


TABLES: dict[str, Callable[[], str]] = {
    "accuracy": accuracy,
    "accuracy-of-tutorials": accuracy_of_tutorials,
    "accuracy-of-rows": accuracy_of_rows,
    "thresholds-of-rows": thresholds_of_rows,
    "accuracy-of-models": accuracy_of_models,
    "thresholds": thresholds,
    "speed": speed,
    "speed-of-peers": speed_of_peers,
    "throughput": throughput,
    "cuda": cuda,
}


def _thresholds() -> dict[str, Any]:
    results: dict[str, Any] = json.loads((RESULTS / "thresholds.json").read_text(encoding="utf-8"))
    return results


def _share(sets: Sets, names: Sequence[str]) -> tuple[str, str]:
    """How many pictures are in the sets together, and how many percent of them are right."""
    pictures, right = (sum(sets[name][key] for name in names) for key in ("pictures", "right"))
    return f"{pictures:,}", f"{100 * right / pictures:.1f} %"


def _test_accuracy(model: str) -> float:
    """On MNIST's test set, in the precision that a CPU gets."""
    sidecar = bundled_info(model).sidecar
    return float((sidecar.get("int8") or sidecar)["test_accuracy"])


def _latency(results: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["name"], row["model"]): row for row in results["latency"]["rows"]}


def _start(results: dict[str, Any]) -> dict[str, dict[str, Any]]:
    rows: Iterable[dict[str, Any]] = results["coldstart"]["rows"]
    return {row["name"]: row for row in rows}


if __name__ == "__main__":
    update()
