"""README's table of speed, made from the results."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from benchmarks.coldstart import OURS, SCRIPT
from benchmarks.contenders import BARE, BYTES, PEERS, PROBABILITIES, usual
from benchmarks.page import microseconds
from mnist_infer.config import DEFAULT_MODEL
from train.markdown import table

_BLOCK = re.compile(r"(<!-- speed: .*? -->\n).*?(\n<!-- /speed -->)", re.DOTALL)


def update(readme: Path, results: dict[str, Any]) -> None:
    """Put the table into the README, between its marks."""
    text = readme.read_text(encoding="utf-8")
    replaced = _BLOCK.sub(lambda found: found[1] + speed(results) + found[2], text)
    readme.write_text(replaced, encoding="utf-8")


def shown(readme: str) -> str:
    """The table that a README's text has between its marks."""
    found = _BLOCK.search(readme)
    return found[0].removeprefix(found[1]).removesuffix(found[2]) if found else ""


def speed(results: dict[str, Any]) -> str:
    """The default model by each way in, its peers on the same network, and whole processes."""
    latency = {(row["name"], row["model"]): row for row in results["latency"]["rows"]}
    start = {row["name"]: row for row in results["coldstart"]["rows"]}
    ours = [(name, usual(DEFAULT_MODEL)) for name in (BARE, PROBABILITIES, BYTES)]
    peers = [(name, DEFAULT_MODEL) for name in PEERS if (name, DEFAULT_MODEL) in latency]
    rows = [
        (each[0], *(microseconds(latency[each][f"p{part}_us"]) for part in (50, 99)))
        for each in (*ours, *peers)
    ]
    rows += [
        (f"`predict` of a {row['kind']}", microseconds(row["p50_us"]), microseconds(row["p99_us"]))
        for row in results.get("files", {"single": []})["single"]
        if row["given"] == "path"
    ]
    rows += [(name, f"{start[name]['wall_ms']:.0f} ms", "") for name in (OURS, SCRIPT)]
    machine = results["machine"]
    where = (
        f"On {machine['processor']}, {machine['cores']} cores, with a load average of "
        f"{machine['load_before']} when it began."
    )
    return table(("one image", "p50", "p99"), rows) + "\n\n" + where
