"""Pages: order, lines, touching digits, and marks that are no digits."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from mnist_infer import NoDigitError, Recognizer
from tests.glyphs import digit_mask
from tests.paths import ROOT


def page(*lines: str, gap: int = 70, height: int = 60) -> Image.Image:
    """Lines of drawn digits; a space leaves a gap."""
    width = gap * max(map(len, lines)) + 60
    image = Image.new("L", (width, 110 * len(lines) + 40), 255)
    for row, line in enumerate(lines):
        for place, digit in enumerate(line):
            if digit != " ":
                mask = digit_mask(int(digit), height)
                image.paste(0, (40 + gap * place, 40 + 110 * row), mask)
    return image


def test_digits_come_in_reading_order(recognizer: Recognizer):
    reading = recognizer.read(page("31 415", "926", "535 89"))
    assert reading.text == "31 415\n926\n535 89"
    assert reading.as_text(spaces=False) == "31415\n926\n53589"
    assert [len(line) for line in reading.lines] == [5, 3, 5]
    assert [digit.digit for digit in reading.digits] == [int(digit) for digit in "3141592653589"]
    assert 0 < reading.confidence <= 1


def test_a_line_that_climbs_is_one_line(recognizer: Recognizer):
    tilted = page("2718281828").rotate(5, expand=True, fillcolor=255)
    assert recognizer.read(tilted).text == "2718281828"


def test_a_small_number_below_a_large_one_is_read(recognizer: Recognizer):
    image = Image.new("L", (560, 260), 255)
    image.paste(page("3141592"), (0, 0))
    image.paste(page("6535", gap=44, height=32), (0, 110))
    assert recognizer.read(image).text == "3141592\n6535"


@pytest.mark.parametrize("height", [16, 32, 60])
def test_numbers_of_any_height_below_a_large_one_are_read(recognizer: Recognizer, height: int):
    image = Image.new("L", (800, 420), 255)
    for number, size, top in (("2026", 160, 30), ("3725", height, 240), ("4071", height, 330)):
        for place, digit in enumerate(number):
            image.paste(0, (60 + round(1.2 * size * place), top), digit_mask(int(digit), size))
    assert recognizer.read(image).text == "2026\n3725\n4071"


def test_a_comma_below_its_line_is_no_line(recognizer: Recognizer):
    image = page("314 15")
    ImageDraw.Draw(image).line((258, 104, 256, 128), fill=0, width=5)
    reading = recognizer.read(image)
    assert reading.as_text(spaces=False) == "31415"
    assert reading.unread == ()


def test_specks_below_a_number_are_no_line(recognizer: Recognizer):
    image = page("3141592")
    for x in range(40, 400, 60):
        image.paste(0, (x, 130, x + 5, 137))
    assert recognizer.read(image).unread == ()


@pytest.mark.parametrize("angle", [-40, 0, 40])
@pytest.mark.parametrize("desk", [60, 150])
def test_a_shadow_across_a_sheet_and_its_desk_hides_no_digit(
    recognizer: Recognizer, desk: int, angle: int
):
    sheet = page("2703586")
    photo = Image.new("L", (sheet.width + 160, sheet.height + 140), desk)
    photo.paste(sheet, (80, 70))
    light = Image.new("L", photo.size, 255)
    draw = ImageDraw.Draw(light)
    middle = photo.width // 2
    draw.polygon(
        [(middle + angle, 0), (photo.width, 0), photo.size, (middle - angle, photo.height)],
        fill=140,
    )
    light = light.filter(ImageFilter.GaussianBlur(6))
    shaded = np.asarray(photo, np.float32) * np.asarray(light, np.float32) / 255
    assert recognizer.read(shaded.astype(np.uint8)).text == "2703586"


def test_a_face_is_no_zero(recognizer: Recognizer):
    face = Image.new("L", (200, 200), 255)
    draw = ImageDraw.Draw(face)
    draw.ellipse((60, 50, 140, 150), outline=0, width=7)
    draw.ellipse((82, 78, 92, 88), fill=0)
    draw.ellipse((108, 78, 118, 88), fill=0)
    draw.arc((80, 90, 120, 130), 20, 160, fill=0, width=6)
    with pytest.raises(NoDigitError):
        recognizer.read(face)
    both = Image.new("L", (470, 350), 255)
    both.paste(page("27035"), (0, 0))
    both.paste(face, (100, 150))
    reading = recognizer.read(both)
    assert reading.text == "27035"
    assert len(reading.unread) == 1
    assert reading.is_uncertain


def test_a_five_whose_bar_stands_apart_is_read_once(recognizer: Recognizer):
    image = page("14    ")
    draw = ImageDraw.Draw(image)
    draw.line((192, 68, 196, 54, 236, 40), fill=0, width=6, joint="curve")
    draw.arc((178, 74, 214, 100), -90, 150, fill=0, width=6)
    image.paste(0, (250, 40), digit_mask(0, 60))
    image.paste(0, (320, 34), digit_mask(6, 60))
    image.paste(0, (390, 40), digit_mask(9, 60))
    assert recognizer.read(image).text == "145069"


def test_boxes_are_in_the_pictures_own_pixels(recognizer: Recognizer):
    image = page("47").resize((4000, 3000))
    ink = np.asarray(image) < 128
    for digit, half in zip(recognizer.read(image).digits, (0, 2000), strict=True):
        rows, columns = (np.flatnonzero(ink[:, half : half + 2000].any(axis)) for axis in (1, 0))
        x, y, width, height = digit.box
        expected = (columns[0] + half, rows[0], np.ptp(columns), np.ptp(rows))
        assert np.abs(np.subtract((x, y, width, height), expected)).max() < 20


def test_digits_a_two_hundredth_as_high_as_the_page_is_wide_are_read(recognizer: Recognizer):
    image = Image.new("L", (3200, 800), 255)
    image.paste(page("0829583876", gap=24, height=16), (200, 400))
    assert recognizer.read(image).text == "0829583876"


def test_underlines_dots_and_dashes_are_no_digits(recognizer: Recognizer):
    image = page("12 50 3")
    draw = ImageDraw.Draw(image)
    draw.line((30, 115, 360, 117), fill=0, width=5)
    draw.ellipse((188, 92, 197, 101), fill=0)
    draw.line((330, 70, 362, 70), fill=0, width=6)
    assert recognizer.read(image).text == "12 50 3"


def labelled(before: str, number: str, behind: str = "", print_size: int = 64) -> Image.Image:
    """A number 64 pixels high, written between print, on one line."""
    image = Image.new("L", (1200, 140), 255)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(print_size)
    draw.text((40, 105), before, fill=0, font=font, anchor="ls")
    x = 40 + int(draw.textlength(before, font)) + 40
    for digit in number:
        mask = digit_mask(int(digit), 64)
        image.paste(0, (x, 41), mask)
        x += mask.width + 12
    draw.text((x + 30, 105), behind, fill=0, font=font, anchor="ls")
    return image


@pytest.mark.parametrize(
    ("before", "behind"), [("Total", ""), ("Amount due", ""), ("", "EUR"), ("Weight", "kg")]
)
def test_words_around_a_number_are_no_digits(recognizer: Recognizer, before: str, behind: str):
    assert recognizer.read(labelled(before, "2470", behind)).text == "2470"


def test_the_small_print_of_a_long_label_does_not_make_small_print_of_its_number(
    recognizer: Recognizer,
):
    form = Image.new("L", (1200, 280), 255)
    form.paste(labelled("Number of this invoice", "2470", print_size=52), (0, 0))
    form.paste(labelled("", "5813"), (0, 140))
    assert recognizer.read(form).text == "2470\n5813"


@pytest.mark.parametrize(
    "words", ["the weather in September was never better", "name and address", "please return"]
)
def test_a_line_of_print_has_no_digits(recognizer: Recognizer, words: str):
    with pytest.raises(NoDigitError):
        recognizer.read(labelled(words, ""))


def test_a_sign_before_a_number_does_not_take_it_along(recognizer: Recognizer):
    assert recognizer.read(labelled("$", "2470")).text.endswith("2470")


def test_touching_digits_are_cut(recognizer: Recognizer):
    image = Image.new("L", (260, 140), 255)
    left, right = digit_mask(2, 90), digit_mask(3, 90)
    image.paste(0, (40, 25), left)
    image.paste(0, (38 + left.width, 25), right)
    assert recognizer.read(image).text == "23"


def test_a_binarization_that_shows_every_digit_wins_over_one_that_shows_fewer(
    recognizer: Recognizer,
):
    light = np.linspace(228, 121, 156).astype(np.uint8)
    image = Image.fromarray(np.tile(light, (68, 1)))
    for x, digit in zip((10, 46, 82, 117), "1380", strict=True):
        image.paste(32, (x, 17), digit_mask(int(digit), 34))
    assert recognizer.read(image.resize((148, 64))).text == "1380"


@pytest.mark.parametrize("text", ["57", "14"])
def test_touching_digits_that_lean_over_each_other_are_cut(recognizer: Recognizer, text: str):
    image = Image.new("L", (260, 140), 255)
    x = 40
    for digit in text:
        upright = digit_mask(int(digit), 90)
        size = (upright.width + 27, 90)
        leaning = upright.transform(size, Image.Transform.AFFINE, (1, 0.3, -27, 0, 1, 0))
        leaning = leaning.crop(leaning.getbbox())
        image.paste(0, (x, 25), leaning)
        x += leaning.width - 20
    assert recognizer.read(image).text == text


def test_small_writing_beside_the_dark_border_of_a_bound_book_is_read(recognizer: Recognizer):
    light = np.interp(np.arange(112), [28, 29, 45, 111], [27, 130, 190, 213])
    image = Image.fromarray(np.tile(light.astype(np.uint8), (308, 1)))
    draw = ImageDraw.Draw(image)
    for place, digit in enumerate("120"):
        image.paste(80, (50 + 14 * place, 84), digit_mask(int(digit), 14))
    for top in (4, 262):
        draw.line((28, top, 112, top), fill=60, width=2)
    draw.line((109, 0, 109, 308), fill=70)
    for top in (135, 283):
        draw.line((32, top, 32, top + 12), fill=90)
    assert recognizer.read(image).text == "120"


@pytest.mark.parametrize("shade", [0, 255])
def test_a_blank_page_has_no_digits(recognizer: Recognizer, shade: int):
    with pytest.raises(NoDigitError):
        recognizer.read(np.full((300, 400), shade, np.uint8))


def borders() -> NDArray[np.uint8]:
    """Black ones: from each of their rows to each of the other's there may be a line."""
    page = np.full((1600, 1600), 255, np.uint8)
    page[:, :20] = page[:, -20:] = 0
    return page


def bars() -> NDArray[np.uint8]:
    """32,000 of them, each with the shape of a digit."""
    tile = np.full((10, 8), 255, np.uint8)
    tile[1:8, 3:5] = 0
    return np.pad(np.tile(tile, (159, 199)), 4, constant_values=255)


def noise() -> NDArray[np.uint8]:
    """A third of the pixels."""
    return np.where(np.random.default_rng(0).random((1600, 1600)) < 0.35, 0, 255).astype(np.uint8)


def squares() -> NDArray[np.uint8]:
    """Paper with 200 lines across and 200 down, that have a quarter of a million pairs of ends."""
    page = np.full((1600, 1600), 255, np.uint8)
    page[::8] = page[:, ::8] = 90
    return page


FULL = {full.__name__: full for full in (borders, bars, noise, squares)}
READ = """
import resource, sys
from mnist_infer import ImageError, Recognizer
from tests.mnist_infer.test_reader import FULL

recognizer, pixels = Recognizer(device="cpu"), FULL[sys.argv[1]]()
resource.setrlimit(resource.RLIMIT_DATA, (700 << 20, 700 << 20))
resource.setrlimit(resource.RLIMIT_CPU, (60, 60))  # slow machines need 12
try:
    print("read", len(recognizer.read(pixels).lines))
except ImageError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits a process as Linux does")
@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("borders", "no digit was found"),
        ("bars", "marks that may be digits, and at most 10,000"),
        pytest.param(
            "noise", "marks that may be digits, and at most 10,000", marks=pytest.mark.slow
        ),
        ("squares", "no digit was found"),
    ],
)
def test_a_page_full_of_marks_costs_neither_memory_nor_time(name: str, says: str):
    """Some took 2 GB, some minutes; with 700 MB and a minute of the processor all must end."""
    done = subprocess.run(
        [sys.executable, "-c", READ, name],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert says in done.stdout, done.stderr


def test_a_comb_of_boxes_is_no_digits(recognizer: Recognizer):
    image = page("1415", height=50)
    draw = ImageDraw.Draw(image)
    for left in range(25, 305, 70):
        draw.rectangle((left, 25, left + 70, 110), outline=0, width=3)
    assert recognizer.read(image.rotate(1, fillcolor=255)).text == "1415"


def test_a_row_across_the_edge_of_a_shadow_is_read(recognizer: Recognizer):
    image = page("31415")
    y, x = np.mgrid[: image.height, : image.width]
    shadow = np.where(x + y > 230, 0.6, 0.95)
    assert recognizer.read((np.asarray(image) * shadow).astype(np.uint8)).text == "31415"
