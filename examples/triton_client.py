"""Ask a running server with Triton's own client: `pip install "tritonclient[http]"`.

`python examples/triton_client.py localhost:8000 examples/seven.png` prints the digit.
"""

from __future__ import annotations

import sys

import numpy as np
import tritonclient.http as triton
from PIL import Image

MODEL = "dense-512x2"


def main(address: str, picture: str) -> None:
    """Send a picture as a tensor: the MNIST format, white ink on black."""
    ink = 255 - np.asarray(Image.open(picture).convert("L").resize((28, 28)))
    tensor = triton.InferInput("image", [1, 28, 28], "UINT8")
    tensor.set_data_from_numpy(ink[np.newaxis])
    with triton.InferenceServerClient(address) as client:
        answer = client.infer(MODEL, [tensor])
    print(answer.as_numpy("probabilities").argmax())


if __name__ == "__main__":
    main(*sys.argv[1:])
