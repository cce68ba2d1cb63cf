"""Pictures of our own: bytes of files, and digits in the MNIST format."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from examples.draw import Pen, paper, write_on
from mnist_infer import Recognizer
from tests.glyphs import digit_mask


def _encoded(image: Image.Image, format_: str) -> bytes:
    stream = io.BytesIO()
    image.save(stream, format_, quality=85)
    return stream.getvalue()


def digit_png() -> bytes:
    """A 28x28 PNG in MNIST's own form."""
    page = Image.new("RGB", (280, 280))
    write_on(page, 7, (30, 30), 180, Pen(0.11, (255, 255, 255)))
    seen = Recognizer().explain(np.asarray(page)).image
    return _encoded(Image.fromarray(seen), "PNG")


def drawing() -> bytes:
    """A drawing of 500x500 as a paint program saves it."""
    page = Image.new("RGB", (500, 500), "white")
    write_on(page, 3, (60, 50), 330, Pen(0.06, (0, 0, 0)))
    return _encoded(page, "PNG")


def photo() -> bytes:
    """A JPEG of 12 megapixels: a digit on grainy, shadowed paper."""
    page = paper((4000, 3000), 1)
    write_on(page, 5, (1500, 800), 1200, Pen(0.05, (40, 50, 110)))
    return _encoded(page.filter(ImageFilter.GaussianBlur(2)), "JPEG")


KINDS = {"28x28 PNG": digit_png, "500x500 PNG": drawing, "12 MP JPEG": photo}


def mnist_digits(count: int) -> NDArray[np.uint8]:
    """Digits of our own in the MNIST format, 0 to 9 again and again: uint8 `(count, 28, 28)`."""
    recognizer = Recognizer(device="cpu")
    sheets = [Image.new("L", (160, 160), 0) for _ in range(count)]
    for place, sheet in enumerate(sheets):
        sheet.paste(255, (20, 20), digit_mask(place % 10, 80, slant=place / count / 4))
    return np.stack([recognizer.explain(sheet).image for sheet in sheets])
