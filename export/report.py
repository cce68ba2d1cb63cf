"""The parity table as Markdown."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from export.parity import ALONE_LIMIT, KERAS_LIMIT, SUM_LIMIT

if TYPE_CHECKING:
    from export.parity import Parity


def parity_report(name: str, command: str, parity: Parity, test_accuracy: float) -> str:
    """Return the table of every image set and batch size, with the command that made it."""
    lines = [
        f"# Parity of {name} with its Keras model",
        "",
        "```",
        f"$ {command}",
        "```",
        "",
        f"Keras {version('keras')} on TensorFlow {version('tensorflow')} against "
        f"ONNX Runtime {version('onnxruntime')}, CPU, one thread; {parity.images:,} different "
        f"images. ONNX test accuracy: {test_accuracy:.2%}.",
        "",
        "| images | batch | largest difference from Keras | label changes | largest error of a "
        "row's sum | largest difference from the row alone | rows changed by their neighbours |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {row.images} | {row.batch_size:,} | {row.keras_difference:.1e} | {row.label_changes} "
        f"| {row.sum_error:.1e} | {row.alone_difference:.1e} | {row.neighbour_changes} |"
        for row in parity.rows
    ]
    lines += [
        f"| **allowed** | | {KERAS_LIMIT:.0e} | 0 | {SUM_LIMIT:.0e} | {ALONE_LIMIT:.0e} | 0 |",
        "",
        "A set smaller than a batch is repeated until it fills one. Neighbours: every other image "
        "of each batch is replaced by black, by white and by noise, then the others are; the rows "
        "that stay must keep every bit.",
        "",
    ]
    return "\n".join(lines)
