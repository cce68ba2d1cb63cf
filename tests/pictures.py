"""Pictures that the tests draw themselves, and their files."""

from __future__ import annotations

import io
from collections.abc import Callable
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mnist_infer import NoDigitError, Recognizer
from mnist_infer.results import READING_THRESHOLD
from tests.glyphs import digit_mask


def drawn(digit: int, side: int = 140) -> NDArray[np.uint8]:
    """A digit in black ink on white paper: uint8 `(side, side)`."""
    mask = digit_mask(digit, round(side * 0.7))
    page = Image.new("L", (side, side), 255)
    page.paste(0, ((side - mask.width) // 2, (side - mask.height) // 2), mask)
    return np.array(page)


def encoded(image: Image.Image, format_: str = "PNG", **options: object) -> bytes:
    """The bytes of an image file."""
    stream = io.BytesIO()
    image.save(stream, format_, **options)
    return stream.getvalue()


def uncertain_digit(recognizer: Recognizer) -> Image.Image:
    """Two digits in one place that `predict` takes for one, without being sure of it."""
    threshold = recognizer.model.recommended_threshold
    assert threshold is not None
    return _overlapping(lambda page: recognizer.predict(page).confidence < threshold)


def uncertain_page(recognizer: Recognizer) -> Image.Image:
    """Two digits in one place that `read` reads as something, without being sure of it."""
    return _overlapping(lambda page: recognizer.read(page).confidence < READING_THRESHOLD)


def _overlapping(is_uncertain: Callable[[Image.Image], bool]) -> Image.Image:
    """Two digits in one place; which two they are depends on the networks, so they are asked."""
    for pair in combinations(range(10), 2):
        page = Image.new("L", (240, 150), 255)
        for digit in pair:
            page.paste(0, (70, 30), digit_mask(digit, 80))
        try:
            if is_uncertain(page):
                return page
        except NoDigitError:
            continue
    raise AssertionError("the networks are sure of every two digits in one place")


def partly_unread_page(recognizer: Recognizer) -> Image.Image:
    """The digits 4 and 7, and behind them a scribble that `read` leaves unread."""
    for seed in range(30):
        page = Image.new("L", (420, 150), 255)
        for place, digit in enumerate((4, 7)):
            page.paste(0, (30 + 90 * place, 30), digit_mask(digit, 80))
        points = np.random.default_rng(seed).uniform((250, 30), (310, 110), (9, 2)).tolist()
        ImageDraw.Draw(page).line(list(map(tuple, points)), fill=0, width=7, joint="curve")
        if recognizer.read(page).unread:
            return page
    raise AssertionError("the networks read every scribble")
