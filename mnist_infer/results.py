"""What a recogniser answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mnist_infer.errors import ImageError

Box: TypeAlias = tuple[int, int, int, int]
"""x, y, width, height in pixels of the upright original image."""

WIDE_GAP = 0.7
"""A gap is a space if it is wider than the line's median gap by more than this, in heights of the
line's digits. A median gap wider than this counts as this wide."""

READING_THRESHOLD = 0.7
"""The confidence of a line's least certain digit below which the line is uncertain.

Of 630 real pictures of numbers, it marks 56 % of those that are read wrong and 8 % of those that
are read right; 0.5 would mark 15 % and 2 %, 0.8 71 % and 14 %."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answer for one picture of one digit."""

    digit: int
    """The most probable digit, 0 to 9."""

    confidence: float
    """Its probability, 0 to 1."""

    probabilities: tuple[float, ...]
    """One probability for each digit from 0 to 9; they sum to 1."""

    @classmethod
    def of(cls, probabilities: NDArray[np.float32]) -> Prediction:
        """Make the answer that ten probabilities give."""
        ten = tuple(probabilities.tolist())
        confidence = max(ten)
        return cls(ten.index(confidence), confidence, ten)

    def top(self, k: int) -> list[tuple[int, float]]:
        """Return the `k` most probable digits with their probabilities, best first.

        Raises:
            ValueError: `k` is negative.
        """
        if k < 0:
            raise ValueError(f"k is {k}; a number from 0 is needed")
        ranked = sorted(enumerate(self.probabilities), key=lambda pair: pair[1], reverse=True)
        return ranked[:k]


@dataclass(frozen=True, slots=True, eq=False)
class NetworkInputs:
    """What the networks see of a picture of one digit.

    Small enough to be sent from the processes that prepare pictures.
    """

    variants: NDArray[np.uint8]
    """For the digit network: uint8 `(K, 28, 28)`, white ink on black; one variant or two, with
    strokes of MNIST's width and as they are."""

    row_images: tuple[NDArray[np.uint8], ...] = ()
    """For the row network, uint8 `(32, W)` each: the digit on its paper and, if ink was removed,
    the whole picture. Empty if the picture already is in the MNIST format."""

    cell: NDArray[np.uint8] | None = None
    """For the cell network: the digit with what stands around it, uint8 `(32, 32)`. None if the
    picture already is in the MNIST format, or there is a problem."""

    problem: ImageError | None = None
    """Why there may not be exactly one digit. Then the row network sees the whole picture, and
    answers alone. None if there is no problem."""

    is_in_ring: bool = False
    """Whether it is the inside of a ring."""

    alternatives: tuple[NetworkInputs, ...] = ()
    """The inputs of what else on the picture may be the digit."""

    @property
    def has_lost_ink(self) -> bool:
        """Whether ink was removed that may have been the digit's."""
        return len(self.row_images) > 1


@dataclass(frozen=True, slots=True, eq=False)
class Stages:
    """A picture of one digit at each stage of its way to the networks."""

    foreground: NDArray[np.uint8] = field(repr=False)
    """Everything that stands out from the paper: `(H, W)`, 0 is paper and 255 ink."""

    cleaned: NDArray[np.uint8] = field(repr=False)
    """The digit alone, without rulings, noise and border fragments: `(H, W)`."""

    box: Box
    """Where the digit stands: x, y, width, height in pixels of the upright original image."""

    inputs: NetworkInputs = field(repr=False)
    """What the networks see."""

    alternatives: tuple[Stages, ...] = field(default=(), repr=False, kw_only=True)
    """The stages of what else the digit may be: what stands in a ring, the other polarity of a
    picture of two levels, and what other guesses at the paper make foreground."""

    @property
    def image(self) -> NDArray[np.uint8]:
        """What the digit network sees first: `(28, 28)`, as MNIST would hold the digit."""
        first: NDArray[np.uint8] = self.inputs.variants[0]
        return first


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Explanation(Stages):
    """How an answer came about: the stages that it was given for, and what else there was."""

    prediction: Prediction

    def __repr__(self) -> str:
        digit, confidence = self.prediction.digit, self.prediction.confidence
        return f"Explanation(digit={digit}, confidence={confidence:.4f}, box={self.box})"

    def stages(self) -> dict[str, NDArray[np.uint8]]:
        """Return the pictures on the way to the digit network, in their order, by name."""
        names = ("1-foreground", "2-cleaned", "3-28x28", "4-28x28-original-stroke")
        return dict(
            zip(names, (self.foreground, self.cleaned, *self.inputs.variants), strict=False)
        )

    def pictures(self) -> dict[str, NDArray[np.uint8]]:
        """Return the stages, and what the row network and the cell network see, by name.

        What the row network sees is there even if it was not asked.
        """
        names = ["5-row-network", "6-row-network-whole-picture"][self.inputs.problem is not None :]
        pictures = self.stages() | dict(zip(names, self.inputs.row_images, strict=False))
        cell = self.inputs.cell
        return pictures if cell is None else pictures | {"7-cell-network": cell}


@dataclass(frozen=True, slots=True)
class LocatedDigit:
    """One digit of a page."""

    digit: int
    """The most probable digit, 0 to 9."""

    confidence: float
    """Its probability, 0 to 1."""

    box: Box
    """Where it stands: x, y, width, height in pixels of the upright original image."""

    @property
    def is_uncertain(self) -> bool:
        """Whether its confidence is below `READING_THRESHOLD`."""
        return self.confidence < READING_THRESHOLD


@dataclass(frozen=True, slots=True)
class Unread:
    """Ink of a page that may be a digit, and was not read as one."""

    box: Box
    """Where it stands: x, y, width, height in pixels of the upright original image."""

    reason: str
    """Why it was not read."""


@dataclass(frozen=True, slots=True)
class Reading:
    """All the digits of a page."""

    lines: tuple[tuple[LocatedDigit, ...], ...]
    """The digits of each line from left to right; lines from top to bottom."""

    unread: tuple[Unread, ...] = ()
    """What may be a digit and was not read, so that nothing of a line is left out silently."""

    @property
    def digits(self) -> tuple[LocatedDigit, ...]:
        """All digits in reading order."""
        return tuple(digit for line in self.lines for digit in line)

    @property
    def confidence(self) -> float:
        """The confidence of its least certain digit."""
        return min(digit.confidence for digit in self.digits)

    @property
    def is_uncertain(self) -> bool:
        """Whether a digit is uncertain, or something was not read."""
        return bool(self.unread) or any(digit.is_uncertain for digit in self.digits)

    @property
    def text(self) -> str:
        """The digits as text, as `as_text()` gives them."""
        return self.as_text()

    def as_text(self, *, spaces: bool = True) -> str:
        """Return the digits as text, a line of text for each line of the page.

        A `?` stands for what was not read between two digits.

        Args:
            spaces: Write a space for each wide gap: one that is wider than the line's median gap
                by 0.7 times the height of its digits.
        """
        return "\n".join(_line_text(line, self.unread, spaces) for line in self.lines)


def _line_text(line: tuple[LocatedDigit, ...], unread: tuple[Unread, ...], spaces: bool) -> str:
    ends = [digit.box[0] + digit.box[2] for digit in line]
    gaps = [digit.box[0] - end for digit, end in zip(line[1:], ends, strict=False)]
    height = _median([digit.box[3] for digit in line])
    wide = WIDE_GAP * height + min(WIDE_GAP * height, _median(gaps or [0]))
    text = str(line[0].digit)
    for before, digit, gap in zip(line, line[1:], gaps, strict=False):
        missing = sum(_is_between(each.box, before.box, digit.box) for each in unread)
        text += "?" * missing + " " * (spaces and not missing and gap > wide) + str(digit.digit)
    return text


def _median(values: list[int]) -> int:
    return sorted(values)[(len(values) - 1) // 2]


def _is_between(box: Box, left: Box, right: Box) -> bool:
    """Whether the middle of a box is between the middles of two others, and on their line."""
    x, y = box[0] + box[2] / 2, box[1] + box[3] / 2
    top, bottom = min(left[1], right[1]), max(left[1] + left[3], right[1] + right[3])
    return left[0] + left[2] / 2 < x < right[0] + right[2] / 2 and top < y < bottom
