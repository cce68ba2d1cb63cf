"""Whole processes: one digit against the least script that does the same, and the bare answers."""

from __future__ import annotations

import statistics
import sys

from benchmarks import ROOT
from benchmarks.timing import Process, Row, goal, median_ratio, processes_in_turns
from mnist_infer import Recognizer

OURS, SCRIPT, PASS = "`mnist-infer digit.png`", "a script with `session.run`", "`python -c pass`"
VERSION, HELP = "`mnist-infer --version`", "`mnist-infer --help`"


def commands() -> dict[str, list[str]]:
    """What is run, by name."""
    picture = str(ROOT / "examples" / "seven.png")
    model = str(Recognizer(device="cpu").model.path)
    ours = [sys.executable, "-m", "mnist_infer"]
    return {
        OURS: [*ours, picture],
        SCRIPT: [sys.executable, "benchmarks/minimal_scripts.py", "predict", model, picture],
        VERSION: [*ours, "--version"],
        HELP: [*ours, "--help"],
        PASS: [sys.executable, "-c", "pass"],
    }


def measure(rounds: int) -> Row:
    """A row for each process, medians of wall and CPU time."""
    taken = processes_in_turns(commands(), rounds)
    cpu = {name: statistics.median(each.cpu for each in taken[name]) for name in taken}
    rows = [
        {
            "name": name,
            "wall_ms": round(statistics.median(each.wall for each in processes) * 1e3, 1),
            "cpu_ms": round(cpu[name] * 1e3, 1),
        }
        for name, processes in taken.items()
    ]
    pair = taken[OURS], taken[SCRIPT]
    goals = [
        goal("cold start over the script, wall", median_ratio(*pair, _wall), most=1.10),
        goal("cold start over the script, CPU", median_ratio(*pair, _cpu), most=1.20),
        *(
            goal(f"{name} beyond {PASS}, ms of CPU", (cpu[name] - cpu[PASS]) * 1e3, most=120)
            for name in (VERSION, HELP)
        ),
    ]
    return {"rows": rows, "goals": goals}


def _wall(process: Process) -> float:
    return process.wall


def _cpu(process: Process) -> float:
    return process.cpu
