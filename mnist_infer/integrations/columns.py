"""Answers as columns, as engines for tables want them: digit, confidence, error.

Each image has one row. Where it has no answer, digit and confidence are null and error says why.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mnist_infer.errors import ImageError

if TYPE_CHECKING:
    from mnist_infer.decode.images import ImageSource
    from mnist_infer.recognizer import Recognizer


@dataclass(frozen=True, slots=True)
class Columns:
    """The answers for some images, in order."""

    digit: list[int | None] = field(default_factory=list)
    confidence: list[float | None] = field(default_factory=list)
    error: list[str | None] = field(default_factory=list)
    """The type of the error and its message, as in `NoDigitError: ...`."""

    def extend(
        self, recognizer: Recognizer, images: Iterable[ImageSource | ImageError | None]
    ) -> None:
        """Append the answers for images that go through the network together.

        Args:
            recognizer: Who answers.
            images: As `Recognizer.predict` takes them; None for a null in a table, and an
                `ImageError` for an image that could not be fetched.
        """
        given = [ImageError("null, no image") if image is None else image for image in images]
        answers = recognizer.predict_each(
            (image for image in given if not isinstance(image, ImageError)),
            batch_size=max(len(given), 1),
        )
        for image in given:
            answer = image if isinstance(image, ImageError) else next(answers)
            if isinstance(answer, ImageError):
                self.digit.append(None)
                self.confidence.append(None)
                self.error.append(f"{type(answer).__name__}: {answer.message}")
            else:
                self.digit.append(answer.digit)
                self.confidence.append(answer.confidence)
                self.error.append(None)
