"""The row network helps where the digit network is unsure or ink was removed, and only there; the
cell network says whether there is a digit."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from mnist_infer.errors import NoDigitError
from mnist_infer.inference.ctc import single_digits
from mnist_infer.inference.ensemble import SURE, classify
from mnist_infer.inference.networks import NO_DIGIT, Network, Networks
from mnist_infer.results import NetworkInputs

VARIANTS = np.zeros((1, 28, 28), np.uint8)
ROW = np.zeros((32, 40), np.uint8)
CELL = np.zeros((32, 32), np.uint8)


def digits(best: int, confidence: float) -> NDArray[np.float32]:
    """Ten probabilities, the rest spread evenly."""
    row = np.full(10, (1 - confidence) / 9, np.float32)
    row[best] = confidence
    return row[None]


def steps(digit: int) -> NDArray[np.float32]:
    """What the row network says of a row with one digit of which it is sure."""
    sure = np.full((6, 11), 1e-4)
    sure[:, 0] = sure[3, digit + 1] = 1
    sure[3, 0] = 1e-4
    return np.log(sure / sure.sum(axis=1, keepdims=True)).astype(np.float32)


def networks(
    given: NDArray[np.float32], read_row: Network = lambda _: steps(9), nothing: float = 0.0
) -> Networks:
    """A digit network with this answer, a row network, and one that doubts a digit by so much."""
    known = np.zeros((1, NO_DIGIT + 1), np.float32)
    known[0, NO_DIGIT] = np.log(max(nothing, 1e-9))
    return Networks(lambda _: given.copy(), read_row, lambda cells: np.tile(known, (len(cells), 1)))


def test_an_unsure_answer_is_overruled():
    rows, _ = classify([NetworkInputs(VARIANTS, (ROW,))], networks(digits(4, 0.5)))
    assert rows[0].argmax() == 9
    assert rows[0].sum() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(("confidence", "row_images"), [(SURE + 0.01, (ROW,)), (0.5, ())])
def test_a_sure_answer_and_one_without_a_row_stay(
    confidence: float, row_images: tuple[NDArray[np.uint8], ...]
):
    given = digits(4, confidence)
    inputs = [NetworkInputs(VARIANTS, row_images)]
    assert np.array_equal(classify(inputs, networks(given))[0], given)


def test_a_sure_answer_is_doubted_where_ink_was_removed():
    whole = np.ones((32, 60), np.uint8)
    seen = []

    def read_row(row: NDArray[np.uint8]) -> NDArray[np.float32]:
        seen.append(row)
        return steps(9)

    inputs = [NetworkInputs(VARIANTS, (ROW, whole))]
    (row,), _ = classify(inputs, networks(digits(4, SURE + 0.01), read_row))
    assert row.argmax() == 9
    assert [each.shape for each in seen] == [ROW.shape, whole.shape]


def test_a_problem_is_settled_by_the_row_network_alone():
    inputs = [NetworkInputs(VARIANTS, (ROW,), problem=NoDigitError("too wide"))]
    (row,), _ = classify(inputs, networks(digits(4, 0.99)))
    assert row.argmax() == 9
    assert row.sum() == pytest.approx(1, abs=1e-6)
    undecided = np.full((6, 11), np.log(1 / 11), np.float32)
    (row,), _ = classify(inputs, networks(digits(4, 0.99), lambda _: undecided))
    assert not row.any()


def test_an_answer_is_as_sure_as_it_is_sure_that_there_is_a_digit():
    inputs = [NetworkInputs(VARIANTS, (ROW,), CELL)]
    (row,), _ = classify(inputs, networks(digits(4, SURE + 0.01), nothing=0.5))
    assert row.argmax() == 4
    # One to one in the cell network's answer; a quarter of that in pictures that should have one.
    assert row[4] == pytest.approx(0.8 * (SURE + 0.01) + 0.2 / 10)
    assert row.sum() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(("odds", "is_answered"), [(15, True), (17, False)])
def test_where_there_is_surely_no_digit_there_is_no_answer(odds: float, is_answered: bool):
    """16 to 1 in the cell network's answer is 4 to 1 in pictures that should have a digit."""
    inputs = [NetworkInputs(VARIANTS, (ROW,), CELL)]
    (row,), _ = classify(inputs, networks(digits(4, SURE + 0.01), nothing=odds / (1 + odds)))
    assert row.any() == is_answered


@pytest.mark.parametrize(
    ("likely", "other", "expected"),
    [
        (0.5, SURE + 0.01, 7),
        (0.5, SURE - 0.01, 4),
        (SURE + 0.01, 1.0, 7),
        (1.0, SURE + 0.01, 4),
    ],
    ids=["it alone is sure", "none is sure", "it is surer", "the likely digit is surer"],
)
def test_an_alternative_counts_if_it_is_sure_and_surer(likely: float, other: float, expected: int):
    given = {0: digits(4, likely), 1: digits(7, other)}
    answers = replace(networks(digits(0, 0.5)), classify=lambda seen: given[int(seen[0, 0, 0])])
    inputs = NetworkInputs(VARIANTS, alternatives=(NetworkInputs(VARIANTS + 1),))
    (row,), (alternative,) = classify([inputs], answers)
    assert row.argmax() == expected
    assert alternative == (0 if expected == 7 else None)


def test_each_picture_is_doubted_for_itself():
    """The second of three is in the MNIST format, which no cell is made of."""
    seen = []

    def classify_cells(cells: NDArray[np.uint8]) -> NDArray[np.float32]:
        seen.append(cells[:, 0, 0].tolist())
        nothing = np.where(cells[:, 0, 0] == 2, 0.999, 1e-6)
        return np.log(np.tile(nothing[:, None], NO_DIGIT + 1)).astype(np.float32)

    inputs = [NetworkInputs(VARIANTS, (ROW,), CELL + 1), NetworkInputs(VARIANTS)]
    inputs.append(NetworkInputs(VARIANTS, (ROW,), CELL + 2))
    sure = np.tile(digits(4, SURE + 0.01), (3, 1))
    known = Networks(lambda _: sure.copy(), lambda _: steps(9), classify_cells)
    assert classify(inputs, known)[0].any(axis=1).tolist() == [True, True, False]
    assert seen == [[1, 2]]


def test_single_digits_are_as_likely_as_all_their_alignments_together():
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(11), 4)
    wanted = [
        sum(
            np.prod([probabilities[t, d + 1 if i <= t < j else 0] for t in range(4)])
            for i in range(4)
            for j in range(i + 1, 5)
        )
        for d in range(10)
    ]
    assert np.exp(single_digits(np.log(probabilities))) == pytest.approx(wanted)
