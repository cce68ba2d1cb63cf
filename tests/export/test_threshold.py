"""The threshold weighs digits that are rejected against pictures without a digit that pass."""

import numpy as np

from export.threshold import choose


def test_it_stands_between_digits_and_the_rest_where_they_are_apart():
    chosen = choose(np.full(100, 0.9), np.full(100, 0.3))
    assert 0.3 < chosen.recommended_threshold <= 0.9
    assert chosen.validation_digits_rejected == 0
    assert chosen.generated_non_digits_rejected == 1


def test_a_digit_weighs_as_much_as_ten_pictures_without_one():
    """At 0.8, nine or eleven more non-digits are rejected for one more digit."""
    digits = np.array([0.7] + [0.99] * 99)
    passing = np.full(100, 0.99)
    passing[:9] = 0.75
    assert choose(digits, passing).validation_digits_rejected == 0
    passing[:11] = 0.75
    assert choose(digits, passing).validation_digits_rejected == 0.01


def test_of_equal_costs_it_is_the_lowest():
    assert choose(np.full(10, 0.99), np.full(10, 0.12)).recommended_threshold == 0.15
