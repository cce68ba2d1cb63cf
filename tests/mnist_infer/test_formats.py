"""Every format that people have, and what is refused: by name, by size, by effort."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mnist_infer import ImageError, Page, PictureTooLargeError, Recognizer, SeveralPagesError
from mnist_infer.config import MAX_PIXELS, max_bytes
from mnist_infer.decode.images import decode_picture
from tests.bombs import BOMBS, png
from tests.paths import ROOT
from tests.pictures import drawn, encoded

SEVEN = Image.fromarray(drawn(7))
RGB = SEVEN.convert("RGB")
BITS = SEVEN.convert("1", dither=Image.Dither.NONE)


def inked(paper: int = 255) -> Image.Image:
    """The digit in the alpha channel alone."""
    image = Image.new("RGBA", SEVEN.size, (0, 0, 0, 0))
    image.putalpha(SEVEN.point(lambda grey: paper - grey))
    return image


def interlaced_png() -> bytes:
    """Adam7, which Pillow reads and does not write: uint8 grey, seven passes."""
    grey = np.asarray(SEVEN)
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2)]
    passes.append((1, 0, 2, 1))
    rows = b"".join(
        b"\0" + row.tobytes()
        for top, left, down, right in passes
        for row in grey[top::down, left::right]
    )
    header = struct.pack(">2I5B", *SEVEN.size, 8, 0, 0, 0, 1)
    return png(("IHDR", header), ("IDAT", zlib.compress(rows)))


def several(format_: str, **options: object) -> bytes:
    """The digit first, and another after it."""
    other = Image.fromarray(drawn(1))
    return encoded(SEVEN.copy(), format_, save_all=True, append_images=[other], **options)


FILES = {
    "png 1 bit": encoded(BITS),
    "png 8 bit": encoded(SEVEN),
    "png 16 bit": encoded(Image.fromarray(drawn(7).astype(np.uint16) * 257)),
    "png palette": encoded(RGB.quantize(4)),
    "png palette with transparency": encoded(inked().quantize(4)),
    "png grey and alpha": encoded(inked().convert("LA")),
    "png rgba": encoded(inked()),
    "png interlaced": interlaced_png(),
    "apng": several("PNG"),
    "jpeg grey": encoded(SEVEN, "JPEG"),
    "jpeg cmyk": encoded(RGB.convert("CMYK"), "JPEG"),
    "jpeg progressive": encoded(RGB, "JPEG", progressive=True),
    "mpo": several("MPO"),
    "gif": encoded(SEVEN, "GIF"),
    "gif animated": several("GIF"),
    "bmp": encoded(RGB, "BMP"),
    "bmp 1 bit": encoded(BITS, "BMP"),
    "dib": encoded(RGB, "DIB"),
    "tiff": encoded(SEVEN, "TIFF"),
    "tiff float": encoded(Image.fromarray(drawn(7).astype(np.float32) / 255), "TIFF"),
    "tiff int32": encoded(Image.fromarray(drawn(7).astype(np.int32)), "TIFF"),
    "tiff g3": encoded(BITS, "TIFF", compression="group3"),
    "tiff g4": encoded(BITS, "TIFF", compression="group4"),
    "tiff lzw": encoded(RGB, "TIFF", compression="tiff_lzw"),
    "tiff jpeg": encoded(RGB.copy(), "TIFF", compression="jpeg"),
    "webp": encoded(RGB, "WEBP"),
    "webp lossless": encoded(inked(), "WEBP", lossless=True),
    "webp animated": several("WEBP"),
    "ico": encoded(inked(), "ICO", sizes=[(140, 140)]),
    "ico of bmp": encoded(inked(), "ICO", sizes=[(140, 140)], bitmap_format="bmp"),
    "pgm": encoded(SEVEN, "PPM"),
    "ppm": encoded(RGB, "PPM"),
    "pbm": encoded(BITS, "PPM"),
    "pgm in words": b"P2 140 140 255\n" + b" ".join(b"%d" % n for n in drawn(7).ravel()),
    "tga": encoded(RGB, "TGA"),
}


@pytest.mark.parametrize("kind", FILES)
def test_every_format_gives_the_digit(recognizer: Recognizer, kind: str):
    assert recognizer.predict(FILES[kind]).digit == 7


def test_avif_where_pillow_has_it(recognizer: Recognizer):
    try:
        content = encoded(RGB, "AVIF")
    except (KeyError, OSError):
        pytest.skip("needs Pillow from 11.3, built with AVIF: pip install --upgrade pillow")
    assert recognizer.predict(content).digit == 7


@pytest.mark.parametrize("name", ["seven.jpg", "seven.tif", "seven.txt", "seven.pdf", "seven"])
def test_the_content_decides_not_the_name(recognizer: Recognizer, tmp_path: Path, name: str):
    path = tmp_path / name
    path.write_bytes(FILES["png 8 bit"])
    assert recognizer.predict(path).digit == 7


class TestPages:
    CONTENT = several("TIFF")

    def test_a_tiff_of_several_is_not_taken_for_its_first(self, recognizer: Recognizer):
        with pytest.raises(SeveralPagesError, match="several pages"):
            recognizer.predict(self.CONTENT)

    def test_each_page_can_be_named(self, recognizer: Recognizer, tmp_path: Path):
        path = tmp_path / "scan.tif"
        path.write_bytes(self.CONTENT)
        for file in (path, str(path), self.CONTENT, io.BytesIO(self.CONTENT)):
            pages = [Page(file, 1), Page(file, 2)]
            assert [answer.digit for answer in recognizer.predict_batch(pages)] == [7, 1]

    @pytest.mark.parametrize("number", [-1, 0, 3, 10**9])
    def test_a_page_that_is_not_there(self, recognizer: Recognizer, tmp_path: Path, number: int):
        path = tmp_path / "scan.tif"
        path.write_bytes(self.CONTENT)
        with pytest.raises(ImageError, match=rf"scan\.tif#page={number}: "):
            recognizer.predict(Page(path, number))

    def test_every_page_is_as_limited_as_the_first(self):
        large = Image.new("1", (200, 100))
        content = encoded(Image.new("1", (8, 8)), "TIFF", save_all=True, append_images=[large])
        assert decode_picture(Page(content, 1), max_pixels=10_000).size == (8, 8)
        with pytest.raises(PictureTooLargeError, match="200 x 100"):
            decode_picture(Page(content, 2), max_pixels=10_000)


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b"  <svg/>", "SVG"),
        (b"%PDF-1.7\n", "PDF"),
        (
            b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n",
            "PostScript",
        ),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypmsf1\0\0\0\0msf1hevc", "HEIC"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    ],
)
def test_well_known_files_that_are_not_read_are_named(start: bytes, name: str):
    with pytest.raises(ImageError, match=f"^{name} is not supported; save it as PNG or JPEG$"):
        decode_picture(start)


@pytest.mark.parametrize("content", [b"", b"plain text, renamed", bytes(5000)])
def test_what_is_no_picture_says_so(content: bytes):
    with pytest.raises(ImageError, match=r"empty|not a picture"):
        decode_picture(content)


@pytest.mark.parametrize("kind", [kind for kind in FILES if not kind.startswith(("tga", "pgm in"))])
def test_every_file_cut_anywhere_is_an_answer_or_a_typed_error(recognizer: Recognizer, kind: str):
    content = FILES[kind]
    for size in range(0, len(content), max(1, len(content) // 40)):
        for _ in recognizer.predict_each([content[:size]]):
            pass


@pytest.mark.parametrize("size", [(0, 0), (0, 5), (5, 0)])
def test_a_picture_without_pixels(recognizer: Recognizer, size: tuple[int, int]):
    for mode in ("L", "RGBA"):
        for method in (recognizer.predict, recognizer.read):
            with pytest.raises(ImageError, match="has no pixels"):
                method(Image.new(mode, size))


def test_a_bad_checksum_is_damage():
    content = bytearray(encoded(SEVEN))
    content[content.index(b"IDAT") + 9] ^= 1
    with pytest.raises(ImageError, match="damaged"):
        decode_picture(bytes(content))


class TestLimits:
    def test_the_limit_is_of_pixels(self):
        content = encoded(Image.new("1", (100, 101)))
        assert decode_picture(content, max_pixels=10_100).size == (100, 101)
        with pytest.raises(PictureTooLargeError, match=r"100 x 101 pixels; at most 10,099 "):
            decode_picture(content, max_pixels=10_099)

    def test_it_holds_for_every_kind_of_source(self, tmp_path: Path):
        image = Image.new("1", (200, 100))
        content = encoded(image)
        path = tmp_path / "large.png"
        path.write_bytes(content)
        recognizer = Recognizer(max_pixels=10_000)
        for source in (content, path, str(path), io.BytesIO(content), image):
            with pytest.raises(PictureTooLargeError):
                recognizer.predict(source)

    def test_files_of_more_bytes_than_so_many_pixels_take(self, tmp_path: Path):
        limit = max_bytes(MAX_PIXELS)
        path = tmp_path / "sparse.png"
        with path.open("wb") as file:
            file.write(encoded(SEVEN))
            file.truncate(limit + 1)
        with pytest.raises(PictureTooLargeError, match="bytes"):
            decode_picture(path)

    def test_pillows_own_limit_is_named_where_it_is_the_lower_one(self):
        content = encoded(Image.new("1", (20_000, 9_000)))
        with pytest.raises(PictureTooLargeError, match=r"set PIL\.Image\.MAX_IMAGE_PIXELS"):
            decode_picture(content, max_pixels=200_000_000)

    def test_a_stream_without_an_end_is_not_read_to_its_end(self):
        class Endless:
            taken = 0

            def read(self, size: int) -> bytes:
                self.taken += size
                return bytes(size)

        stream = Endless()
        with pytest.raises(PictureTooLargeError):
            decode_picture(stream, max_pixels=1000)
        assert stream.taken <= max_bytes(1000) + 1

    @pytest.mark.parametrize("form", ["BMP", "PPM"])
    def test_what_pillow_decodes_in_python_has_less(self, form: str):
        words = b"P2 3000 3000 255\n"
        rle = bytearray(encoded(Image.new("P", (3000, 3000)), "BMP"))
        rle[30] = 1  # BI_RLE8
        with pytest.raises(PictureTooLargeError, match="of this kind of"):
            decode_picture(words if form == "PPM" else bytes(rle))


class TestLargeLegalFiles:
    """What Pillow decodes in Python is taken, though it comes in small parts."""

    @pytest.mark.parametrize("largest", [7, 200, 300, 65_535])
    @pytest.mark.parametrize(("magic", "bands"), [("P5", 1), ("P6", 3)])
    def test_grey_and_colour_of_any_largest_value(self, magic: str, bands: int, largest: int):
        values = np.resize(np.arange(largest + 1), (1500, 2000, bands))
        content = values.astype("u1" if largest < 256 else ">u2").tobytes()
        pixels = decode_picture(f"{magic} 2000 1500 {largest}\n".encode() + content).pixels
        assert np.abs(pixels.reshape(values.shape) - values / largest * 255).max() < 0.51

    def test_bmp_in_runs(self):
        header = bytearray(encoded(Image.new("P", (1000, 1200)), "BMP")[: 14 + 40 + 4 * 256])
        header[30] = 1  # BI_RLE8
        rows = (bytes([1, 0]) * 1000 + bytes(2)) * 1200
        assert decode_picture(bytes(header) + rows + b"\0\1").size == (1000, 1200)


PREDICT_BOMB = """
import sys
import numpy as np
from mnist_infer import ImageError, Recognizer
from tests.bombs import BOMBS

recognizer = Recognizer(device="cpu")
recognizer.predict(np.pad(np.full((60, 9), 255, np.uint8), 30))
content = BOMBS[sys.argv[1]]()

def peak():
    return int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])

before = peak()
for answer in recognizer.predict_each([content]):
    print(f"{type(answer).__name__}: {answer}")
print((peak() - before) // 1024)
"""


REFUSALS = {
    "png": "more pixels than the 50,000,000",
    "icon": "icons have at most 256 x 256 pixels",
    "gif": "more pixels than the 50,000,000",
    "comment": "too many small parts",
    "scan": "more than 30 scans",
    "baseline_scan": "more than 30 scans",
    "tile": "a tile of 32000 x 32000 pixels",
    "page": "page directories overlap",
    "hidden_icon": "icons have at most 256 x 256 pixels",
    "text_comment": "more than 1,000 comments",
    "tag": "too many small parts",
    "profile": "Decompressed data too large",
}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's /proc")
@pytest.mark.parametrize("name", BOMBS)
def test_bombs_cost_no_memory_and_end(name: str):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", PREDICT_BOMB, name],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,  # seconds; each needs less than 5
    )
    answer, megabytes = done.stdout.splitlines()
    assert "Error: " in answer
    assert REFUSALS[name] in answer
    assert int(megabytes) < 120, done.stdout
