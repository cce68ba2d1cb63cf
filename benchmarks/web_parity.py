"""Whether browsers answer as Python does: `python -m benchmarks.web_parity FOLDER`.

`digit.onnx`, run by onnxruntime-web (WebAssembly, in Node), against `Recognizer.predict`, on
people's own drawings: `<folder>/<set>/<digit>/<image>`.
"""

from __future__ import annotations

import json
import struct
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from benchmarks import ROOT
from export.errors import ParityError
from export.picture_parity import SAME, drawing_sets
from mnist_infer import ImageError, Recognizer

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

MODEL = ROOT / "mnist_infer" / "models" / "picture" / "digit.onnx"


def main(
    folder: Annotated[Path, typer.Argument(help="People's own drawings, canvas/7/a.png say.")],
    model: Annotated[Path, typer.Option(help="The picture model.")] = MODEL,
) -> None:
    """Compare, print a line for each set, and fail where less than 99.5 % are the same."""
    recognizer = Recognizer(device="cpu")
    nothing = np.empty((0, 28, 28), np.uint8)
    count = same = 0
    try:
        sets = [
            (name, list(found)) for name, found in drawing_sets(nothing, nothing[:, 0, 0], folder)
        ]
    except ParityError as error:
        raise SystemExit(f"error: {error}") from error
    for name, drawings in sets:
        if not drawings:
            continue
        digits = web_digits(model, [each.grey for each in drawings])
        expected = [_predict(recognizer, each.source) for each in drawings]
        answered = [
            (digit, each) for digit, each in zip(digits, expected, strict=True) if each is not None
        ]
        equal = sum(digit == each for digit, each in answered)
        typer.echo(f"{name}: {equal} of {len(answered)} drawings have the digit of `predict`")
        count += len(answered)
        same += equal
    typer.echo(f"together: {same} of {count}, {same / count:.2%}")
    if same / count < SAME:
        raise typer.Exit(1)


def web_digits(model: Path, pictures: Iterable[NDArray[np.uint8]]) -> list[int]:
    """Return what onnxruntime-web makes of pictures, each uint8 `(H, W)`.

    Raises:
        CalledProcessError: Node or its packages are missing: ``npm ci --ignore-scripts`` in web.
    """
    sent = b"".join(struct.pack("<II", *each.shape) + each.tobytes() for each in pictures)
    done = subprocess.run(
        ["node", "answer.mjs", str(model.resolve())],
        cwd=ROOT / "web",
        input=sent,
        stdout=subprocess.PIPE,
        check=True,
    )
    digits: list[int] = json.loads(done.stdout)
    return digits


def _predict(recognizer: Recognizer, source: Path | NDArray[np.uint8]) -> int | None:
    try:
        return recognizer.predict(source).digit
    except ImageError:
        return None


if __name__ == "__main__":
    typer.run(main)
