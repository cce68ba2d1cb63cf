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

    image: NDArray[np.uint8]
    """What the network saw: uint8 `(28, 28)`, white ink on black."""

    prediction: Prediction
