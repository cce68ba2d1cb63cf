"""Decode the row network's output: texts with their probabilities, and where each digit stands.

The row network goes along a row in steps of four pixels. At each it gives the probabilities of the
ten digits and of CTC's blank, which stands for "no digit, or the same one still" (Graves et al.,
2006). Class 0 is the blank, class d + 1 the digit d. All probabilities here are natural logarithms.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BLANK = 0

BEAM_WIDTH = 8
"""Texts that are kept at each step."""

MIN_STEP_LOG_PROBABILITY = -7.0
"""A digit less likely than this (0.1 %) at a step starts no text."""


def beam_search(steps: NDArray[np.float32], width: int = BEAM_WIDTH) -> dict[str, float]:
    """Find the most likely texts of a row, by prefix beam search (Hannun et al., 2014).

    Args:
        steps: `(T, 11)` log-probabilities.
        width: Texts that are kept.

    Returns:
        Up to `width` texts with their log-probabilities, the most likely first; the empty text
        stands for a row without digits.
    """
    # Of each text: the log-probability that it ends in a blank, and that it ends in its digit.
    beams: dict[str, tuple[float, float]] = {"": (0.0, -math.inf)}
    for step in steps.tolist():
        likely = [k for k in range(1, len(step)) if step[k] > MIN_STEP_LOG_PROBABILITY]
        after: defaultdict[str, list[float]] = defaultdict(lambda: [-math.inf, -math.inf])
        for text, (in_blank, in_digit) in beams.items():
            total = _log_add(in_blank, in_digit)
            same = after[text]
            same[0] = _log_add(same[0], total + step[BLANK])
            last = int(text[-1]) + 1 if text else BLANK
            if text:
                same[1] = _log_add(same[1], in_digit + step[last])
            for k in likely:
                # The same digit again needs a blank before it.
                before = in_blank if k == last else total
                longer = after[text + str(k - 1)]
                longer[1] = _log_add(longer[1], before + step[k])
        ranked = sorted(after.items(), key=lambda item: -max(item[1]))[:width]
        beams = {text: (ends[0], ends[1]) for text, ends in ranked}
    totals = {text: _log_add(*ends) for text, ends in beams.items()}
    return dict(sorted(totals.items(), key=lambda item: -item[1]))


def _log_add(a: float, b: float) -> float:
    """Add two probabilities given as logarithms; np.logaddexp makes a beam search twice as slow."""
    low, high = (a, b) if a < b else (b, a)
    return high if low == -math.inf else high + math.log1p(math.exp(low - high))


def single_digits(steps: NDArray[np.float32]) -> NDArray[np.float64]:
    """Find for each digit how likely a row has it alone, at any place: `(T, 11)` -> `(10,)`."""
    # Of each digit: the log-probability that it is still to come, that it is here, or has been.
    before = 0.0
    here, after = np.full(10, -np.inf), np.full(10, -np.inf)
    for step in steps.astype(np.float64):
        after = np.logaddexp(after, here) + step[BLANK]
        here = np.logaddexp(here, before) + step[1:]
        before += step[BLANK]
    return np.asarray(np.logaddexp(here, after))


def align(steps: NDArray[np.float32], texts: Sequence[str]) -> list[list[float]]:
    """Find where along the row each digit of a text stands, by forced alignment.

    Args:
        steps: `(T, 11)` log-probabilities.
        texts: One or more digits each.

    Returns:
        Of each text the step, as a float, at the middle of each digit; evenly spread where the text
        does not fit into the steps.
    """
    # A text's states: its digits, and a blank before, between and behind them.
    states = np.full((len(texts), 2 * max(map(len, texts), default=0) + 1), BLANK)
    for row, text in zip(states, texts, strict=True):
        row[1 : 2 * len(text) : 2] = [int(character) + 1 for character in text]
    skip = np.full(states.shape, -np.inf)
    skip[:, 2:][(states[:, 2:] != BLANK) & (states[:, 2:] != states[:, :-2])] = 0
    shown = steps[:, states]
    best = np.full((len(texts), states.shape[1] + 2), -np.inf)  # two states that no path is in
    best[:, 2:4] = shown[0, :, :2]
    moves = np.zeros(shown.shape, np.int8)
    for step in range(1, len(steps)):
        options = np.stack((best[:, 2:], best[:, 1:-1], best[:, :-2] + skip))
        moves[step] = options.argmax(axis=0)
        best[:, 2:] = options.max(axis=0) + shown[step]
    return [_middles(moves[:, k], best[k, 2:], len(text)) for k, text in enumerate(texts)]


def _middles(moves: NDArray[np.int8], best: NDArray[np.float64], count: int) -> list[float]:
    """Go back along a text's best path, and find the middle of each of `count` digits."""
    state = 2 * count if best[2 * count] >= best[2 * count - 1] else 2 * count - 1
    if not np.isfinite(best[state]):
        return [(k + 0.5) * len(moves) / count for k in range(count)]
    path = np.empty(len(moves), np.intp)
    for step in range(len(moves) - 1, -1, -1):
        path[step] = state
        state -= int(moves[step, state])
    lengths = np.bincount(path, minlength=2 * count)
    totals = np.bincount(path, weights=np.arange(len(path)), minlength=2 * count)
    middles: list[float] = (totals[1 : 2 * count : 2] / lengths[1 : 2 * count : 2]).tolist()
    return middles
