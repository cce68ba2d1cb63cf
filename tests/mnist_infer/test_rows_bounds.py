"""Whose word counts how much where a row is read: each bound from both sides, networks drawn up."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from mnist_infer.decode.images import Picture
from mnist_infer.document.reader import read_page
from mnist_infer.document.rows import RowReading, read_band

Network = Callable[[NDArray[np.uint8]], NDArray[np.float32]]

INK = np.zeros((60, 100), np.uint8)
INK[10:50, 45:52] = 255


def row_network(shares: Mapping[str, float]) -> Network:
    """A row network that sees one digit in the middle, or none (""), each with a probability."""
    steps = np.full((10, 11), 1e-9)
    steps[:, 0] = 1
    steps[5] = 1e-9
    for text, share in shares.items():
        steps[5, int(text) + 1 if text else 0] = share
    return lambda _: np.log(steps).astype(np.float32)


def digit_network(
    shares: Mapping[str, float],
) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    """A digit network that gives each picture these probabilities."""
    row = np.full(10, 1e-9, np.float32)
    for text, share in shares.items():
        row[int(text)] = share
    return lambda images: np.tile(row, (len(images), 1))


def read(rows: Mapping[str, float], digits: Mapping[str, float]) -> RowReading:
    labels = (INK > 0).astype(np.uint8)
    return read_band(255 - INK, INK, labels, row_network(rows), digit_network(digits))


@pytest.mark.parametrize(("rows", "text"), [(0.62, "1"), (0.71, "7")])
def test_the_digit_network_counts_half(rows: float, text: str):
    """It says 1 four times as likely as 7; twice as likely says the row network of 7 alone."""
    assert read({"7": rows, "1": 1 - rows}, {"1": 0.8, "7": 0.2}).text == text


@pytest.mark.parametrize(("share", "text"), [(0.3, "7"), (0.25, "")])
def test_a_step_is_blank_only_where_that_is_clearly_likelier_than_a_digit(share: float, text: str):
    """A blank counts a factor of e less."""
    assert read({"7": share, "": 1 - share}, {"7": 1.0}).text == text


@pytest.mark.parametrize(("rows", "text"), [(0.9, "1"), (0.92, "7")])
def test_the_digit_network_alone_rules_out_no_text(rows: float, text: str):
    assert read({"7": rows, "1": 1 - rows}, {"1": 1.0}).text == text


def test_a_text_without_ink_under_a_digit_is_hardly_one():
    nothing = np.zeros_like(INK)
    network = row_network({"7": 0.75, "": 0.25})
    assert read_band(nothing, nothing, nothing, network, digit_network({})).text == ""


def test_two_networks_that_agree_are_less_sure_than_their_product():
    """They see the same ink. Their odds of 7 are 2 to 1 and 9 to 1, which counts half: 6 to 1."""
    confidence = read({"7": 2 / 3, "1": 1 / 3}, {"7": 0.9, "1": 0.1}).confidence
    assert 0.74 < confidence < 0.82


@pytest.mark.parametrize(("share", "is_read"), [(0.6, True), (0.3, False)])
def test_a_line_of_which_nobody_is_sure_stays_unread(share: float, is_read: bool):
    others = {str(digit): (1 - share) / 6 for digit in range(2, 8)}
    undecided = digit_network({str(digit): 0.1 for digit in range(10)})
    page = Picture(255 - np.pad(INK, 40), (180, 140), 1)
    lines, unread = read_page(page, undecided, row_network({"1": share, **others}))
    assert len(lines) == is_read
    assert len(unread) == (not is_read)
