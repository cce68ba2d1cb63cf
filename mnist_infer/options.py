"""The options that both commands share: which model, on which device."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import typer

Model: TypeAlias = Annotated[
    str, typer.Option(metavar="NAME|FILE", help="A bundled model, or your own ONNX file.")
]
InputRange: TypeAlias = Annotated[
    Literal["0..1", "0..255"] | None,
    typer.Option(help="What your ONNX file's float input expects.", show_default=False),
]
Device: TypeAlias = Annotated[
    Literal["auto", "cpu", "cuda"],
    typer.Option(help="auto takes CUDA where a session really gets it."),
]
Precision: TypeAlias = Annotated[
    Literal["auto", "float32", "int8"],
    typer.Option(help="The arithmetic; auto takes int8 on a CPU where the model has it."),
]
Threads: TypeAlias = Annotated[
    int, typer.Option(min=0, metavar="N", help="CPU threads for the network; 0: all cores.")
]
