from itertools import groupby, product

import numpy as np
import pytest

from mnist_infer.inference.ctc import align, beam_search


def steps_of(classes: list[int], sure: float = 0.9) -> np.ndarray:
    """Log-probabilities of steps that each favour one class: 0 is the blank, d + 1 the digit d."""
    rows = np.full((len(classes), 11), (1 - sure) / 10, np.float32)
    rows[np.arange(len(classes)), classes] = sure
    return np.log(rows)


def collapse(path: tuple[int, ...]) -> str:
    return "".join(str(label - 1) for label, _ in groupby(path) if label)


def test_without_digits_the_best_text_is_empty():
    best = next(iter(beam_search(steps_of([0, 0, 0]))))
    assert best == ""


def test_beam_search_sums_over_all_alignments_of_a_text():
    rng = np.random.default_rng(0)
    probabilities = np.full((5, 11), 1e-9)
    probabilities[:, :3] = rng.dirichlet((1, 1, 1), 5)
    expected: dict[str, float] = {}
    for path in product(range(3), repeat=5):
        text = collapse(path)
        likely = float(np.prod(probabilities[np.arange(5), path]))
        expected[text] = expected.get(text, 0.0) + likely
    found = beam_search(np.log(probabilities), width=100)
    for text, log_probability in found.items():
        assert np.exp(log_probability) == pytest.approx(expected.get(text, 0.0), abs=1e-3)
    assert next(iter(found)) == max(expected, key=lambda text: expected[text])


def test_beam_search_finds_what_no_single_step_shows():
    # Each step favours the blank, but together the 3 is more likely than nothing.
    probabilities = np.full((2, 11), 1e-9)
    probabilities[:, 0], probabilities[:, 4] = 0.6, 0.4
    steps = np.log(probabilities)
    assert next(iter(beam_search(steps))) == "3"


def test_align_gives_the_middle_of_each_digit():
    steps = steps_of([0, 8, 8, 8, 0, 0, 8, 0, 3])
    assert align(steps, ["772"]) == [[2.0, 6.0, 8.0]]


def test_texts_of_any_length_are_aligned_as_if_alone():
    steps = np.log(np.random.default_rng(0).dirichlet(np.ones(11), 30)).astype(np.float32)
    texts = ["7", "40918", "33", "000000000000"]
    assert align(steps, texts) == [align(steps, [text])[0] for text in texts]


def test_align_takes_no_texts():
    assert align(steps_of([0, 0]), []) == []


def test_align_spreads_a_text_that_does_not_fit():
    assert align(steps_of([1, 2]), ["0011"]) == [[0.25, 0.75, 1.25, 1.75]]
