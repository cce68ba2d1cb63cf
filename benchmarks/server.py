"""Requests per second over HTTP: ``python -m benchmarks.server``.

Each endpoint against its floor, a bare Starlette route that decodes the same body and returns a
constant, with the same JSON parser, NumPy and Pillow but no check of what came, no limit on what a
picture may cost, and no access log; at 1, 8 and 64 connections. Beside it is a plain route, as one
would write it first: it also runs the network and answers as the real server does, without batches,
checks, limits, metrics and security headers. All of it runs on this machine, over loopback. The
rounds of the contenders alternate, so that a busy machine is fair to all; the processor time of a
request is that of the server and its decoding processes.

``python -m benchmarks.server_soak`` checks that all answers are right under full load.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import RESULTS
from benchmarks.http_load import Round, loads
from benchmarks.http_servers import ours, routes, serve_bare, serve_plain
from benchmarks.machine import describe, measured_on
from benchmarks.pictures import mnist_digits
from train.markdown import table

CONNECTIONS = (1, 8, 64)
GOAL = 0.5
"""Requests per second at 64 connections, as a part of the bare route's."""


def measure(image: NDArray[np.uint8], rounds: int, seconds: float) -> list[dict[str, Any]]:
    """A row for each load, number of connections and contender."""
    rows = []
    with ExitStack() as stack:
        contenders = {
            "floor": stack.enter_context(routes(serve_bare)),
            "plain route": stack.enter_context(routes(serve_plain)),
            "--quiet": stack.enter_context(ours("--quiet")),
            "with its access log": stack.enter_context(ours()),
        }
        for load in loads(image):
            for contender in contenders.values():
                contender.press(load.request, 8, 1)
            for connections in CONNECTIONS:
                seen: dict[str, list[Round]] = {name: [] for name in contenders}
                for _ in range(rounds):
                    for name, contender in contenders.items():
                        seen[name].append(contender.press(load.request, connections, seconds))
                rows += [_row(load.name, connections, name, seen[name]) for name in contenders]
                print(*rows[-len(contenders) :], sep="\n", file=sys.stderr)
    return rows


def _row(load: str, connections: int, contender: str, rounds: Sequence[Round]) -> dict[str, Any]:
    statuses: Counter[int] = sum((each.statuses for each in rounds), Counter())
    assert set(statuses) == {200}, statuses
    latencies = np.concatenate([each.latencies for each in rounds]) * 1000
    p50, p99 = np.percentile(latencies, [50, 99])
    rate = statistics.median(len(each.latencies) / each.seconds for each in rounds)
    return {
        "load": load,
        "connections": connections,
        "contender": contender,
        "requests_per_second": round(rate),
        "p50_ms": round(float(p50), 3),
        "p99_ms": round(float(p99), 3),
        "cpu_us": round(sum(each.cpu_seconds for each in rounds) / len(latencies) * 1e6),
    }


def as_markdown(rows: Sequence[dict[str, Any]], setup: str) -> str:
    """The table, with each row's share of the floor."""
    floors = {
        (row["load"], row["connections"]): row["requests_per_second"]
        for row in rows
        if row["contender"] == "floor"
    }
    lines = [
        "# The server over loopback",
        "",
        setup,
        "",
    ]
    head = (
        "request",
        "connections",
        "server",
        "requests/s",
        "of the floor",
        "p50 ms",
        "p99 ms",
        "CPU µs",
    )
    cells = [
        (
            row["load"],
            str(row["connections"]),
            row["contender"],
            f"{row['requests_per_second']:,}",
            f"{row['requests_per_second'] / floors[row['load'], row['connections']]:.0%}",
            str(row["p50_ms"]),
            str(row["p99_ms"]),
            str(row["cpu_us"]),
        )
        for row in rows
    ]
    return "\n".join([*lines, table(head, cells)]) + "\n"


def main() -> None:
    """Measure, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3, help="of each round")
    arguments = parser.parse_args()
    machine = describe()
    rows = measure(mnist_digits(1)[0], arguments.rounds, arguments.seconds)
    setup = (
        f"`python -m benchmarks.server`. {measured_on(machine)} Server and client share them. "
        f"Python {machine['python']}; median of {arguments.rounds} rounds of "
        f"{arguments.seconds:g} s. The floor is a bare Starlette route that decodes the same body "
        f"and returns a constant; the goal is {GOAL:.0%} of it at 64 connections. The plain route "
        "also runs the network and answers as the server does, and nothing else."
    )
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "server.json").write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    (RESULTS / "server.md").write_text(as_markdown(rows, setup), encoding="utf-8")


if __name__ == "__main__":
    main()
