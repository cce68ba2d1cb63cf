"""Decoding: whatever a caller calls an image becomes upright, opaque uint8 pixels."""

from __future__ import annotations

import io
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mnist_infer import ImageError
from mnist_infer.decode.images import decode_picture
from tests.pictures import encoded


def read_pixels(source: object) -> np.ndarray:
    return decode_picture(source).pixels


GREY = np.arange(12 * 8, dtype=np.uint8).reshape(12, 8) * 2
IMAGE = Image.fromarray(GREY)


def test_every_kind_of_source_gives_the_same_pixels(tmp_path: Path):
    content = encoded(IMAGE)
    path = tmp_path / "grey.png"
    path.write_bytes(content)
    for source in (str(path), path, content, bytearray(content), io.BytesIO(content), IMAGE, GREY):
        np.testing.assert_array_equal(read_pixels(source), GREY)


@pytest.mark.parametrize(
    "array",
    [
        GREY[:, :, np.newaxis],
        GREY.astype(np.uint16) * 257,
        (GREY.astype(np.uint16) * 257).astype(">u2"),
        GREY.astype(np.float32) / 255,
        GREY.astype(np.float64) / 255,
        GREY.astype(np.float64) / 254.9 - 1e-6,  # as resizing leaves them
    ],
    ids=["(H,W,1)", "uint16", "big-endian uint16", "float32", "float64", "rounded float64"],
)
def test_arrays_of_every_type_give_the_same_pixels(array: np.ndarray):
    np.testing.assert_array_equal(read_pixels(array), GREY)


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_a_matrix_is_an_array_and_numpy_warns_of_nothing():
    matrix = np.matrix(GREY)
    with warnings.catch_warnings(action="error"):
        np.testing.assert_array_equal(read_pixels(matrix), GREY)


def test_colour_stays_colour():
    rgb = np.stack([GREY, GREY // 2, GREY // 3], axis=2)
    np.testing.assert_array_equal(read_pixels(rgb), rgb)
    np.testing.assert_array_equal(read_pixels(encoded(Image.fromarray(rgb))), rgb)


def test_bool_arrays_and_one_bit_files_are_black_and_white():
    bits = GREY > 90
    expected = np.where(bits, 255, 0)
    np.testing.assert_array_equal(read_pixels(bits), expected)
    np.testing.assert_array_equal(read_pixels(encoded(Image.fromarray(bits))), expected)


def test_sixteen_bit_png_keeps_its_greys():
    sixteen = Image.fromarray(GREY.astype(np.uint16) * 257)
    np.testing.assert_array_equal(read_pixels(encoded(sixteen)), GREY)


def test_float_tiff_keeps_its_greys():
    floats = Image.fromarray(GREY.astype(np.float32))
    np.testing.assert_array_equal(read_pixels(encoded(floats, "TIFF")), GREY)


@pytest.mark.parametrize("low", [-0.1, -1.0])
def test_a_float_tiff_below_0_is_refused(low: float):
    floats = Image.fromarray(np.where(GREY > 100, low, GREY / 255).astype(np.float32))
    with pytest.raises(ImageError, match=f"32-bit pixels from {low:g} to "):
        read_pixels(encoded(floats, "TIFF"))


@pytest.mark.parametrize("format_", ["GIF", "BMP", "TIFF", "WEBP", "PPM", "JPEG"])
def test_every_format_keeps_the_greys(format_: str):
    pixels = read_pixels(encoded(IMAGE, format_))
    assert pixels.shape[:2] == GREY.shape
    grey = pixels if pixels.ndim == 2 else pixels[:, :, 0]
    assert np.abs(grey.astype(int) - GREY).mean() < 6


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr", "P", "RGB"])
def test_other_colour_modes_become_rgb(mode: str):
    rgb = IMAGE.convert("RGB")
    pixels = read_pixels(rgb.quantize() if mode == "P" else rgb.convert(mode))
    assert pixels.shape == (*GREY.shape, 3)
    assert np.abs(pixels.mean(axis=2) - GREY).mean() < 6


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(orientation: int):
    turn = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = IMAGE.transpose(turn[orientation]) if orientation in turn else IMAGE
    exif = Image.Exif()
    exif[0x0112] = orientation
    np.testing.assert_array_equal(read_pixels(encoded(stored, exif=exif)), GREY)


class TestTransparency:
    ALPHA = np.where(np.arange(64).reshape(8, 8) % 8 == 3, 255, 0).astype(np.uint8)

    def strokes(self, shade: int) -> np.ndarray:
        return np.dstack([np.full((8, 8, 3), shade, np.uint8), self.ALPHA])

    def test_black_strokes_on_nothing_get_white_paper(self):
        pixels = read_pixels(self.strokes(0))
        assert (pixels[:, 3] == 0).all()
        assert (pixels[:, :3] == 255).all()

    def test_white_strokes_on_nothing_get_black_paper(self):
        pixels = read_pixels(self.strokes(255))
        assert (pixels[:, 3] == 255).all()
        assert (pixels[:, :3] == 0).all()

    def test_a_written_page_with_transparent_corners_stays_white(self):
        page = np.full((8, 8, 4), 255, np.uint8)
        page[0, 0, 3] = 0
        page[2:6, 4, :3] = 0
        expected = page[:, :, :3]
        assert (read_pixels(page) == expected).all()

    @pytest.mark.parametrize("shade", [0, 255])
    def test_strokes_that_cover_most_of_their_picture_are_seen(self, shade: int):
        rgba = np.full((40, 40, 4), shade, np.uint8)
        rgba[:, :, 3] = 255
        rgba[15:25, 15:25, 3] = 0
        pixels = decode_picture(rgba).pixels[..., 0]
        assert (pixels[0, 0], pixels[20, 20]) == (shade, 255 - shade)

    def test_grey_with_alpha_gives_the_same_as_colours_with_alpha(self):
        rgba = Image.fromarray(self.strokes(0))
        expected = read_pixels(rgba)
        np.testing.assert_array_equal(read_pixels(encoded(rgba.convert("LA"))), expected)
        np.testing.assert_array_equal(read_pixels(rgba.convert("LA").convert("La")), expected)

    @pytest.mark.parametrize("format_", ["GIF", "PNG"])
    def test_a_transparent_colour_of_a_palette_is_paper(self, format_: str):
        palette = Image.fromarray(self.ALPHA // 255).convert("P")
        palette.putpalette([255, 0, 0, 0, 0, 0])
        content = encoded(palette, format_, transparency=0)
        np.testing.assert_array_equal(read_pixels(content), read_pixels(self.strokes(0)))

    def test_nothing_at_all_is_blank_paper(self):
        assert len(np.unique(read_pixels(np.zeros((8, 8, 4), np.uint8)))) == 1


class TestShrinking:
    PHOTO = Image.fromarray(
        np.random.default_rng(0).integers(0, 256, (600, 1000, 3), dtype=np.uint8)
    )

    @pytest.mark.parametrize("format_", ["JPEG", "PNG", "array"])
    def test_a_large_image_is_shrunk_by_a_whole_factor(self, format_: str):
        source = np.asarray(self.PHOTO) if format_ == "array" else encoded(self.PHOTO, format_)
        picture = decode_picture(source, working_side=100)
        assert picture.size == (1000, 600)
        height, width = picture.pixels.shape[:2]
        assert 60 <= width <= 100
        assert width == -(-1000 // picture.shrink)
        assert height == -(-600 // picture.shrink)

    def test_a_small_image_is_left_alone(self):
        picture = decode_picture(GREY, working_side=100)
        assert picture.shrink == 1
        np.testing.assert_array_equal(picture.pixels, GREY)

    @pytest.mark.parametrize("format_", ["JPEG", "PNG"])
    def test_the_size_is_that_of_the_upright_original(self, format_: str):
        exif = Image.Exif()
        exif[0x0112] = 6
        picture = decode_picture(encoded(self.PHOTO, format_, exif=exif), working_side=100)
        assert picture.size == (600, 1000)
        height, width = picture.pixels.shape[:2]
        assert 60 <= height <= 100
        assert width < height

    def test_transparent_strokes_keep_their_colour_when_shrunk(self):
        strokes = np.full((400, 400, 4), 255, np.uint8)
        strokes[:, :, 3] = 0
        strokes[100:300, 180:220] = (0, 0, 0, 255)
        pixels = decode_picture(strokes, working_side=40).pixels
        assert pixels[20, 20].max() == 0
        assert pixels[0, 0].min() == 255


class TestErrors:
    @pytest.mark.parametrize(
        ("array", "says"),
        [
            (np.zeros((2, 3, 4, 5), np.uint8), "shape (2, 3, 4, 5)"),
            (np.zeros((5, 5, 2), np.uint8), "shape (5, 5, 2)"),
            (np.zeros((0, 5), np.uint8), "no pixels"),
            (np.zeros((5, 5), np.int32), "int32"),
            (np.full((5, 5), 200.0), "from 200 to 200"),
            (np.full((5, 5), -0.5), "from -0.5 to -0.5"),
            (np.full((5, 5), np.nan), "nan"),
        ],
    )
    def test_of_an_array_that_is_no_image_what_is_wrong_is_named(
        self, array: np.ndarray, says: str
    ):
        with pytest.raises(ImageError) as caught:
            read_pixels(array)
        assert says in str(caught.value)

    def test_a_file_that_is_not_there_is_named(self, tmp_path: Path):
        with pytest.raises(ImageError, match="no such file"):
            read_pixels(tmp_path / "none.png")

    def test_a_folder_is_no_image(self, tmp_path: Path):
        with pytest.raises(ImageError, match="folder"):
            read_pixels(tmp_path)

    @pytest.mark.parametrize("content", [b"", b"not an image at all", b"\x89PNG\r\n\x1a\n"])
    def test_bytes_that_are_no_image_are_refused(self, content: bytes):
        with pytest.raises(ImageError):
            read_pixels(content)

    @pytest.mark.parametrize("format_", ["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"])
    def test_files_that_were_cut_short_are_refused(self, format_: str):
        noise = np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)
        content = encoded(Image.fromarray(noise), format_)
        with pytest.raises(ImageError):
            read_pixels(content[: len(content) // 2])

    def test_a_text_stream_is_no_source(self):
        with pytest.raises(TypeError, match="binary"):
            read_pixels(io.StringIO("no"))

    def test_what_is_no_source_is_named(self):
        with pytest.raises(TypeError, match="not int"):
            read_pixels(7)

    def test_a_closed_stream_is_the_callers_mistake(self):
        stream = io.BytesIO(b"an image")
        stream.close()
        with pytest.raises(ValueError, match="closed"):
            read_pixels(stream)
