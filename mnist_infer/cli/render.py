"""What the digit network saw of a picture, and the answer, drawn in a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.text import Text

from mnist_infer.results import Explanation, Prediction

_ASCII = " .:-=+*#%@"
_EIGHTHS = " ▏▎▍▌▋▊▉█"
# Index 2 * (upper pixel is set) + (lower pixel is set).
_HALVES = " ▄▀█"
_FRAME = "┌┐└┘─│"
_TITLES = ("normalized stroke width", "original stroke width")
# The bars fill what the drawings leave of 80 columns.
_BAR_CELLS = {1: 24, 2: 7}


class Renderer:
    """Draws on a stream: in colour on a terminal, in ASCII where its encoding has no blocks."""

    def __init__(self, stream: TextIO) -> None:
        """Find out what the stream can show; the environment's NO_COLOR and TERM count."""
        self._console = Console(file=stream, highlight=False)
        self._has_blocks = _can_encode(_EIGHTHS + _HALVES + _FRAME, stream.encoding)
        self._has_colour = self._console.color_system is not None and self._has_blocks

    def render(self, explanation: Explanation, is_uncertain: bool) -> str:
        """Draw the 28x28 that the digit network saw, and a bar for each digit's probability.

        Two pixels share a character, one above the other.
        """
        drawings = [self._drawing(image) for image in explanation.inputs.variants]
        bars = list(self._bars(explanation.prediction, _BAR_CELLS[len(drawings)], is_uncertain))
        bars = [Text(), Text(), *bars, *[Text()] * 4]
        if len(drawings) == 2:
            titles = [Text(f" {title:<29}") for title in _TITLES]
            drawings = [[title, *rows] for title, rows in zip(titles, drawings, strict=True)]
            bars = [Text(), *bars]
        rows = [Text(" ").join(row) for row in zip(*drawings, bars, strict=True)]
        return self._as_string(Text("\n").join(rows))

    def _drawing(self, image: NDArray[np.uint8]) -> list[Text]:
        top_left, top_right, bottom_left, bottom_right, rule, side = tuple(
            _FRAME if self._has_blocks else "++++-|"
        )
        width = image.shape[1]
        return [
            Text(f"{top_left}{rule * width}{top_right}"),
            *(
                Text(side) + self._row(upper, lower) + Text(side)
                for upper, lower in zip(image[::2], image[1::2], strict=True)
            ),
            Text(f"{bottom_left}{rule * width}{bottom_right}"),
        ]

    def _row(self, upper: NDArray[np.uint8], lower: NDArray[np.uint8]) -> Text:
        pairs = zip(upper.tolist(), lower.tolist(), strict=True)
        if self._has_colour:
            return Text().join(Text("▀", f"rgb({a},{a},{a}) on rgb({b},{b},{b})") for a, b in pairs)
        if self._has_blocks:
            return Text("".join(_HALVES[2 * (a > 127) + (b > 127)] for a, b in pairs))
        return Text("".join(_ASCII[(a + b) * len(_ASCII) // 511] for a, b in pairs))

    def _bars(self, prediction: Prediction, cells: int, is_uncertain: bool) -> Iterator[Text]:
        for digit, probability in enumerate(prediction.probabilities):
            colour = "yellow" if is_uncertain else "green"
            style = f"bold {colour}" if digit == prediction.digit else "default"
            text = f"{digit} {self._bar(probability, cells):<{cells}} {probability * 100:5.1f} %"
            yield Text(text, style)

    def _bar(self, probability: float, cells: int) -> str:
        if not self._has_blocks:
            return "#" * round(probability * cells)
        whole, rest = divmod(round(probability * cells * 8), 8)
        return "█" * whole + (_EIGHTHS[rest] if rest else "")

    def _as_string(self, text: Text) -> str:
        with self._console.capture() as captured:
            self._console.print(text, soft_wrap=True)
        lines = captured.get().splitlines()
        return "\n".join(line.rstrip() for line in lines) + "\n"


def _can_encode(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
