"""A bundled model in OpenCV's DNN module: `pip install opencv-python-headless`, 4.8 or later.

`python examples/opencv_dnn.py examples/seven.png` prints the digit. OpenCV before 4.14 takes no
tensor of three axes, so the images get an axis for the one channel, which the model reshapes away.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

MODEL = Path(__file__).parent.parent / "mnist_infer" / "models" / "dense-512x2.onnx"


def probabilities(images: NDArray[np.uint8], model: Path = MODEL) -> NDArray[Any]:
    """uint8 `(N, 28, 28)`, white ink on black -> float32 `(N, 10)`."""
    network = cv2.dnn.readNetFromONNX(str(model))
    network.setInput(images[:, np.newaxis])
    return np.asarray(network.forward())


def main(picture: str) -> None:
    """Classify a picture that is all digit, black on white."""
    grey = cv2.imread(picture, cv2.IMREAD_GRAYSCALE)
    ink = 255 - cv2.resize(grey, (28, 28), interpolation=cv2.INTER_AREA)
    print(probabilities(ink[np.newaxis]).argmax())


if __name__ == "__main__":
    main(*sys.argv[1:])
