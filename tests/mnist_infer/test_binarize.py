"""Ink from pixels: polarity, paper, light, margins, nothing."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from mnist_infer.imaging.binarize import binarize, binarize_two_levels
from mnist_infer.imaging.paper import colour_contrast, foreground_is_dark
from mnist_infer.imaging.paper_region import find_paper_regions

LINE = (slice(50, 150), slice(95, 105))


def paper(shade: int = 240, pen: int = 30, side: int = 200) -> NDArray[np.uint8]:
    """An upright stroke, ten pixels wide, in the middle of a grey page."""
    page = np.full((side, side), shade, np.uint8)
    page[LINE] = pen
    return page


def foreground_of(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return binarize(pixels, colour_contrast(pixels))


def assert_stroke_found(ink: NDArray[np.uint8]) -> None:
    found = ink > 127
    expected = np.zeros_like(found)
    expected[LINE] = True
    assert (found & expected).sum() / (found | expected).sum() > 0.75


@pytest.mark.parametrize(("shade", "pen"), [(255, 0), (0, 255), (240, 225), (60, 200), (120, 90)])
def test_a_stroke_is_found_in_any_polarity_and_contrast(shade: int, pen: int):
    assert_stroke_found(foreground_of(paper(shade, pen)))


def test_grey_levels_of_ink_reach_full_range():
    ink = foreground_of(paper(200, 180))
    assert ink.min() == 0
    assert ink.max() == 255


@pytest.mark.parametrize(
    ("shade", "pen"),
    [((255, 255, 255), (255, 240, 60)), ((60, 60, 200), (200, 60, 60)), ((40, 90, 60), (250,) * 3)],
)
def test_a_coloured_pen_stands_out_whatever_its_luminance(
    shade: tuple[int, int, int], pen: tuple[int, int, int]
):
    page = np.full((200, 200, 3), shade, np.uint8)
    page[LINE] = pen
    assert_stroke_found(foreground_of(page))


def test_a_grey_picture_is_its_own_contrast():
    page = paper()
    assert colour_contrast(page) is page


def test_a_stroke_is_found_where_light_falls_off():
    light = np.linspace(1, 0.3, 200)[:, None] * np.linspace(1, 0.7, 200)
    assert_stroke_found(foreground_of((paper() * light).astype(np.uint8)))


def test_a_stroke_is_found_in_noise():
    noise = np.random.default_rng(0).normal(0, 20, (200, 200))
    assert_stroke_found(foreground_of((paper(200, 60) + noise).clip(0, 255).astype(np.uint8)))


def test_strokes_that_cover_most_of_the_picture_are_foreground():
    image = Image.new("L", (28, 28), 255)
    ImageDraw.Draw(image).ellipse((1, 0, 26, 27), fill=0)
    ImageDraw.Draw(image).rectangle((11, 7, 16, 20), fill=255)
    page = np.asarray(image)
    assert (page == 0).mean() > 0.55
    assert ((foreground_of(page) > 127) == (page == 0)).mean() > 0.98


def test_a_vignette_does_not_turn_the_polarity():
    y, x = np.mgrid[-1:1:200j, -1:1:200j]
    vignette = paper() * (1.25 - 0.75 * (x**2 + y**2)).clip(0.05, 1)
    assert foreground_is_dark(vignette.astype(np.uint8))


def test_boxes_at_the_border_do_not_hide_what_is_in_them():
    boxes = np.full((48, 151, 3), 250, np.uint8)
    boxes[[0, 1, -2, -1]] = boxes[:, [0, 1, 48, 49, 98, 99, -2, -1]] = (70, 120, 180)
    strokes = np.zeros((48, 151), bool)
    strokes[8:40, [22, 23, 24, 25, 72, 73, 74, 75, 122, 123, 124, 125]] = True
    boxes[strokes] = (160, 30, 40)
    assert (foreground_of(boxes)[strokes] > 127).all()


def test_dark_borders_of_a_scan_are_no_paper():
    scan = np.full((200, 320), 15, np.uint8)
    scan[:, 110:310] = paper()
    masks = (region.mask for region in find_paper_regions(scan, in_shadow=True))
    page = next(mask for mask in masks if mask[100, 200])
    rows, columns = np.flatnonzero(page.any(axis=1)), np.flatnonzero(page.any(axis=0))
    assert (rows[0], rows[-1]) == (0, 199)
    assert 110 <= columns[0] <= 116
    assert 303 <= columns[-1] < 310
    assert_stroke_found(foreground_of(scan)[:, 110:310])


@pytest.mark.parametrize(("note", "desk"), [(230, 90), (70, 200)])
def test_ink_on_a_turned_note_on_a_desk_is_foreground_and_the_desk_is_not(note: int, desk: int):
    pen = 255 - note
    image = Image.new("L", (300, 300), desk)
    draw = ImageDraw.Draw(image)
    draw.polygon([(70, 40), (250, 60), (230, 250), (50, 230)], fill=note)
    draw.line([(150, 100), (140, 190)], fill=pen, width=10)
    rows, columns = np.nonzero(foreground_of(np.asarray(image)) > 127)
    assert 95 <= rows.min() <= 105
    assert 185 <= rows.max() <= 195
    assert 130 <= columns.min() <= columns.max() <= 160


def test_a_table_on_a_turned_sheet_on_a_desk_is_ink_and_the_desk_is_not():
    photo = Image.new("L", (900, 640), 90)
    draw = ImageDraw.Draw(photo)
    draw.polygon([(80, 60), (830, 110), (820, 570), (60, 540)], fill=230)
    for k in range(4):
        draw.line([(130, 140 + 110 * k), (780, 170 + 110 * k)], fill=40, width=5)
        draw.line([(150 + 200 * k, 110), (145 + 200 * k, 520)], fill=40, width=5)
    ink = foreground_of(np.asarray(photo)) > 127
    assert ink[np.asarray(photo) == 40].mean() > 0.95
    assert not ink[np.asarray(photo) != 40].sum() > 0.05 * ink.sum()


def test_a_shadow_over_most_of_the_paper_is_no_ink():
    y, x = np.mgrid[:200, :200]
    ink = foreground_of(np.where(y + x > 150, paper() * 0.6, paper()).astype(np.uint8))
    assert_stroke_found(ink)


@pytest.mark.parametrize("form", ["ellipse", "rectangle"])
def test_the_space_around_a_digit_is_no_paper_region(form: str):
    image = Image.new("L", (120, 120), 0)
    getattr(ImageDraw.Draw(image), form)((40, 20, 80, 100), outline=255, width=10)
    assert not list(find_paper_regions(np.asarray(image)))


@pytest.mark.parametrize("shade", [0, 128, 255])
@pytest.mark.parametrize("shape", [(1, 1), (2, 50), (28, 28), (200, 300, 3)])
def test_a_blank_picture_has_no_ink(shade: int, shape: tuple[int, ...]):
    assert not foreground_of(np.full(shape, shade, np.uint8)).any()


def test_texture_is_no_ink():
    noise = np.random.default_rng(1).normal(200, 6, (200, 200)).clip(0, 255).astype(np.uint8)
    assert not foreground_of(noise).any()


def test_pictures_of_a_few_pixels_raise_nothing():
    """A paper region of which nothing is left inside its blurred edge is none."""
    rng = np.random.default_rng(0)
    for _ in range(500):
        pixels = rng.integers(0, 256, rng.integers(1, 12, 2)).astype(np.uint8)
        for picture in (pixels, 255 * (pixels > 180).astype(np.uint8)):
            assert foreground_of(picture).shape == pixels.shape


@pytest.mark.parametrize("turned", [False, True])
def test_a_strip_too_narrow_for_paper_is_foreground(turned: bool):
    for width in range(40, 60):
        for strip in range(3, 7):
            picture = np.full((300, width), 40, np.uint8)
            picture[:, -strip:] = 240
            page = picture.T.copy() if turned else picture
            assert np.array_equal(foreground_of(page) > 127, page == 240)


def ring(side: int, pen: int) -> NDArray[np.uint8]:
    """A 0 that fills its picture: white on black."""
    image = Image.new("L", (side, side), 0)
    ImageDraw.Draw(image).ellipse((0, 0, side - 1, side - 1), outline=255, width=pen)
    return np.asarray(image)


@pytest.mark.parametrize("negative", [False, True])
@pytest.mark.parametrize("pen", [2, 12])
@pytest.mark.parametrize("side", [16, 32, 96])
def test_a_bitmap_that_fills_its_frame_keeps_every_pixel(side: int, pen: int, negative: bool):
    picture = ring(side, min(pen, side // 3))
    ink = binarize_two_levels(255 - picture if negative else picture)
    assert np.array_equal(ink, picture)


def test_the_polarity_of_a_form_box_is_not_told_by_its_rules():
    box = np.zeros((60, 60), np.uint8)
    box[2:5] = box[-5:-2] = box[:, 2:5] = box[:, -5:-2] = 255
    box[20:40, 28:33] = 255
    assert np.array_equal(binarize_two_levels(255 - box), box)


@pytest.mark.parametrize("levels", [1, 8, 256])
def test_even_light_and_noise_are_no_picture_of_two_levels(levels: int):
    noise = np.random.default_rng(0).integers(0, levels, (60, 60)).astype(np.uint8)
    assert binarize_two_levels(noise) is None
