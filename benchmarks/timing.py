"""How times are taken: contenders in turns, so that a busy machine is fair to all of them."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks import ROOT

Name = TypeVar("Name", bound=Hashable)


Row = dict[str, Any]
"""A row of a table, as JSON types."""


def goal(what: str, value: float, *, most: float | None = None, least: float | None = None) -> Row:
    """What was asked for, what was measured, and whether that is enough."""
    met = (most is None or value <= most) and (least is None or value >= least)
    return {"what": what, "value": float(f"{value:.4g}"), "most": most, "least": least, "met": met}


@dataclass(frozen=True)
class Times(Generic[Name]):
    """Seconds of each call of each contender, kept by rounds."""

    rounds: Mapping[Name, Sequence[NDArray[np.float64]]]

    def percentiles(self, name: Name) -> dict[str, float]:
        """p50, p90 and p99 in microseconds."""
        p50, p90, p99 = np.percentile(np.concatenate(self.rounds[name]), [50, 90, 99]) * 1e6
        return {
            "p50_us": round(float(p50), 2),
            "p90_us": round(float(p90), 2),
            "p99_us": round(float(p99), 2),
        }

    def fastest(self, name: Name) -> float:
        """The shortest of all calls, in microseconds: what a busy machine changes least."""
        return round(min(float(each.min()) for each in self.rounds[name]) * 1e6, 2)

    def seconds(self, name: Name) -> float:
        """The median of all calls."""
        return float(np.median(np.concatenate(self.rounds[name])))

    def ratio(self, name: Name, base: Name) -> float:
        """How many times as long as `base`: the median over the rounds, each within itself."""
        pairs = zip(self.rounds[name], self.rounds[base], strict=True)
        return statistics.median(float(np.median(a) / np.median(b)) for a, b in pairs)


def take_turns(
    calls: Mapping[Name, Callable[[], object]], rounds: int, seconds: float, least: int = 1
) -> Times[Name]:
    """Time each call for `rounds` rounds of `seconds` each, all of them in every round.

    Args:
        calls: The contenders by name.
        rounds: How often each has its turn.
        seconds: How long a turn lasts.
        least: Calls in a turn, however long they take.
    """
    taken: dict[Name, list[NDArray[np.float64]]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(rounds):
        for name, call in calls.items():
            taken[name].append(_turn(call, seconds, least))
    return Times(taken)


def _turn(call: Callable[[], object], seconds: float, least: int) -> NDArray[np.float64]:
    call()  # What the one before has left in the caches is not this one's fault.
    clock = time.perf_counter_ns
    times: list[int] = []
    end = clock() + int(seconds * 1e9)
    stop = 0
    while stop < end or len(times) < least:
        start = clock()
        call()
        stop = clock()
        times.append(stop - start)
    return np.array(times) / 1e9


@dataclass(frozen=True)
class Process:
    """What a whole process took."""

    wall: float
    """Seconds from start to end."""

    cpu: float
    """Seconds of all cores, in user and system mode."""


def run_process(command: Sequence[str | os.PathLike[str]]) -> Process:
    """Run a command in the repository's root, without its output.

    Python may keep what it compiles, as `pip install` does: else each run would compile it again.

    Raises:
        ChildProcessError: Its exit code was not 0.
    """
    start = time.perf_counter()
    with subprocess.Popen(
        [os.fspath(part) for part in command],
        cwd=ROOT,
        env={
            name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
        },
        stdout=subprocess.DEVNULL,
    ) as child:
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - start
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise ChildProcessError(f"{command} ended with exit code {child.returncode}")
    return Process(wall, usage.ru_utime + usage.ru_stime)


def processes_in_turns(
    commands: Mapping[str, Sequence[str | os.PathLike[str]]], rounds: int
) -> dict[str, list[Process]]:
    """Run each command once a round, the first round not counted."""
    taken: dict[str, list[Process]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            process = run_process(command)
            if number:
                taken[name].append(process)
    return taken


def median_ratio(
    ours: Sequence[Process], base: Sequence[Process], value: Callable[[Process], float]
) -> float:
    """The median over the rounds of one contender's value against another's."""
    return statistics.median(value(a) / value(b) for a, b in zip(ours, base, strict=True))
