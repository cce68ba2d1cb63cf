"""A card that is held in front of a room: neither is the paper of the whole picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.generated.digits import KINDS
from mnist_infer import ImageError, Recognizer
from mnist_infer.decode.images import decode_picture
from mnist_infer.imaging import pipeline
from mnist_infer.imaging.params import BINARIZE
from tests.glyphs import digit_mask
from tests.pictures import drawn


def right(recognizer: Recognizer) -> int:
    """How many of 30 held cards are answered rightly."""
    count = 0
    for number in range(30):
        digit = np.zeros((28, 28), np.uint8)
        mask = np.asarray(digit_mask(number % 10, 20))
        left = (28 - mask.shape[1]) // 2
        digit[4 : 4 + len(mask), left : left + mask.shape[1]] = mask
        try:
            answer = recognizer.predict(KINDS["held"](digit, np.random.default_rng(number)))
        except ImageError:
            continue
        count += answer.digit == number % 10
    return count


def test_other_guesses_at_the_paper_read_more_held_cards(
    recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch
):
    with_others = right(recognizer)
    monkeypatch.setattr(pipeline, "BINARIZE", replace(BINARIZE, unclear_fraction=1.0))
    assert with_others > right(recognizer)


@pytest.mark.parametrize("digit", range(10))
def test_a_drawing_has_one_guess_at_its_paper(digit: int):
    picture = decode_picture(drawn(digit)[..., np.newaxis].repeat(3, axis=2))
    assert pipeline.prepare(picture).alternatives == ()
