"""Every figure of speed and size from one run, as one page: `python -m benchmarks.report`.

It writes `report.json`, `report.md` and its plots, and the documents' tables anew. Contenders
are measured in turns and ratios are taken within each turn, so that a busy machine changes the
times but hardly the ratios.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks import RESULTS
from benchmarks.timing import Row

PEER_MODULES = ("ai_edge_litert", "cv2", "openvino")
SECTIONS = ["parity", "latency", "throughput", "files", "coldstart", "footprint", "cuda", "fitting"]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, write the page, and say which goals are missed."""
    parser = argparse.ArgumentParser(
        description=__doc__.partition("\n")[0], prog="python -m benchmarks.report"
    )
    parser.add_argument("--output", type=Path, default=RESULTS, help="the page's folder")
    parser.add_argument(
        "--quick", action="store_true", help="one round of each, to see that it works"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        choices=SECTIONS,
        help="a page of these sections alone; needs --output, since the project's is of one run",
    )
    parser.add_argument("--data", help="MNIST, as in `python -m train fit`")
    options = parser.parse_args(arguments)

    if options.only and options.output == RESULTS:
        parser.error("--only needs --output DIR: the project's page is of one whole run")
    if options.output == RESULTS and (missing := missing_peers()):
        parser.error(
            f"not installed: {', '.join(missing)}. The project's page compares with them: "
            'pip install ".[peers]", or write a page without them: --output DIR'
        )
    results = measure(options.only or SECTIONS, options.data, quick=options.quick)
    write(results, options.output)
    if options.output == RESULTS:
        from benchmarks.documents import update

        update()
    for each in goals(results):
        if not each["met"]:
            print(f"missed: {each['what']}: {each['value']:,}", file=sys.stderr)


def missing_peers() -> list[str]:
    """Modules of the extra `peers` that are not installed."""
    return [name for name in PEER_MODULES if find_spec(name) is None]


def measure(sections: Sequence[str], data: str | None, *, quick: bool) -> dict[str, Any]:
    """What each section's module measures, and the machine that it is from."""
    from benchmarks import machine
    from train.quiet import quiet_stderr

    results: dict[str, Any] = {"machine": machine.describe()}
    with quiet_stderr():
        import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    from threadpoolctl import threadpool_limits

    for name, section in _sections(data, quick=quick).items():
        if name in sections:
            print(f"{name} ...", file=sys.stderr)
            with threadpool_limits(1):
                results[name] = section()
    return results


def _sections(data: str | None, *, quick: bool) -> dict[str, Callable[[], Row]]:
    from benchmarks import (
        coldstart,
        cuda,
        files,
        fitting,
        footprint,
        latency,
        parity,
        throughput,
    )
    from benchmarks.data import load_or_exit
    from benchmarks.keras_reference import networks

    mnist = load_or_exit(data)
    every = networks()
    fast = {name: each for name, each in every.items() if not name.endswith("-documented")}

    def rounds(many: int) -> int:
        return 1 if quick else many

    return {
        "parity": lambda: parity.measure(every, mnist),
        "latency": lambda: latency.measure(fast, mnist, rounds(40)),
        "throughput": lambda: throughput.measure(fast, mnist, rounds(3)),
        "files": lambda: files.measure(mnist, rounds(5)),
        "coldstart": lambda: coldstart.measure(rounds(25)),
        "footprint": lambda: footprint.measure(10_000 if quick else 100_000),
        "cuda": lambda: cuda.measure_or_recall(mnist, rounds(5)),
        "fitting": lambda: fitting.measure(mnist, 1 if quick else 2),
    }


def goals(results: dict[str, Any]) -> list[Row]:
    """The goals of all sections."""
    return [each for name in SECTIONS for each in results.get(name, {}).get("goals", [])]


def write(results: dict[str, Any], folder: Path) -> None:
    """The results as JSON, and as a page with its plots."""
    from benchmarks import plots
    from benchmarks.report_markdown import as_markdown

    folder.mkdir(parents=True, exist_ok=True)
    content = json.dumps(results, indent=1) + "\n"
    (folder / "report.json").write_text(content, encoding="utf-8")
    (folder / "report.md").write_text(as_markdown(results), encoding="utf-8")
    plots.draw(results, folder)


if __name__ == "__main__":
    main()
