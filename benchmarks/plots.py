"""The results as plots."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.contenders import BARE, DECODE, INT8
from benchmarks.report_markdown import microseconds
from benchmarks.timing import Row

OURS, FLOOR, PEER, RULE = "#0b6e99", "#86bcd3", "#b8bec4", "#e4e7ea"
_STYLE: Any = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#8a9299",
    "axes.titlelocation": "left",
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "svg.hashsalt": "mnist-infer",  # The same results give the same bytes.
}


def draw(results: dict[str, Any], folder: Path) -> None:
    """An SVG for each section that has one."""
    plots = {"latency": _latency, "throughput": _throughput, "coldstart": _coldstart}
    with mpl.rc_context(_STYLE):
        for name, plot in plots.items():
            if name in results:
                figure = plot(results[name])
                path = folder / f"{name}.svg"
                figure.savefig(path, bbox_inches="tight", metadata={"Date": None})


def _latency(section: Row) -> Figure:
    networks = list(dict.fromkeys(row["model"].removesuffix(INT8) for row in section["rows"]))
    figure = Figure((8, 0.5 + 4.6 * len(networks)), layout="constrained")
    for axes, network in zip(
        figure.subplots(len(networks), squeeze=False).flat, networks, strict=True
    ):
        of_network = [r for r in section["rows"] if r["model"].removesuffix(INT8) == network]
        _bars(axes, sorted(of_network, key=lambda row: -float(row["p50_us"])))
        axes.set_title(f"One image of 28x28, {network}: median, and p99 in brackets")
    return figure


def _bars(axes: Axes, rows: list[Row]) -> None:
    places = range(len(rows))
    p50 = [row["p50_us"] for row in rows]
    axes.barh(places, p50, color=[_color(row["name"]) for row in rows])
    for place, row in enumerate(rows):
        label = f" {microseconds(row['p50_us'])} ({microseconds(row['p99_us'])})"
        axes.text(row["p50_us"], place, label, va="center", fontsize=8)
    axes.set_xscale("log")
    axes.set_xlim(min(p50) / 2, max(p50) * 8)
    axes.set_xlabel("microseconds")
    axes.set_yticks(places, [_name(row) for row in rows])
    axes.tick_params(axis="y", length=0)


def _color(name: str) -> str:
    return FLOOR if name in (BARE, DECODE) else OURS if "`" in name else PEER


def _name(row: Row) -> str:
    name = row["name"].replace("`", "")
    return f"{name}, int8" if row["model"].endswith(INT8) else name


def _throughput(section: Row) -> Figure:
    networks = list(dict.fromkeys(row["network"] for row in section["rows"]))
    figure = Figure((8, 4.4), layout="constrained")
    panels = figure.subplots(1, len(networks), squeeze=False, sharey=True).flat
    for axes, network in zip(panels, networks, strict=True):
        lines: dict[tuple[str, int], list[Row]] = {}
        for row in section["rows"]:
            if row["network"] == network:
                lines.setdefault((row["runtime"], row["threads"]), []).append(row)
        batches = sorted({row["batch"] for row in section["rows"]})
        for number, ((runtime, threads), rows) in enumerate(lines.items()):
            is_peer = runtime.startswith("LiteRT")
            axes.plot(
                [row["batch"] for row in rows],
                [row["images_per_second"] for row in rows],
                color="#5b636a" if is_peer else f"C{number}",
                linestyle="--" if is_peer else "-",
                marker="o",
                markersize=3,
                label=f"{runtime}, {threads} thread{'s' * (threads > 1)}",
            )
        axes.set_xscale("log")
        axes.set_xticks(batches[::2], [f"{batch:,}" for batch in batches[::2]])
        axes.minorticks_off()
        axes.set_yscale("log")
        axes.grid(color=RULE)
        axes.set_xlabel("batch")
        axes.set_title(network)
        axes.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(0, -0.18))
    figure.axes[0].set_ylabel("images per second")
    return figure


def _coldstart(section: Row) -> Figure:
    rows = section["rows"][::-1]
    figure = Figure((8, 2.6), layout="constrained")
    axes = figure.subplots()
    for place, row in enumerate(rows):
        axes.barh(
            place + 0.2, row["wall_ms"], 0.38, color=OURS, label="wall" if not place else None
        )
        axes.barh(place - 0.2, row["cpu_ms"], 0.38, color=PEER, label="CPU" if not place else None)
        axes.text(row["wall_ms"], place + 0.2, f" {row['wall_ms']:.0f}", va="center", fontsize=8)
        axes.text(row["cpu_ms"], place - 0.2, f" {row['cpu_ms']:.0f}", va="center", fontsize=8)
    axes.set_yticks(range(len(rows)), [row["name"].replace("`", "") for row in rows])
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("milliseconds, whole process")
    axes.set_title("Start to end of a command; digit.png has 280x280 pixels")
    axes.legend(frameon=False, loc="upper right", bbox_to_anchor=(1, -0.1), ncols=2)
    return figure
