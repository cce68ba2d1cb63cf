"""Peak memory and processor time of the largest picture that is taken, format by format.

`python -m benchmarks.memory` makes a picture of `MAX_PIXELS` in each format, in the mode of that
format that takes most memory, and gives each to a process of its own. The figure is how far the
process grew over one that had answered a small picture already. Linux only.
"""

from __future__ import annotations

import io
import math
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.processes import peak_bytes
from mnist_infer import ImageError, Recognizer
from mnist_infer.config import MAX_PIXELS
from train.markdown import table

SIDE = math.isqrt(MAX_PIXELS)


def largest() -> Iterator[tuple[str, str, Image.Image, dict[str, object]]]:
    """A name, a format, a picture of nearly `MAX_PIXELS`, and how it is saved."""
    shape = (SIDE, SIDE)
    grey = Image.new("L", shape, 255)
    yield "PNG, grey", "PNG", grey, {"compress_level": 1}
    rgba = Image.new("RGBA", shape, (255, 255, 255, 0))
    yield "PNG, RGBA", "PNG", rgba, {"compress_level": 1}
    sixteen = Image.fromarray(np.full(shape, 65535, np.uint16))
    yield "PNG, 16 bit", "PNG", sixteen, {"compress_level": 1}
    yield "GIF, transparent", "GIF", grey, {"transparency": 255}
    yield "JPEG", "JPEG", grey, {}
    cmyk = Image.new("CMYK", shape)
    yield "JPEG, CMYK, progressive", "JPEG", cmyk, {"progressive": True}
    yield "BMP, RGBA", "BMP", rgba, {}
    yield "TIFF, float", "TIFF", Image.fromarray(np.ones(shape, np.float32)), {}
    yield "TIFF, RGBA, LZW", "TIFF", rgba, {"compression": "tiff_lzw"}
    yield "TIFF, G4", "TIFF", grey.convert("1"), {"compression": "group4"}
    yield "WebP, RGBA", "WEBP", rgba, {"lossless": True, "quality": 0, "method": 0}
    yield "AVIF", "AVIF", grey.convert("RGB"), {"speed": 10}
    yield "PPM", "PPM", grey.convert("RGB"), {}
    yield "TGA, RGBA", "TGA", rgba, {"compression": "tga_rle"}


def measure(path: str, method: str) -> tuple[int, float]:
    """Bytes that the process grows by, and seconds of its processor time, for one picture."""
    recognizer = Recognizer(device="cpu")
    answer = getattr(recognizer, method)
    _ask(answer, np.eye(28, dtype=np.uint8) * 255)
    before, start = peak_bytes(), time.process_time()
    _ask(answer, path)
    return peak_bytes() - before, time.process_time() - start


def _ask(answer: object, picture: object) -> None:
    assert callable(answer)
    try:
        answer(picture)
    except ImageError as error:
        print(error, file=sys.stderr)


def main() -> None:
    """Print the table."""
    print(f"{SIDE} x {SIDE} pixels\n")
    rows = []
    for name, format_, image, options in largest():
        stream = io.BytesIO()
        image.save(stream, format_, **options)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "picture")
            path.write_bytes(stream.getvalue())
            cells = [f"{path.stat().st_size / 1e6:.1f}"]
            for method in ("predict", "read"):
                done = subprocess.run(
                    [sys.executable, "-m", "benchmarks.memory", str(path), method],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    check=True,
                    text=True,
                )
                grown, seconds = done.stdout.split()
                cells += [f"{int(grown) / 1e6:.0f}", f"{float(seconds):.1f}"]
        rows.append((name, *cells))
    print(table(("picture", "file, MB", "`predict`, MB", "s", "`read`, MB", "s"), rows))


if __name__ == "__main__":
    if sys.argv[1:]:
        print(*measure(*sys.argv[1:]))
    else:
        main()
