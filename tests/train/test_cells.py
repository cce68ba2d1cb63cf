"""Generated cells: decided by their seed, each with the class of what is in its middle."""

import numpy as np

from mnist_infer.imaging.cell_image import CELL_SIDE
from mnist_infer.inference.networks import NO_DIGIT
from train.cells.samples import make_batch
from train.rows.glyphs import Glyphs
from train.rows.hand import PLAIN, Variety


def test_a_seed_decides_a_batch(glyphs: Glyphs):
    first, second, other = (
        make_batch(40, glyphs, np.random.default_rng(seed), PLAIN) for seed in (1, 1, 2)
    )
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    assert (first[0] != other[0]).any()


def test_a_batch_has_as_many_cells_as_asked_of_every_class(glyphs: Glyphs):
    images, classes = make_batch(400, glyphs, np.random.default_rng(0), PLAIN)
    assert images.shape == (400, CELL_SIDE, CELL_SIDE)
    assert images.dtype == np.uint8
    assert {*classes.tolist()} == {*range(NO_DIGIT + 1)}
    assert 0.05 < (classes == NO_DIGIT).mean() < 0.3


def test_letters_among_digits_are_cells_without_a_digit(glyphs: Glyphs):
    def others(variety: Variety) -> float:
        _, classes = make_batch(400, glyphs, np.random.default_rng(0), variety)
        return float((classes == NO_DIGIT).mean())

    assert others(Variety(nondigits=1.0)) > others(PLAIN) + 0.2


def test_cells_differ_where_they_show_one_digit_twice(glyphs: Glyphs):
    """A reader finds a digit's box not quite where it is, and never twice at the same place."""
    images, _ = make_batch(200, glyphs, np.random.default_rng(1), PLAIN)
    assert len(np.unique(images.reshape(200, -1), axis=0)) == 200
