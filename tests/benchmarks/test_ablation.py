"""Every variant of the ablation changes something that answers still depend on."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import ablation
from benchmarks.ablation import VARIANTS, Change, Sample, changed, is_right
from benchmarks.generated import digits, rows
from mnist_infer import Recognizer
from train.rows.glyphs import Glyphs
from train.styles import styled_digits

DIGITS = (
    "held",
    "window",
    "filled-tiny",
    "circled",
    "bitmap-16-thin",
    "cell-ruled",
    "noise-empty",
    "texture-empty",
    "sheet",
)
ROWS = ("page-table-by-hand", "row-ruled", "page-sizes", "row-plain", "row-desk", "row-noise")
OF_EACH = 3


class UsedError(Exception):
    """The value that a name stands for was used."""


def _fail(*_: object, **__: object) -> None:
    raise UsedError


OPERATIONS = (
    *("__call__", "__array_ufunc__", "__bool__", "__float__", "__int__", "__index__", "__iter__"),
    *("__lt__", "__le__", "__gt__", "__ge__", "__neg__", "__add__", "__radd__", "__sub__"),
    *("__rsub__", "__mul__", "__rmul__", "__truediv__", "__rtruediv__"),
)
# Stands for a function or a number, and fails on whatever is done with it.
TRIPWIRE = type("Tripwire", (), dict.fromkeys(OPERATIONS, _fail))()


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return Recognizer(device="cpu")


@pytest.fixture(scope="module")
def samples(recognizer: Recognizer, glyphs: Glyphs) -> list[Sample]:
    """Pictures that together need every part of the package that a variant changes."""
    images, labels = styled_digits(100, np.random.default_rng(0))
    return [
        *(
            Sample(recognizer.decode(picture), "", is_row=False)
            for kind in DIGITS
            for picture, _ in digits.pictures(kind, images, labels, OF_EACH, seed=0)
        ),
        *(
            Sample(recognizer.decode(picture), text, is_row=True)
            for kind in ROWS
            for picture, text in rows.pictures(kind, glyphs, OF_EACH, seed=0)
        ),
    ]


def is_used(change: Change, recognizer: Recognizer, samples: list[Sample]) -> bool:
    """Whether any of the answers depends on what the change replaces."""
    owner, name, _ = change
    with changed([(owner, name, TRIPWIRE)]):
        for sample in samples:
            try:
                is_right(recognizer, sample)
            except UsedError:
                return True
    return False


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_variant_changes_values_that_answers_depend_on(
    variant: str, recognizer: Recognizer, samples: list[Sample]
):
    for owner, name, value in VARIANTS[variant]:
        assert getattr(owner, name) != value
        assert is_used((owner, name, value), recognizer, samples), f"nothing uses {name}"


def test_a_name_that_nothing_uses_is_noticed(
    recognizer: Recognizer, samples: list[Sample], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(ablation.layout, "UNUSED", 1.0, raising=False)
    assert not is_used((ablation.layout, "UNUSED", 2.0), recognizer, samples)
