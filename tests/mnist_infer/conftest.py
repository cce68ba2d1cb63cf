"""Pictures that the tests draw themselves, and the recognisers that read them."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mnist_infer import Recognizer
from tests.glyphs import digit_mask

FIXTURES = Path(__file__).resolve().parent.parent / "fixtures"


def drawn(digit: int, side: int = 140) -> NDArray[np.uint8]:
    """A digit in black ink on white paper: uint8 `(side, side)`."""
    mask = digit_mask(digit, round(side * 0.7))
    page = Image.new("L", (side, side), 255)
    page.paste(0, ((side - mask.width) // 2, (side - mask.height) // 2), mask)
    return np.array(page)


def encoded(image: Image.Image, format_: str = "PNG", **options: object) -> bytes:
    """The bytes of an image file."""
    stream = io.BytesIO()
    image.save(stream, format_, **options)
    return stream.getvalue()


@pytest.fixture(scope="session")
def recognizer() -> Recognizer:
    return Recognizer(device="cpu")


@pytest.fixture
def digit_file(tmp_path: Path) -> Callable[..., Path]:
    """Writes a drawn digit to a file and gives its path."""

    def write(digit: int, name: str | None = None) -> Path:
        path = tmp_path / (name or f"{digit}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(drawn(digit)).save(path)
        return path

    return write
