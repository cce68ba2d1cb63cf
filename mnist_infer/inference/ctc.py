"""Decode the row network's output: texts with their probabilities, and where each digit stands.

The row network goes along a row in steps of four pixels. At each it gives the probabilities of the
ten digits and of CTC's blank, which stands for "no digit, or the same one still" (Graves et al.,
2006). Class 0 is the blank, class d + 1 the digit d. All probabilities here are natural logarithms.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

BLANK = 0

BEAM_WIDTH = 8
"""Texts that are kept at each step."""

MIN_LOG_PROBABILITY = -7.0
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
    beams: dict[str, tuple[float, float]] = {"": (0.0, -np.inf)}
    for step in steps.tolist():
        likely = [k for k in range(1, len(step)) if step[k] > MIN_LOG_PROBABILITY]
        after: defaultdict[str, list[float]] = defaultdict(lambda: [-np.inf, -np.inf])
        for text, (in_blank, in_digit) in beams.items():
            total = float(np.logaddexp(in_blank, in_digit))
            same = after[text]
            same[0] = float(np.logaddexp(same[0], total + step[BLANK]))
            last = int(text[-1]) + 1 if text else BLANK
            if text:
                same[1] = float(np.logaddexp(same[1], in_digit + step[last]))
            for k in likely:
                # The same digit again needs a blank before it.
                before = in_blank if k == last else total
                longer = after[text + str(k - 1)]
                longer[1] = float(np.logaddexp(longer[1], before + step[k]))
        ranked = sorted(after.items(), key=lambda item: -max(item[1]))[:width]
        beams = {text: (ends[0], ends[1]) for text, ends in ranked}
    totals = {text: float(np.logaddexp(*ends)) for text, ends in beams.items()}
    return dict(sorted(totals.items(), key=lambda item: -item[1]))


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


def align(steps: NDArray[np.float32], text: str) -> list[float]:
    """Find where along the row each digit of a text stands, by forced alignment.

    Args:
        steps: `(T, 11)` log-probabilities.
        text: Its digits, at most as many as there is room for.

    Returns:
        The step, as a float, at the middle of each digit; evenly spread where the text does not
        fit into the steps.
    """
    states = [BLANK]
    for character in text:
        states += [int(character) + 1, BLANK]
    count = len(states)
    best = np.full(count, -np.inf)
    best[:2] = steps[0, states[:2]]
    can_skip = np.array(
        [k > 1 and states[k] != BLANK and states[k] != states[k - 2] for k in range(count)]
    )
    moves = np.zeros((len(steps), count), np.int8)
    for step in range(1, len(steps)):
        one = np.concatenate(([-np.inf], best[:-1]))
        two = np.where(can_skip, np.concatenate(([-np.inf, -np.inf], best[:-2])), -np.inf)
        options = np.stack((best, one, two))
        moves[step] = options.argmax(axis=0)
        best = options.max(axis=0) + steps[step, states]
    state = count - 1 if best[-1] >= best[-2] else count - 2
    if not np.isfinite(best[state]):
        return [(k + 0.5) * len(steps) / len(text) for k in range(len(text))]
    path = np.empty(len(steps), np.intp)
    for step in range(len(steps) - 1, -1, -1):
        path[step] = state
        state -= int(moves[step, state])
    return [float(np.flatnonzero(path == 2 * k + 1).mean()) for k in range(len(text))]
