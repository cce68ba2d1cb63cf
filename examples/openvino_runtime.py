"""A bundled model in OpenVINO: `pip install openvino`.

`python examples/openvino_runtime.py examples/seven.png` prints the digit. Without the hint OpenVINO
computes in bfloat16 where the processor can, and probabilities differ in the fifth place.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray
from PIL import Image

MODEL = Path(__file__).parent.parent / "mnist_infer" / "models" / "dense-512x2.onnx"


def probabilities(images: NDArray[np.uint8], model: Path = MODEL) -> NDArray[Any]:
    """uint8 `(N, 28, 28)`, white ink on black -> float32 `(N, 10)`."""
    compiled = openvino.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return np.asarray(compiled(images)["probabilities"])


def main(picture: str) -> None:
    """Classify a picture that is all digit, black on white."""
    ink = 255 - np.asarray(Image.open(picture).convert("L").resize((28, 28)))
    print(probabilities(ink[np.newaxis]).argmax())


if __name__ == "__main__":
    main(*sys.argv[1:])
