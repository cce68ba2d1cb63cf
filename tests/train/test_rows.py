"""Generated rows: decided by their seed, and with the truth for each digit."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import cc3d
import numpy as np
import pytest
from PIL import Image, ImageDraw

from mnist_infer.imaging.row_image import ROW_HEIGHT
from mnist_infer.inference.networks import NO_DIGIT
from train.cells.task import CELLS
from train.data import load_mnist
from train.generated import Cycle, GeneratedRecipe, fit_generated
from train.rows.glyphs import Glyphs, lean, load_glyphs
from train.rows.hand import CAP, MOST_DIGITS, PLAIN, Groups, Hand, Variety, pick_hand, pick_labels
from train.rows.marks import CELL_STYLES, add_cells, add_ring
from train.rows.objects import OBJECTS, Draw, add_spiral
from train.rows.paper import bitmap
from train.rows.samples import MOST_SYMBOLS, WIDTHS, make_batch, make_row
from train.rows.skeleton import FINE, skeleton
from train.rows.task import ROWS
from train.rows.words import pick_word, write_word
from train.rows.writing import write_row


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
    assert labels.shape == (8, MOST_SYMBOLS)
    assert counts.max() <= MOST_DIGITS
    assert labels.max() <= 9


def test_a_batch_with_signs_between_digits_names_those_that_look_like_a_1(glyphs: Glyphs):
    _, labels, counts = make_batch(16, glyphs, np.random.default_rng(0), Variety(signs=1.0))
    assert NO_DIGIT in labels
    assert labels.max() == NO_DIGIT
    for row, count in zip(labels, counts, strict=True):
        assert not row[count:].any()
        # One sign at most stands behind each digit.
        assert (row[:count] == NO_DIGIT).sum() <= (row[:count] != NO_DIGIT).sum()


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


def test_a_pen_gives_the_strokes_its_width(glyphs: Glyphs):
    hand = replace(pick_hand(np.random.default_rng(2), PLAIN), source="mnist", rare=0.0)
    amounts = [
        write_row([1] * 8, replace(hand, stroke=stroke), glyphs, np.random.default_rng(4)).ink.sum()
        for stroke in (0.05, 0.1, 0.2)
    ]
    # A line's ink is as its width, but for its ends.
    assert amounts[1] / amounts[0] == pytest.approx(2, abs=0.5)
    assert amounts[2] / amounts[1] == pytest.approx(2, abs=0.5)


def test_signs_between_digits_are_ink_and_no_digits(glyphs: Glyphs):
    hand = replace(pick_hand(np.random.default_rng(2), PLAIN), source="mnist", gap=0.3, signs=1.0)
    written = write_row([4, 0, 7], hand, glyphs, np.random.default_rng(4))
    assert [placed.label for placed in written.digits] == [4, 0, 7]
    beside = written.ink.copy()
    for placed in written.digits:
        left, top, right, bottom = (round(side) for side in placed.box)
        beside[top:bottom, left:right] = 0
    assert (beside > 0.5).any()


def test_letters_stand_in_the_places_of_digits(glyphs: Glyphs):
    hand = replace(pick_hand(np.random.default_rng(2), PLAIN), source="mnist", nondigits=0.5)
    written = write_row([8] * 12, hand, glyphs, np.random.default_rng(4))
    labels = [placed.label for placed in written.symbols]
    assert len(labels) == 12
    assert {*labels} == {8, NO_DIGIT}
    assert [placed.label for placed in written.digits] == [8] * labels.count(8)


def test_the_digits_of_a_comb_stand_at_equal_distances(glyphs: Glyphs):
    hand = replace(pick_hand(np.random.default_rng(2), PLAIN), source="mnist", pitch=1.5)
    written = write_row([8] * 6, hand, glyphs, np.random.default_rng(4))
    middles = [(placed.box[0] + placed.box[2]) / 2 for placed in written.digits]
    assert np.diff(written.cells) == pytest.approx(1.5 * CAP)
    assert np.diff(middles) == pytest.approx(1.5 * CAP, abs=0.4 * CAP)


@pytest.mark.parametrize("style", CELL_STYLES)
def test_cells_are_drawn_beside_the_digits_too(style: str, glyphs: Glyphs):
    hand = replace(pick_hand(np.random.default_rng(2), PLAIN), source="mnist", pitch=1.5)
    written = write_row([8, 0], hand, glyphs, np.random.default_rng(4))
    left = 4 * CAP
    layer = Image.new("L", (written.ink.shape[1] + 2 * left, written.ink.shape[0] + 2 * CAP))
    add_cells(layer, written, left, CAP, np.random.default_rng(4), style)
    drawn = np.asarray(layer)
    assert drawn[:, :left].any()
    assert drawn[:, -left:].any()


def test_a_comb_without_digits_has_an_empty_cell(glyphs: Glyphs):
    hand = replace(pick_hand(np.random.default_rng(2), PLAIN), pitch=1.5)
    written = write_row([], hand, glyphs, np.random.default_rng(4))
    assert len(written.cells) == 1
    assert written.symbols == ()


def test_a_separator_stands_behind_each_group_but_the_last(glyphs: Glyphs):
    hand = replace(
        pick_hand(np.random.default_rng(2), PLAIN),
        source="mnist",
        gap=0.3,
        groups=Groups((2, 2, 4)),
    )
    slashes = write_row([8] * 8, hand, glyphs, np.random.default_rng(4))
    labels = [placed.label for placed in slashes.symbols]
    assert labels == [8, 8, NO_DIGIT, 8, 8, NO_DIGIT, 8, 8, 8, 8]


def test_a_separator_stands_between_the_cells_of_two_groups(glyphs: Glyphs):
    hand = replace(
        pick_hand(np.random.default_rng(2), PLAIN),
        source="mnist",
        pitch=1.5,
        groups=Groups((2, 2, 4), font="DejaVuSans"),
    )
    written = write_row([8] * 8, hand, glyphs, np.random.default_rng(4))
    steps = np.diff(written.cells)
    assert len(written.cells) == 8
    assert list(np.flatnonzero(steps > 1.5 * CAP + 1)) == [1, 3]
    labels = [placed.label for placed in written.symbols]
    assert labels == [8, 8, NO_DIGIT, 8, 8, NO_DIGIT, 8, 8, 8, 8]


@pytest.mark.parametrize("enlarge", [Image.Resampling.NEAREST, Image.Resampling.BILINEAR])
def test_a_bitmap_has_soft_edges_only_where_coarse_pixels_were_enlarged_so(
    enlarge: Image.Resampling,
):
    ink = np.zeros((40, 60), np.float32)
    ink[8:32, 20:30] = 1
    drawn = [bitmap(ink, np.random.default_rng(seed), enlarge) for seed in range(20)]
    levels = [len(np.unique(each)) for each in drawn]
    assert {each.shape for each in drawn} == {ink.shape}
    assert (max(levels) > 2) == (enlarge is Image.Resampling.BILINEAR)
    widths = [int((each[20] < 128).sum()) for each in drawn]
    assert min(widths) < 12 < max(widths)


def test_digits_of_a_steady_hand_lean_alike(glyphs: Glyphs):
    hand = replace(pick_hand(np.random.default_rng(2), PLAIN), source="mnist", rare=0.0, gap=0.4)

    def spread(hand: Hand) -> float:
        rng, leans = np.random.default_rng(4), []
        for _ in range(4):
            written = write_row([7] * 5, hand, glyphs, rng)
            for placed in written.digits:
                left, top, right, bottom = (round(side) for side in placed.box)
                leans.append(lean(np.uint8(255 * written.ink[top:bottom, left:right])))
        return float(np.std(leans))

    assert spread(replace(hand, is_steady=True)) < 0.7 * spread(hand)


def test_a_steady_hand_writes_equal_digits_in_one_form(glyphs: Glyphs):
    sevens = glyphs.pool(7, "rare")
    rng = np.random.default_rng(0)
    far, near = [], []
    for _ in range(50):
        number, other = rng.integers(len(sevens.images), size=2)
        same = sevens.alike(int(number), rng)
        near.append(np.abs(sevens.forms[number] - sevens.forms[same]).mean())
        far.append(np.abs(sevens.forms[number] - sevens.forms[other]).mean())
    assert np.mean(near) < 0.7 * np.mean(far)


def test_a_word_is_as_high_as_asked_and_fits_its_room():
    rng = np.random.default_rng(3)
    for _ in range(20):
        word = pick_word(5.0, rng)
        assert 3 <= len(word) <= 8
        assert word.isalpha()
        ink, baseline = write_word("H", 30, 2.0, rng)
        rows = np.flatnonzero(ink.max(axis=1) > 128)
        # A word bends a little, and its strokes have a width.
        assert rows[-1] - rows[0] == pytest.approx(30, abs=7)
        assert rows[-1] == pytest.approx(baseline, abs=5)
    assert pick_word(1.0, rng) == ""


def test_a_leaning_line_leans_by_its_run_for_its_rise():
    picture = Image.new("L", (28, 28))
    ImageDraw.Draw(picture).line((4, 24, 14, 4), fill=255, width=1)
    assert lean(np.asarray(picture)) == pytest.approx(0.5, abs=0.05)
    assert lean(np.asarray(picture)[:, ::-1]) == pytest.approx(-0.5, abs=0.05)


def test_a_skeleton_keeps_the_form_and_loses_the_width():
    ring = Image.new("L", (28, 28))
    ImageDraw.Draw(ring).ellipse((4, 4, 24, 24), outline=255, width=4)
    thin = skeleton(np.asarray(ring))
    assert thin.shape == (28 * FINE, 28 * FINE)
    assert cc3d.connected_components(thin, connectivity=8).max() == 1
    # Paper inside and outside: the ring stays closed.
    assert cc3d.connected_components(thin == 0, connectivity=4).max() == 2
    circumference = np.pi * (20 - 4) * FINE
    # A slanting line may go in steps, with one pixel to the side for each one down.
    assert 0.8 * circumference < np.count_nonzero(thin) < 4 / np.pi * circumference


@pytest.mark.parametrize("is_first", [True, False])
def test_a_currency_sign_stands_beside_the_digits_and_has_no_label(glyphs: Glyphs, is_first: bool):
    hand = replace(pick_hand(np.random.default_rng(2), PLAIN), source="mnist", gap=0.3)
    alone = write_row([5, 5], hand, glyphs, np.random.default_rng(3))
    hand = replace(hand, currency="$", is_currency_first=is_first)
    written = write_row([5, 5], hand, glyphs, np.random.default_rng(3))
    assert [placed.label for placed in written.symbols] == [5, 5]
    left, right = written.digits[0].box[0], written.ink.shape[1] - written.digits[-1].box[2]
    before, behind = alone.digits[0].box[0], alone.ink.shape[1] - alone.digits[-1].box[2]
    assert (left > before + CAP / 4) is is_first
    assert (right > behind + CAP / 4) is not is_first


def test_a_run_has_equal_digits_side_by_side():
    for seed in range(20):
        labels = pick_labels(6, np.random.default_rng(seed), Variety(runs=1.0))
        assert any(a == b for a, b in pairwise(labels))


def test_a_ring_goes_around_the_row():
    layer = Image.new("L", (300, 120))
    add_ring(layer, (60, 40, 240, 80), 3, np.random.default_rng(1))
    ring = np.asarray(layer) > 0
    assert ring[40:80, 60:240].mean() < 0.1
    assert ring[:, 150].any()
    assert ring[60].any()
    assert ring.any(axis=0).sum() > 150


@pytest.mark.parametrize("draw", OBJECTS)
def test_an_object_has_ink_where_its_box_says(draw: Draw):
    layer = Image.new("L", (300, 120))
    left, top, right, bottom = draw(layer, (100, 40, 200, 80), 3, np.random.default_rng(1))
    rows, columns = np.nonzero(np.asarray(layer))
    found = (columns.min(), rows.min(), columns.max(), rows.max())
    assert found == pytest.approx((left, top, right, bottom), abs=4)


def test_a_spiral_goes_from_side_to_side():
    layer = Image.new("L", (400, 120))
    add_spiral(layer, np.random.default_rng(1), height=60)
    columns = np.flatnonzero(np.asarray(layer).any(axis=0))
    assert (columns[0] < 100) & (columns[-1] > 300)


def test_objects_are_beside_the_digits_and_no_digits(glyphs: Glyphs):
    rng = np.random.default_rng(1)
    samples = [make_row(4, glyphs, rng, Variety(objects=1.0)) for _ in range(20)]
    assert all(len(sample.text) == 4 for sample in samples)
    objects = [placed for sample in samples for placed in sample.objects]
    assert len(objects) > 10
    assert {placed.label for placed in objects} == {NO_DIGIT}


def test_a_cycle_has_whole_epochs_alone():
    with pytest.raises(ValueError, match="no whole number of epochs of 2 steps"):
        GeneratedRecipe((Cycle(5, 1e-3),), batch_size=1, steps_per_epoch=2)


class KilledError(Exception):
    pass


@pytest.mark.slow
def test_a_fit_that_was_killed_ends_as_one_that_was_not(tmp_path: Path, mnist_path: Path):
    import keras

    cycles = (Cycle(2, 1e-3, is_averaged=True), Cycle(2, 1e-3))
    recipe = GeneratedRecipe(cycles, batch_size=2, steps_per_epoch=1, warmup_steps=1)
    settings: dict[str, Any] = {"seed": 4, "data": mnist_path}

    def die(epoch: int, _: object) -> None:
        if epoch == 1:
            raise KilledError

    killer = keras.callbacks.LambdaCallback(on_epoch_begin=die)
    whole = fit_generated(CELLS, recipe, tmp_path / "whole", **settings)
    with pytest.raises(KilledError):
        fit_generated(CELLS, recipe, tmp_path / "killed", **settings, callbacks=[killer])
    resumed = fit_generated(CELLS, recipe, tmp_path / "killed", **settings)
    for a, b in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert (tmp_path / "killed" / "model.keras").exists()
    with pytest.raises(FileExistsError, match="another recipe or seed"):
        fit_generated(CELLS, recipe, tmp_path / "killed", seed=5, data=mnist_path)


@pytest.mark.slow
def test_batches_may_change_their_width_at_any_step(tmp_path: Path, mnist_path: Path):
    recipe = GeneratedRecipe((Cycle(4, 1e-3),), batch_size=1, steps_per_epoch=4, warmup_steps=1)
    mnist = load_mnist(mnist_path)
    glyphs = load_glyphs(mnist.x_train, mnist.y_train, seed=1)

    def widths(seed: int) -> list[int]:
        batches = [make_batch(1, glyphs, np.random.default_rng((seed, k))) for k in range(4)]
        return [images.shape[2] for images, _, _ in batches]

    late = next(seed for seed in range(50) if len({*widths(seed)[:2]}) == 1 < len({*widths(seed)}))
    fit_generated(ROWS, recipe, tmp_path, seed=late, data=mnist_path)
