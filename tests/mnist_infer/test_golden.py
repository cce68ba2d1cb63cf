"""The way from picture to 28x28 changes only when somebody has looked at what it gives."""

from __future__ import annotations

import numpy as np
from PIL import Image

from tests.fixtures.build_golden import GOLDEN, seen


def test_the_network_sees_what_it_saw_before():
    with Image.open(GOLDEN) as sheet:
        golden = np.asarray(sheet).astype(int)
    difference = np.abs(seen().astype(int) - golden)
    # Another processor may round the last grey level otherwise.
    assert difference.max() <= 4
    assert difference.mean() < 0.1
