"""The pictures of a run. Every function returns a matplotlib figure and draws on no screen."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Circle

from train.data import Array

_INK = "#1f2937"
_FAINT = "#9ca3af"
_TRAIN = "#2563eb"
_TEST = "#ea580c"
_BLUES = LinearSegmentedColormap.from_list("blues", ["#ffffff", "#93c5fd", "#1d4ed8"])
_REDS = LinearSegmentedColormap.from_list("reds", ["#fff7ed", "#fdba74", "#c2410c"])
_DPI = 150

_GAP = 2.0  # between columns; a unit's radius is _RADIUS, and 11 units fill a column of height 4.4
_RADIUS = 0.17
_MAX_UNITS = 11


def curves(
    history: Mapping[str, Sequence[float]], test: Mapping[str, float], validated_on: str = "test"
) -> Figure:
    """Draw loss and accuracy per epoch; `test` holds the final `loss` and `accuracy`.

    `validated_on` names the images behind `val_loss` and `val_accuracy`.
    """
    figure = _figure(10, 4)
    for axes, metric in zip(figure.subplots(1, 2), ("loss", "accuracy"), strict=True):
        epochs = np.arange(1, len(history[metric]) + 1)
        axes.plot(epochs, history[metric], "o-", color=_TRAIN, ms=4, label="training")
        if f"val_{metric}" in history:
            axes.plot(epochs, history[f"val_{metric}"], "o-", color=_TEST, ms=4, label=validated_on)
        else:
            label = f"test, after the last epoch: {test[metric]:.4f}"
            axes.axhline(test[metric], color=_TEST, ls="--", lw=1.2, label=label)
        axes.set_title(metric.capitalize(), color=_INK, loc="left", weight="bold")
        axes.set_xlabel("epoch")
        axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
        axes.grid(color="#e5e7eb")
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.15), ncols=2)
    return figure


def confusion(labels: Array, predicted: npt.NDArray[np.integer[Any]]) -> Figure:
    """Draw the confusion matrix of digits (N,): right answers in blue, mistakes in orange."""
    counts = np.zeros((10, 10), dtype=int)
    np.add.at(counts, (labels, predicted), 1)
    right = np.eye(10, dtype=bool)
    figure = _figure(7.2, 7.2)
    axes = figure.subplots()
    # Two scales: on one, a hundred right answers would bleach every mistake to the same white.
    axes.imshow(np.ma.masked_array(counts, ~right), cmap=_BLUES, vmin=0)
    axes.imshow(np.ma.masked_array(counts, right), cmap=_REDS, vmin=0, vmax=max(counts[~right]))
    for (row, column), count in np.ndenumerate(counts):
        scale = counts[right].max() if row == column else counts[~right].max()
        colour = "white" if count > 0.75 * scale else _INK
        axes.text(
            column,
            row,
            f"{count:,}" if count else "·",
            ha="center",
            va="center",
            fontsize=11 if row == column else 10,
            weight="bold" if row == column else "normal",
            color=colour if count else _FAINT,
        )
    axes.set_xticks(range(10))
    axes.set_yticks(range(10))
    axes.set_xticks(np.arange(11) - 0.5, minor=True)
    axes.set_yticks(np.arange(11) - 0.5, minor=True)
    axes.grid(which="minor", color="white", lw=1.5)
    axes.tick_params(which="both", length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel("predicted digit")
    axes.set_ylabel("true digit")
    wrong = int(counts.sum() - counts.trace())
    axes.set_title(
        f"{wrong:,} mistakes in {counts.sum():,} test digits", color=_INK, loc="left", weight="bold"
    )
    return figure


def mistakes(images: Array, labels: Array, probabilities: npt.NDArray[np.float32]) -> Figure:
    """Draw the mistakes that the network was surest of, the surest first.

    Takes images (N, 28, 28), labels (N,) and probabilities (N, 10).
    """
    rows, columns = 6, 10
    predicted = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    shown = wrong[np.argsort(-confidence[wrong], kind="stable")][: rows * columns]
    figure = _figure(12.5, 10)
    figure.suptitle(
        f"The {len(shown)} most confident of {len(wrong):,} mistakes: true digit → answer",
        color=_INK,
        weight="bold",
    )
    for axes in figure.subplots(rows, columns).flat:
        axes.set_axis_off()
    for axes, index in zip(figure.axes, shown, strict=False):
        axes.imshow(images[index], cmap="gray_r", vmin=0, vmax=255)
        axes.set_title(
            f"{labels[index]} → {predicted[index]}   {_percent(confidence[index])}",
            fontsize=9.5,
            color=_INK,
        )
    return figure


def _figure(width: float, height: float) -> Figure:
    """Make a figure of so many inches with air around its parts."""
    air = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.12)
    return Figure(figsize=(width, height), dpi=_DPI, layout=air)


def _percent(probability: float) -> str:
    """Round down, so that only certainty reads as 100 %."""
    return f"{np.floor(probability * 1000) / 10:.1f} %"


def architecture(model: Any) -> Figure:
    """Draw a built Keras model of flat layers as columns of units, from input to output.

    Tall columns are cut in the middle; a dropout layer shows the share it drops as hollow units.
    """
    columns = [_input_column(model), *map(_layer_column, model.layers)]
    figure = _figure(1.9 * len(columns) + 1.2, 6)
    axes = figure.subplots()
    axes.set_aspect("equal")
    axes.set(xlim=(-0.9, _GAP * (len(columns) - 1) + 0.9), ylim=(-3.1, 2.9))
    axes.set_axis_off()
    axes.set_title(
        f"{model.name}: {model.count_params():,} parameters", color=_INK, weight="bold", fontsize=14
    )
    for number, (left, right) in enumerate(pairwise(columns)):
        _draw_connections(axes, _GAP * number, left, right)
    for number, column in enumerate(columns):
        _draw_column(axes, _GAP * number, column)
    return figure


@dataclass(frozen=True)
class _Column:
    """What the picture says of one layer."""

    title: str
    detail: str
    parameters: int
    units: int
    dense: bool = False
    dropped: float = 0.0

    @property
    def cut(self) -> bool:
        """Whether there are too many units to draw them all."""
        return self.units > _MAX_UNITS

    @property
    def heights(self) -> list[float]:
        """The units drawn, from top to bottom; the middle one of a cut column gives way to dots."""
        drawn = min(self.units, _MAX_UNITS)
        heights = [0.42 * ((drawn - 1) / 2 - row) for row in range(drawn)]
        if self.cut:
            del heights[drawn // 2]
        return heights

    def drops(self, row: int) -> bool:
        """Spread the dropped units evenly: one wherever their running share fills a whole unit."""
        return int((row + 1) * self.dropped) > int(row * self.dropped)


def _input_column(model: Any) -> _Column:
    units = int(model.input_shape[-1])
    return _Column("Input", f"{units} pixels", 0, units)


def _layer_column(layer: Any) -> _Column:
    units = int(layer.output.shape[-1])
    activation = getattr(layer, "activation", None)
    rate = float(getattr(layer, "rate", 0.0))
    return _Column(
        title=type(layer).__name__,
        detail=f"{units} · {activation.__name__ if activation else f'rate {rate:g}'}",
        parameters=layer.count_params(),
        units=units,
        dense=hasattr(layer, "kernel"),
        dropped=rate,
    )


def _draw_connections(axes: Axes, x: float, left: _Column, right: _Column) -> None:
    pairs: Iterable[tuple[float, float]] = zip(left.heights, right.heights, strict=False)
    if right.dense:
        alive = [y for row, y in enumerate(left.heights) if not left.drops(row)]
        pairs = product(alive, right.heights)
    segments = [((x, start), (x + _GAP, end)) for start, end in pairs]
    axes.add_collection(LineCollection(segments, colors=_FAINT, linewidths=0.4, zorder=1))


def _draw_column(axes: Axes, x: float, column: _Column) -> None:
    colour = _TRAIN if column.parameters else _INK
    for row, y in enumerate(column.heights):
        drops = column.drops(row)
        axes.add_patch(
            Circle(
                (x, y),
                _RADIUS,
                facecolor="white" if drops else colour,
                edgecolor=_FAINT if drops else colour,
                linestyle="--" if drops else "-",
                zorder=2,
            )
        )
        if not column.cut:
            axes.text(x, y, str(row), ha="center", va="center_baseline", color="white", fontsize=9)
    if column.cut:
        axes.text(x, 0, "⋮", ha="center", va="center", fontsize=16, color=_INK)
    axes.text(x, 2.6, column.title, ha="center", weight="bold", fontsize=12, color=_INK)
    axes.text(x, -2.65, column.detail, ha="center", fontsize=11, color=_INK)
    if column.parameters:
        note = f"{column.parameters:,} parameters"
        axes.text(x, -2.95, note, ha="center", fontsize=9.5, color=_TRAIN)
