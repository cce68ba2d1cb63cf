"""A picture and its answer as text, for a terminal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mnist_infer.results import Explanation, Prediction

_BLOCKS = " ░▒▓█"
_ASCII = " .+%@"
_BAR_WIDTH = 24
_FIRST_BAR_ROW = 9


def render(explanation: Explanation, encoding: str) -> str:
    """The 28x28 that the network saw, and beside it a bar for each digit's probability.

    Args:
        explanation: What to draw.
        encoding: What the terminal can print; plain ASCII is drawn where blocks are not in it.
    """
    shades = _BLOCKS if _can_encode(_BLOCKS, encoding) else _ASCII
    picture = _picture(explanation.image, shades)
    bars = dict(enumerate(_bars(explanation.prediction, shades[-1]), start=_FIRST_BAR_ROW))
    return "\n".join(f"{row}   {bars.get(i, '')}".rstrip() for i, row in enumerate(picture))


def _picture(image: NDArray[np.uint8], shades: str) -> list[str]:
    """Two characters for a pixel, since a terminal's cell is twice as high as wide."""
    levels = np.ceil(image / 255 * (len(shades) - 1)).astype(int)
    rows = ["".join(shades[level] * 2 for level in row) for row in levels]
    rule = "-" * 56 if shades == _ASCII else "─" * 56
    side = "|" if shades == _ASCII else "│"
    return [f" {rule} ", *(f"{side}{row}{side}" for row in rows), f" {rule} "]


def _bars(prediction: Prediction, block: str) -> list[str]:
    return [
        f"{digit} {block * round(probability * _BAR_WIDTH):<{_BAR_WIDTH}} {probability:7.1%}"
        for digit, probability in enumerate(prediction.probabilities)
    ]


def _can_encode(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
