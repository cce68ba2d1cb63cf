"""digit.onnx in onnxruntime-web, as `python -m benchmarks.web_parity` asks it."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from PIL import Image

from benchmarks.web_parity import MODEL, web_digits
from tests.glyphs import digit_mask
from tests.web.host import WEB


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node: apt install npm")
@pytest.mark.skipif(
    not (WEB / "node_modules").exists(), reason="needs npm ci --ignore-scripts in web"
)
def test_drawings_of_any_size_have_their_digits_in_their_order():
    drawings = []
    for digit in range(10):
        sheet = Image.new("L", (90 + 12 * digit, 150 - 5 * digit), 255)
        sheet.paste(0, (6, 9), digit_mask(digit, 80))
        drawings.append(np.asarray(sheet))

    assert web_digits(MODEL, drawings) == list(range(10))
