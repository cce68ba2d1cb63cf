"""The shortest scripts for the same work: `python benchmarks/minimal_scripts.py KIND ...`.

The package is measured against them, as whole processes.

`predict MODEL IMAGE` is the least script that answers for a picture; `decode DIR THREADS` decodes a
folder with Pillow and does nothing with it.
"""

import sys


def predict(model: str, path: str) -> None:
    """Open the model and a picture, and print the digit."""
    import numpy as np
    import onnxruntime
    from PIL import Image

    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    image = np.asarray(Image.open(path).convert("L").resize((28, 28)))
    print(session.run(None, {"image": image[np.newaxis]})[0].argmax())


def decode(folder: str, threads: str) -> None:
    """Decode all pictures of a folder."""
    from concurrent.futures import ThreadPoolExecutor
    from pathlib import Path

    from PIL import Image

    def load(path: Path) -> None:
        with Image.open(path) as image:
            image.load()

    paths = sorted(Path(folder).iterdir())
    if threads == "1":
        for path in paths:
            load(path)
    else:
        with ThreadPoolExecutor(int(threads)) as pool:
            list(pool.map(load, paths))


if __name__ == "__main__":
    {"predict": predict, "decode": decode}[sys.argv[1]](*sys.argv[2:])
