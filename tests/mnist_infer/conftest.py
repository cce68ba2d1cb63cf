"""A recogniser that the tests share, and files of drawn digits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from mnist_infer import Recognizer
from tests.pictures import drawn


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
