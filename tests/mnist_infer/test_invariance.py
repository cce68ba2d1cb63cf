"""A digit is the same digit on any paper, in any ink, at any size, wherever it stands."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from mnist_infer import NoDigitError, Recognizer
from tests.glyphs import digit_mask
from tests.pictures import drawn, encoded

RECOGNIZER = Recognizer(device="cpu")
DIGITS = st.integers(0, 9)

settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=40)
settings.load_profile("repeatable")


def page(
    digit: int,
    side: int = 200,
    height: int = 120,
    corner: tuple[int, int] = (20, 20),
    ink: tuple[int, int, int] = (0, 0, 0),
    paper: tuple[int, int, int] = (255, 255, 255),
    pen: float = 0.09,
) -> Image.Image:
    """An RGB page with one drawn digit on it."""
    image = Image.new("RGB", (side, side), paper)
    image.paste(ink, corner, digit_mask(digit, height, pen))
    return image


def read(image: Image.Image | np.ndarray | bytes) -> int:
    return RECOGNIZER.predict(image).digit


@given(DIGITS, st.integers(0, 300), st.integers(0, 300), st.integers(0, 300), st.integers(0, 300))
def test_padding(digit: int, top: int, bottom: int, left: int, right: int):
    padded = np.pad(drawn(digit), ((top, bottom), (left, right)), constant_values=255)
    assert read(padded) == digit


@given(DIGITS, st.integers(0, 160), st.integers(0, 160))
def test_moving(digit: int, x: int, y: int):
    assert read(page(digit, side=320, corner=(x, y))) == digit


@given(DIGITS, st.integers(20, 2000))
def test_size(digit: int, side: int):
    assert read(drawn(digit, side)) == digit


@pytest.mark.parametrize("digit", [3, 5, 8])
def test_a_digit_a_fiftieth_as_high_as_its_page(digit: int):
    assert read(page(digit, side=1280, height=24, corner=(400, 600))) == digit


@given(
    DIGITS,
    st.sampled_from([(0, 0, 0), (20, 40, 160), (190, 20, 30), (0, 110, 60), (110, 110, 110)]),
    st.sampled_from([(255, 255, 255), (250, 240, 200), (215, 215, 215), (255, 250, 150)]),
)
def test_colour(digit: int, ink: tuple[int, int, int], paper: tuple[int, int, int]):
    assert read(page(digit, ink=ink, paper=paper)) == digit


@given(DIGITS)
def test_jpeg_at_quality_50(digit: int):
    assert read(encoded(page(digit), "JPEG", quality=50)) == digit


@given(DIGITS, st.integers(0, 2**32 - 1))
def test_specks(digit: int, seed: int):
    image = page(digit)
    rng = np.random.default_rng(seed)
    for x, y in rng.integers(0, 200, (12, 2)):
        image.putpixel((int(x), int(y)), (0, 0, 0))
    assert read(image) == digit


@given(DIGITS, st.integers(2, 12), st.integers(1, 3))
def test_a_box_around_it(digit: int, inset: int, width: int):
    image = page(digit, side=220, corner=(32, 32))
    edge = 219 - inset
    ImageDraw.Draw(image).rectangle((inset, inset, edge, edge), outline=(60, 60, 60), width=width)
    assert read(image) == digit


@given(DIGITS, st.sampled_from([0.03, 0.05, 0.09, 0.14]))
def test_any_pen(digit: int, pen: float):
    assert read(page(digit, pen=pen)) == digit


@given(DIGITS, st.floats(0.35, 1), st.booleans())
def test_uneven_light(digit: int, darkest: float, from_left: bool):
    light = np.linspace(darkest, 1, 200)[np.newaxis, :, np.newaxis]
    light = light if from_left else light[:, ::-1]
    shaded = np.asarray(page(digit)) * light + 0.0
    assert read(np.rint(shaded).astype(np.uint8)) == digit


@pytest.mark.parametrize("digit", range(10))
def test_a_28x28_image_that_is_not_in_the_mnist_format_is_read(digit: int):
    small = Image.fromarray(drawn(digit)).resize((28, 28), Image.Resampling.BOX)
    assert read(np.asarray(small)) == digit
    assert read(255 - np.asarray(small)) == digit


def row_of(digits: str, height: int = 60, gap: int = 90) -> Image.Image:
    image = Image.new("RGB", (gap * len(digits) + 80, 180), "white")
    for place, digit in enumerate(digits):
        image.paste((10, 10, 10), (40 + gap * place, 50), digit_mask(int(digit), height))
    return image


@given(st.text("0123456789", min_size=1, max_size=9))
def test_a_row_reads_the_same_at_half_size(digits: str):
    image = row_of(digits)
    assert RECOGNIZER.read(image).text == digits
    assert RECOGNIZER.read(image.resize((image.width // 2, image.height // 2))).text == digits


def slope(rng: np.random.Generator, height: int, width: int) -> np.ndarray:
    """Blank paper, light from one side: `(height, width)` grey levels."""
    y, x = np.mgrid[0:height, 0:width]
    angle, fall = rng.uniform(0, 2 * np.pi), rng.uniform(0.1, 0.6)
    along = np.cos(angle) * x / width + np.sin(angle) * y / height
    return rng.uniform(80, 250) * (1 - fall * ((along + 1.5) / 3))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("paper", ["even", "grainy", "sloping light", "sloping JPEG", "vignette"])
def test_nothing_but_paper_is_never_a_guess(paper: str, seed: int):
    rng = np.random.default_rng(seed)
    height, width = (int(side) for side in rng.integers(30, 700, 2))
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    grey = {
        "even": np.full((height, width), rng.uniform(0, 255)),
        "grainy": rng.uniform(80, 200) + rng.normal(0, rng.uniform(2, 20), (height, width)),
        "vignette": rng.uniform(80, 250) * (1 - 0.25 * (x**2 + y**2)),
    }.get(paper, slope(rng, height, width))
    image = Image.fromarray(np.clip(grey, 0, 255).astype(np.uint8))
    source = encoded(image, "JPEG", quality=60) if paper == "sloping JPEG" else image
    with pytest.raises(NoDigitError):
        RECOGNIZER.predict(source)


@pytest.mark.parametrize("digit", range(10))
def test_the_edge_of_a_shadow_across_it(digit: int):
    side = 300
    y, x = np.mgrid[0:side, 0:side]
    light = np.where(x + y // 2 < 1.3 * side // 2, 0.5, 1)[:, :, np.newaxis]
    lit = np.asarray(page(digit, side=side, height=120, corner=(70, 70), pen=0.07)) * light
    assert read(np.rint(lit).astype(np.uint8)) == digit
