"""Times, ratios and goals."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from benchmarks.timing import Times, goal, processes_in_turns, run_process, take_turns
from tests.paths import ROOT


def test_contenders_take_turns():
    order: list[str] = []
    calls = {name: lambda name=name: order.append(name) for name in "ab"}
    times = take_turns(calls, rounds=3, seconds=0, least=2)
    assert "".join(order).replace("aaa", "A").replace("bbb", "B") == "ab" + 3 * "AB"
    assert [len(turn) for turn in times.rounds["a"]] == [2, 2, 2]


def test_a_ratio_is_taken_within_each_round():
    seconds = np.array([1e-6, 1e-6, 1e-6])
    # The machine is ten times as slow in the second round, for both.
    times = Times({"a": [2 * seconds, 20 * seconds], "b": [seconds, 10 * seconds]})
    assert times.ratio("a", "b") == pytest.approx(2)


def test_the_fastest_call_is_the_shortest_of_all_rounds():
    assert Times({"a": [np.array([5e-6, 3e-6]), np.array([4e-6])]}).fastest("a") == 3


def test_percentiles_are_in_microseconds():
    times = Times({"a": [np.arange(101) / 1e6]})
    assert times.percentiles("a") == {"p50_us": 50, "p90_us": 90, "p99_us": 99}


@pytest.mark.parametrize(
    ("bounds", "met"),
    [({"most": 1.0}, True), ({"most": 0.9}, False), ({"least": 1.0}, True), ({"least": 2}, False)],
)
def test_a_goal_is_met_at_its_bound(bounds: dict[str, float], met: bool):
    assert goal("speed", 1.0, **bounds)["met"] is met


def test_a_process_costs_time_on_the_clock_and_on_the_processor():
    script = "import time; time.sleep(0.3); end = time.process_time() + 0.1\n"
    script += "while time.process_time() < end: pass"
    process = run_process([sys.executable, "-c", script])
    assert process.wall >= 0.4
    assert 0.1 <= process.cpu < process.wall


def test_a_process_that_fails_is_no_measurement():
    with pytest.raises(ChildProcessError, match="exit code 3"):
        run_process([sys.executable, "-c", "raise SystemExit(3)"])


def test_processes_take_turns_and_the_first_round_does_not_count():
    taken = processes_in_turns({"pass": [sys.executable, "-c", "pass"]}, rounds=2)
    assert len(taken["pass"]) == 2


@pytest.mark.parametrize("kind", ["predict", "decode"])
def test_the_floors_run(kind: str, tmp_path):
    from PIL import Image

    from mnist_infer.inference.registry import bundled_info

    Image.new("L", (28, 28)).save(tmp_path / "black.png")
    model = str(bundled_info("dense-512").path)
    arguments = {"predict": [model, str(tmp_path / "black.png")], "decode": [str(tmp_path), "2"]}
    floors = ROOT / "benchmarks" / "minimal_scripts.py"
    command = [sys.executable, str(floors), kind, *arguments[kind]]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip().isdigit() == (kind == "predict")
