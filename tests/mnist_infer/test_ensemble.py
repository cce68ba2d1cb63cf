"""The row network helps where the digit network is unsure or ink was removed, and only there."""

import numpy as np
import pytest
from numpy.typing import NDArray

from mnist_infer.errors import NoDigitError
from mnist_infer.inference.ctc import single_digits
from mnist_infer.inference.ensemble import SURE, NetworkInputs, classify

VARIANTS = np.zeros((1, 28, 28), np.uint8)
ROW = np.zeros((32, 40), np.uint8)


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


def test_an_unsure_answer_is_overruled():
    rows = classify([NetworkInputs(VARIANTS, (ROW,))], lambda _: digits(4, 0.5), lambda _: steps(9))
    assert rows[0].argmax() == 9
    assert rows[0].sum() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(("confidence", "row_images"), [(SURE + 0.01, (ROW,)), (0.5, ())])
def test_a_sure_answer_and_one_without_a_row_stay(
    confidence: float, row_images: tuple[NDArray[np.uint8], ...]
):
    given = digits(4, confidence)
    inputs = [NetworkInputs(VARIANTS, row_images)]
    assert np.array_equal(classify(inputs, lambda _: given.copy(), lambda _: steps(9)), given)


def test_a_sure_answer_is_doubted_where_ink_was_removed():
    whole = np.ones((32, 60), np.uint8)
    seen = []

    def read_row(row: NDArray[np.uint8]) -> NDArray[np.float32]:
        seen.append(row)
        return steps(9)

    inputs = [NetworkInputs(VARIANTS, (ROW, whole))]
    (row,) = classify(inputs, lambda _: digits(4, SURE + 0.01), read_row)
    assert row.argmax() == 9
    assert [each.shape for each in seen] == [ROW.shape, whole.shape]


def test_a_doubt_is_settled_by_the_row_network_alone():
    inputs = [NetworkInputs(VARIANTS, (ROW,), NoDigitError("too wide"))]
    (row,) = classify(inputs, lambda _: digits(4, 0.99), lambda _: steps(9))
    assert row.argmax() == 9
    assert row.sum() == pytest.approx(1, abs=1e-6)
    undecided = np.full((6, 11), np.log(1 / 11), np.float32)
    (row,) = classify(inputs, lambda _: digits(4, 0.99), lambda _: undecided)
    assert not row.any()


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
