"""Whose word counts how much where a row is read: each bound from both sides, networks drawn up."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest

from mnist_infer.decode.images import Picture
from mnist_infer.document.reader import read_page
from mnist_infer.document.rows import RowReading, read_row
from mnist_infer.inference.networks import NO_DIGIT, Network, Networks

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


def digit_network(shares: Mapping[str, float]) -> Network:
    """A digit network that gives each picture these probabilities."""
    row = np.full(10, 1e-9, np.float32)
    for text, share in shares.items():
        row[int(text)] = share
    return lambda images: np.tile(row, (len(images), 1))


def cell_network(shares: Mapping[str, float]) -> Network:
    """A cell network that gives digits, or none (""), these probabilities; digits not named, 1."""
    known = np.zeros(11, np.float32)
    known[NO_DIGIT] = -np.inf
    for text, share in shares.items():
        known[int(text) if text else NO_DIGIT] = np.log(share)
    return lambda images: np.tile(known, (len(images), 1))


def networks(
    rows: Mapping[str, float], digits: Mapping[str, float], cells: Mapping[str, float] | None = None
) -> Networks:
    return Networks(digit_network(digits), row_network(rows), cell_network(cells or {}))


def read(
    rows: Mapping[str, float], digits: Mapping[str, float], cells: Mapping[str, float] | None = None
) -> RowReading:
    labels = (INK > 0).astype(np.uint8)
    return read_row(255 - INK, INK, labels, networks(rows, digits, cells))


@pytest.mark.parametrize(("rows", "text"), [(0.55, "1"), (0.62, "7")])
def test_the_digit_network_counts_a_quarter(rows: float, text: str):
    """It says 1 four times as likely as 7; 1.4 times as likely says the row network of 7."""
    assert read({"7": rows, "1": 1 - rows}, {"1": 0.8, "7": 0.2}).text == text


@pytest.mark.parametrize(("rows", "text"), [(0.62, "1"), (0.71, "7")])
def test_the_cell_network_counts_half(rows: float, text: str):
    """It says 1 four times as likely as 7; twice as likely says the row network of 7."""
    undecided = {"1": 0.5, "7": 0.5}
    assert read({"7": rows, "1": 1 - rows}, undecided, {"1": 0.8, "7": 0.2}).text == text


@pytest.mark.parametrize(("share", "text"), [(1.0, "7"), (1e-6, "")])
def test_what_the_cell_network_takes_for_no_digit_is_hardly_one(share: float, text: str):
    assert read({"7": 0.5, "": 0.5}, {"7": 1.0}, {"7": share}).text == text


@pytest.mark.parametrize(("share", "text"), [(0.3, "7"), (0.25, "")])
def test_a_step_is_blank_only_where_that_is_clearly_likelier_than_a_digit(share: float, text: str):
    """A blank counts a factor of e less."""
    assert read({"7": share, "": 1 - share}, {"7": 1.0}).text == text


@pytest.mark.parametrize(("rows", "text"), [(0.74, "1"), (0.78, "7")])
def test_the_digit_network_alone_rules_out_no_text(rows: float, text: str):
    assert read({"7": rows, "1": 1 - rows}, {"1": 1.0}).text == text


@pytest.mark.parametrize(("rows", "text"), [(0.9, "1"), (0.92, "7")])
def test_the_cell_network_alone_rules_out_no_text(rows: float, text: str):
    undecided = {"1": 0.5, "7": 0.5}
    assert read({"7": rows, "1": 1 - rows}, undecided, {"7": 1e-9}).text == text


def test_a_text_without_ink_under_a_digit_is_hardly_one():
    nothing = np.zeros_like(INK)
    known = networks({"7": 0.5, "": 0.5}, {"7": 1.0})
    assert read_row(255 - INK, INK, (INK > 0).astype(np.uint8), known).text == "7"
    assert read_row(nothing, nothing, nothing, known).text == ""


def test_networks_that_agree_are_less_sure_than_their_product():
    """They see the same ink.

    Their odds of 7 are 2 to 1, 9 to 1, which counts a quarter, and 4 to 1, which counts half: 6.7
    to 1, or 0.87.
    """
    cells = {"7": 0.8, "1": 0.2}
    (confidence,) = read({"7": 2 / 3, "1": 1 / 3}, {"7": 0.9, "1": 0.1}, cells).confidences
    assert 0.75 < confidence < 0.83


@pytest.mark.parametrize(("share", "is_read"), [(0.57, True), (0.63, False)])
def test_a_row_whose_cells_hold_no_digit_stays_unread(share: float, is_read: bool):
    """Whatever the row network says, and though it proposes a single text."""
    page = Picture(255 - np.pad(INK, 40), (180, 140), 1)
    reading = read_page(page, networks({"1": 1.0}, {"1": 1.0}, {"": share}))
    assert len(reading.lines) == is_read
    assert len(reading.unread) == (not is_read)
