"""The parity table as Markdown."""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

from export.parity import ALONE_LIMIT, FLOAT32_LIMITS, INT8_LIMITS, SUM_LIMIT
from train.markdown import table

if TYPE_CHECKING:
    from export.sidecar import Exported


def parity_report(name: str, command: str, exported: Exported) -> str:
    """Return the table of a float32 model against Keras, with the command that made it."""
    return _report(
        f"Parity of {name} with its Keras model",
        command,
        f"Keras {version('keras')} on TensorFlow {version('tensorflow')}",
        "Keras",
        exported,
        (f"{FLOAT32_LIMITS.difference:.0e}", str(FLOAT32_LIMITS.label_changes)),
    )


def int8_report(name: str, command: str, exported: Exported) -> str:
    """Return the table of a model in int8 against the same in float32."""
    return _report(
        f"Parity of {name} in int8 with itself in float32",
        command,
        "The same network in float32",
        "float32",
        exported,
        (f"{INT8_LIMITS.difference} on test", f"{INT8_LIMITS.label_changes} on test"),
    )


def _report(
    title: str,
    command: str,
    reference: str,
    against: str,
    exported: Exported,
    allowed: tuple[str, str],
) -> str:
    head = (
        "images",
        "batch",
        f"largest difference from {against}",
        "label changes",
        "largest error of a row's sum",
        "largest difference from the row alone",
        "rows changed by their neighbours",
    )
    rows = [
        (
            row.images,
            f"{row.batch_size:,}",
            f"{row.difference:.1e}",
            str(row.label_changes),
            f"{row.sum_error:.1e}",
            f"{row.alone_difference:.1e}",
            str(row.neighbour_changes),
        )
        for row in exported.parity.rows
    ]
    bounds = ("**allowed**", "", *allowed, f"{SUM_LIMIT:.0e}", f"{ALONE_LIMIT:.0e}", "0")
    lines = [
        f"# {title}",
        "",
        "```",
        f"$ {command}",
        "```",
        "",
        f"{reference} against ONNX Runtime {version('onnxruntime')}, CPU, one thread; "
        f"{exported.parity.images:,} different images. ONNX test accuracy: "
        f"{exported.test_accuracy:.2%}.",
        "",
        table(head, [*rows, bounds]),
        "",
        "A set smaller than a batch is repeated until it fills one. Neighbours: every other image "
        "of each batch is replaced by black, by white and by noise, then the others are; the rows "
        "that stay must keep every bit.",
        "",
    ]
    return "\n".join(lines)
