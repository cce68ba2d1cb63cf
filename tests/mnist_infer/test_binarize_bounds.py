"""What just is a paper region, a picture of two levels, or a ruling: each bound from both sides."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from mnist_infer.imaging.binarize import binarize, binarize_two_levels
from mnist_infer.imaging.paper import blur_noise
from mnist_infer.imaging.paper_region import find_paper_regions
from mnist_infer.imaging.rulings import remove_rulings
from tests.glyphs import digit_mask


def sheet(
    side: int = 140, angle: float = 0, ground: int = 40, covered: float = 0
) -> NDArray[np.uint8]:
    """A bright square on darker ground, 256 pixels a side, a part of it covered with stripes."""
    image = Image.new("L", (256, 256), ground)
    start = (256 - side) // 2
    ImageDraw.Draw(image).rectangle((start, start, start + side, start + side), fill=220)
    stripes = ImageDraw.Draw(image)
    for left in range(start + 10, start + side - 10, 10):
        stripes.rectangle((left, start + 10, left + 10 * covered, start + side - 10), fill=10)
    return np.asarray(image.rotate(angle, Image.Resampling.BICUBIC, fillcolor=ground))


def foreground_of(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return binarize(grey, grey)


def is_found(picture: NDArray[np.uint8]) -> bool:
    return any(region.mask[128, 128] for region in find_paper_regions(picture))


@pytest.mark.parametrize("angle", [8, 40])
def test_a_paper_region_may_be_turned(angle: float):
    assert is_found(sheet(angle=angle))


@pytest.mark.parametrize(("covered", "found"), [(0.1, True), (0.55, False)])
def test_most_of_a_paper_region_is_bare(covered: float, found: bool):
    assert is_found(sheet(covered=covered)) is found


@pytest.mark.parametrize(("bulge", "found"), [(5, True), (10, False)])
def test_the_sides_of_a_paper_region_are_straight(bulge: int, found: bool):
    """Two of them rise to a ridge, by 3.6 and by 7 % of the sheet's area."""
    image = Image.new("L", (256, 256), 40)
    corners = [(58, 58), (128, 58 - bulge), (198, 58), (198, 198), (128, 198 + bulge), (58, 198)]
    ImageDraw.Draw(image).polygon(corners, fill=220)
    assert is_found(np.asarray(image)) is found


@pytest.mark.parametrize(("contrast", "found"), [(13, True), (8, False)])
def test_ink_stands_out_five_times_as_far_as_noise(contrast: int, found: bool):
    page = np.full((200, 200), 200.0)
    page[50:150, 95:105] -= contrast
    noise = np.random.default_rng(0).normal(0, 2, page.shape)
    assert bool(foreground_of(np.rint(page + noise).astype(np.uint8)).any()) is found


@pytest.mark.parametrize(("depth", "found"), [(52, True), (28, False)])
def test_ink_has_an_edge_and_shading_has_none(depth: int, found: bool):
    """Grey falls by two levels a pixel at the edge of what is just sharp enough."""
    bar = Image.new("L", (120, 120))
    ImageDraw.Draw(bar).rectangle((50, 25, 69, 94), fill=depth)
    soft = np.asarray(bar.filter(ImageFilter.GaussianBlur(7)))
    assert bool(foreground_of(200 - soft).any()) is found


@pytest.mark.parametrize(("strokes", "depth", "is_ink"), [(2, 55, False), (1, 65, True)])
def test_a_dark_band_along_the_border_is_a_shadow_if_strokes_have_most_of_the_edges(
    strokes: int, depth: int, is_ink: bool
):
    page = np.full((256, 256), 200, np.uint8)
    page[:, -40:] -= np.uint8(depth)
    for left in range(50, 50 + 30 * strokes, 30):
        page[80:180, left : left + 6] = 140
    found = foreground_of(page) > 127
    assert found[80:180, 50:56].all()
    assert bool(found[:, -35:].any()) is is_ink


@pytest.mark.parametrize("digit", range(10))
def test_grey_of_a_small_picture_tells_how_much_of_a_pixel_is_ink(digit: int):
    ink = digit_mask(digit, 240).resize((28, 28), Image.Resampling.BOX)
    page = 255 - np.pad(np.asarray(ink), 4)
    assert foreground_of(page)[4:-4, 4:-4].mean() == pytest.approx(np.asarray(ink).mean(), rel=0.05)


@pytest.mark.parametrize(("step", "is_blurred"), [(5, True), (3, False)])
def test_noise_is_blurred_where_neighbours_differ_by_half_of_eight_levels(
    step: int, is_blurred: bool
):
    noisy = np.full((40, 40), 200, np.uint8)
    noisy[:, ::2] += np.uint8(step)
    assert (blur_noise(noisy) is not noisy) is is_blurred


@pytest.mark.parametrize("turned", [1, 2, 3])
def test_a_faint_stroke_on_a_sheet_stands_out_beside_the_edge_of_a_dark_desk(turned: int):
    sheet, is_sheet = Image.new("L", (172, 172), 190), Image.new("L", (172, 172), 255)
    ImageDraw.Draw(sheet).line((86, 52, 86, 120), fill=178, width=4)
    desk = Image.new("L", (230, 230), 45)
    sheet, is_sheet = (
        each.rotate(turned, Image.Resampling.BICUBIC, expand=True) for each in (sheet, is_sheet)
    )
    desk.paste(sheet, (23, 23), is_sheet)
    middle = 23 + sheet.width // 2
    found = foreground_of(np.asarray(desk))[middle - 10 : middle + 10, middle - 10 : middle + 10]
    assert (found > 127).any(axis=1).all()


def levels(
    between: float = 0, spread: float = 0, edge: int = 0, third: int = 0
) -> NDArray[np.uint8]:
    """A dark rectangle on bright paper.

    Args:
        between: Part of the pixels that are specks between both levels.
        spread: Of each level, as a part of the contrast.
        edge: Pixels around it between both levels.
        third: Side of a square of a third level beside it.
    """
    rng = np.random.default_rng(0)
    page = np.full((80, 80), 220.0)
    page[20 - edge : 60 + edge, 30 - edge : 50 + edge] = 120
    page[20:60, 30:50] = 20
    page += np.where(page > 100, -1, 1) * rng.uniform(0, 200 * spread, page.shape)
    page[rng.random(page.shape) < between] = 120
    page[10 : 10 + third, 60 : 60 + third] = 120
    page[0, 0], page[40, 40] = 220, 20
    return np.rint(page).astype(np.uint8)


@pytest.mark.parametrize(
    ("between", "spread", "is_clean"),
    [(0.03, 0, True), (0.08, 0, False), (0, 0.05, True), (0, 0.085, False)],
)
def test_two_levels_are_narrow_and_have_nearly_all_pixels(
    between: float, spread: float, is_clean: bool
):
    assert (binarize_two_levels(levels(between, spread)) is not None) is is_clean


@pytest.mark.parametrize(
    ("edge", "third", "is_clean"), [(2, 0, True), (3, 0, False), (1, 4, True), (0, 8, False)]
)
def test_between_two_levels_is_a_soft_edge_and_no_stroke(edge: int, third: int, is_clean: bool):
    picture = levels(edge=edge, third=third)
    assert (binarize_two_levels(picture) is not None) is is_clean


def page_with_a_line(gaps: float = 0, top: int = 150, thickness: int = 3) -> NDArray[np.uint8]:
    ink = np.zeros((300, 300), np.uint8)
    ink[top : top + thickness] = 255
    for start in range(10, 280, 20):
        ink[top : top + thickness, start : start + round(20 * gaps)] = 0
    ink[190:260, 140:150] = 255
    return ink


@pytest.mark.parametrize(("gaps", "left"), [(0.1, False), (0.35, True)])
def test_a_ruling_has_few_gaps(gaps: float, left: bool):
    rest = remove_rulings(page_with_a_line(gaps)).foreground
    assert bool(rest[140:160].any()) is left


@pytest.mark.parametrize(("top", "left"), [(5, False), (24, False), (40, True)])
def test_a_thick_line_is_a_forms_ruling_where_it_lies_along_the_border(top: int, left: bool):
    rest = remove_rulings(page_with_a_line(top=top, thickness=18)).foreground
    assert bool(rest[:80].any()) is left
