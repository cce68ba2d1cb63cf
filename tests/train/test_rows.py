"""Generated rows: decided by their seed, and with the truth for each digit."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnist_infer.imaging.row_image import ROW_HEIGHT
from train.rows.fit import Cycle, RowRecipe, fit_rows
from train.rows.glyphs import Glyphs, load
from train.rows.samples import WIDTHS, make_batch, make_row
from train.rows.writing import MOST_DIGITS, Variety, pick_hand, write_row
from train.styles import styled_digits


@pytest.fixture(scope="module")
def glyphs() -> Glyphs:
    """Glyphs whose "MNIST" is made of drawn digits, so that no data is needed."""
    images, labels = styled_digits(600, np.random.default_rng(3))
    return load(images, labels, seed=1)


def test_a_seed_decides_a_batch(glyphs: Glyphs):
    first, second = (make_batch(4, glyphs, np.random.default_rng((7, 2))) for _ in range(2))
    other = make_batch(4, glyphs, np.random.default_rng((7, 3)))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert other[0].shape != first[0].shape or (other[0] != first[0]).any()


def test_a_batch_has_one_of_the_widths_and_says_what_it_holds(glyphs: Glyphs):
    images, labels, counts = make_batch(
        8, glyphs, np.random.default_rng(0), Variety(rare=0.5, form=0.5, loose=0.5)
    )
    assert images.dtype == np.uint8
    assert images.shape[:2] == (8, ROW_HEIGHT)
    assert images.shape[2] in WIDTHS
    assert labels.shape == (8, MOST_DIGITS)
    assert counts.max() <= MOST_DIGITS
    assert labels.max() <= 9


def test_boxes_of_the_truth_hold_the_ink_of_their_digits(glyphs: Glyphs):
    rng = np.random.default_rng(5)
    for _ in range(20):
        written = write_row([0, 4, 8], pick_hand(rng), glyphs, rng)
        assert [placed.label for placed in written.digits] == [0, 4, 8]
        for placed in written.digits:
            left, top, right, bottom = (round(side) for side in placed.box)
            inside = written.ink[top:bottom, left:right]
            assert inside.max() > 0.5
            assert inside.any(axis=0).mean() > 0.9


def test_a_row_without_digits_has_an_empty_text(glyphs: Glyphs):
    sample = make_row(0, glyphs, np.random.default_rng(1), Variety(form=1.0))
    assert sample.text == ""
    assert sample.picture.dtype == np.uint8


class KilledError(Exception):
    pass


@pytest.mark.slow
def test_a_fit_that_was_killed_ends_as_one_that_was_not(tmp_path: Path, mnist_path: Path):
    import keras

    recipe = RowRecipe(cycles=(Cycle(2, 1e-3),), batch_size=2, steps_per_epoch=1, rising=1)
    settings: dict[str, Any] = {"seed": 4, "data": mnist_path}

    def die(epoch: int, _: object) -> None:
        if epoch == 1:
            raise KilledError

    killer = keras.callbacks.LambdaCallback(on_epoch_begin=die)
    whole = fit_rows(recipe, tmp_path / "whole", **settings)
    with pytest.raises(KilledError):
        fit_rows(recipe, tmp_path / "killed", **settings, callbacks=[killer])
    resumed = fit_rows(recipe, tmp_path / "killed", **settings)
    for a, b in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert (tmp_path / "killed" / "model.keras").exists()
    with pytest.raises(FileExistsError, match="another recipe or seed"):
        fit_rows(recipe, tmp_path / "killed", seed=5, data=mnist_path)
