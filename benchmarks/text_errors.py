"""How far the text that was read is from the label."""

from __future__ import annotations


def edit_distance(label: str, text: str) -> int:
    """Levenshtein's distance: the insertions, deletions and substitutions from one to the other."""
    before = list(range(len(text) + 1))
    for i, expected in enumerate(label, start=1):
        after = [i]
        for j, found in enumerate(text, start=1):
            substituted = before[j - 1] + (expected != found)
            after.append(min(substituted, before[j] + 1, after[-1] + 1))
        before = after
    return before[-1]


def is_undetected_length_error(label: str, text: str, *, is_uncertain: bool) -> bool:
    """Whether digits were lost or added, and the reader does not call its answer uncertain."""
    return len(text) != len(label) and not is_uncertain
