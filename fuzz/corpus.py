"""The inputs that fuzzing starts from: small and valid, made here, one of each kind."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from tests.glyphs import digit_mask

_MODELS = Path(__file__).resolve().parent.parent / "tests" / "fixtures"


def pictures() -> Iterator[bytes]:
    """A drawn digit in every format, mode and kind of compression that is read."""
    page = Image.new("L", (40, 36), 255)
    page.paste(0, (8, 4), digit_mask(7, 28))
    rgb, rgba = page.convert("RGB"), page.convert("RGBA")
    rgba.putalpha(page.point(lambda grey: 255 - grey))
    palette, bits = rgb.quantize(8), page.convert("1")
    sixteen = Image.fromarray(np.asarray(page).astype(np.uint16) * 257)
    floats = Image.fromarray(np.asarray(page).astype(np.float32) / 255)
    exif = Image.Exif()
    exif[0x0112] = 6

    for image in (page, rgb, rgba, palette, bits, sixteen, page.convert("LA")):
        yield _encoded(image, "PNG")
    yield _encoded(page, "PNG", exif=exif)
    yield _encoded(page, "PNG", frames=2)
    for image in (page, rgb, page.convert("CMYK")):
        yield _encoded(image, "JPEG", exif=exif)
        yield _encoded(image, "JPEG", progressive=True)
    yield _encoded(rgb, "MPO", frames=2)
    yield _encoded(palette, "GIF", transparency=0)
    yield _encoded(page, "GIF", frames=2)
    for image in (page, rgb, palette, bits):
        yield _encoded(image, "BMP")
        yield _encoded(image, "DIB")
    for image in (page, rgb, rgba, palette, bits, sixteen, floats):
        yield _encoded(image, "TIFF")
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg"):
        yield _encoded(rgb, "TIFF", compression=compression)
    for compression in ("group3", "group4"):
        yield _encoded(bits, "TIFF", compression=compression)
    yield _encoded(page, "TIFF", frames=2)
    yield _encoded(rgb, "WEBP")
    yield _encoded(rgba, "WEBP", lossless=True)
    yield _encoded(rgb, "WEBP", frames=2)
    yield _encoded(rgb, "AVIF")
    yield _encoded(rgba, "ICO", sizes=[(32, 32)])
    yield _encoded(rgba, "ICO", sizes=[(32, 32)], bitmap_format="bmp")
    for image in (page, rgb, bits):
        yield _encoded(image, "PPM")
    yield b"P2 2 2 255 0 255 255 0 "
    # So few pixels that each of them matters: what looks for paper or lines runs out of them.
    for side in (5, 8, 11):
        yield _encoded(page.resize((side, side)), "PPM")
    for image in (page, rgb, rgba):
        yield _encoded(image, "TGA")
        yield _encoded(image, "TGA", compression="tga_rle")
    yield b"<svg xmlns='http://www.w3.org/2000/svg'/>"
    yield b"%PDF-1.7\n"
    yield b""


def models() -> Iterator[bytes]:
    """The tiny models of the tests, good and bad."""
    for path in sorted(_MODELS.glob("*.onnx")):
        yield path.read_bytes()


def datasets() -> Iterator[bytes]:
    """MNIST's headers with next to nothing behind them: IDX, gzipped IDX and NPZ."""
    header = struct.pack(">4B3I", 0, 0, 8, 3, 60000, 28, 28)
    for content in (header, header + bytes(784), struct.pack(">4B1I", 0, 0, 8, 1, 60000)):
        yield content
        yield gzip.compress(content, mtime=0)
    arrays = {
        "x_train": np.zeros((2, 28, 28), np.uint8),
        "y_train": np.zeros(2, np.uint8),
        "x_test": np.zeros((1, 28, 28), np.uint8),
        "y_test": np.zeros(1, np.uint8),
    }
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w", compression) as archive:
            for name, array in arrays.items():
                with archive.open(f"{name}.npy", "w") as member:
                    np.lib.format.write_array(member, array)
        yield stream.getvalue()


def _encoded(image: Image.Image, format_: str, frames: int = 1, **options: object) -> bytes:
    stream = io.BytesIO()
    # JPEG leaves its settings on the image, and TIFF trips over them: so each gets a copy.
    if frames > 1:
        others = [image.rotate(90) for _ in range(frames - 1)]
        options = {"save_all": True, "append_images": others}
    image.copy().save(stream, format_, **options)
    return stream.getvalue()
