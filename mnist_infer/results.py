"""What a recogniser answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answer for one picture of one digit."""

    digit: int
    """The most probable digit, 0 to 9."""

    confidence: float
    """Its probability, 0 to 1."""

    probabilities: tuple[float, ...]
    """One probability for each digit from 0 to 9; they sum to 1."""

    def top(self, k: int) -> list[tuple[int, float]]:
        """The `k` most probable digits with their probabilities, best first."""
        ranked = sorted(enumerate(self.probabilities), key=lambda pair: pair[1], reverse=True)
        return ranked[:k]


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """How an answer came about: the picture at each stage of the way to the network."""

    ink: NDArray[np.uint8]
    """The ink on the picture: uint8 `(H, W)`, 0 is paper."""

    cleaned: NDArray[np.uint8]
    """The same without what is no part of the digit."""

    box: tuple[int, int, int, int]
    """Where the digit is on the picture: x, y, width, height."""

    image: NDArray[np.uint8]
    """What the network saw: uint8 `(28, 28)`, white ink on black."""

    prediction: Prediction


@dataclass(frozen=True, slots=True)
class LocatedDigit:
    """A digit and where it is on the picture."""

    digit: int
    confidence: float
    box: tuple[int, int, int, int]
    """x, y, width, height in the picture's own pixels."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The digits on a page, in reading order."""

    digits: tuple[LocatedDigit, ...]
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """The lines, joined by line ends."""
        return "\n".join(self.lines)
