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
from mnist_infer.config import MAX_PIXELS
from mnist_infer.decode.images import max_bytes, read_picture

from .conftest import drawn, encoded

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


def png(*chunks: tuple[str, bytes]) -> bytes:
    parts = [b"\x89PNG\r\n\x1a\n"]
    for name, content in (*chunks, ("IEND", b"")):
        body = name.encode() + content
        parts += [struct.pack(">I", len(content)), body, struct.pack(">I", zlib.crc32(body))]
    return b"".join(parts)


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
        pytest.skip("this Pillow has no AVIF")
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
        assert read_picture(Page(content, 1), max_pixels=10_000).size == (8, 8)
        with pytest.raises(PictureTooLargeError, match="200 x 100"):
            read_picture(Page(content, 2), max_pixels=10_000)


@pytest.mark.parametrize(
    ("start", "name"),
    [
        (b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b"  <svg/>", "SVG"),
        (b"%PDF-1.7\n", "PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "PostScript"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (b"\0\0\0\x18ftypmsf1\0\0\0\0msf1hevc", "HEIC"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    ],
)
def test_well_known_files_that_are_not_read_are_named(start: bytes, name: str):
    with pytest.raises(ImageError, match=f"^{name} is not supported; save it as PNG or JPEG$"):
        read_picture(start)


def test_eps_never_reaches_ghostscript():
    box = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"
    with pytest.raises(ImageError, match="PostScript is not supported"):
        read_picture(box)


@pytest.mark.parametrize("content", [b"", b"plain text, renamed", bytes(5000)])
def test_what_is_no_picture_says_so(content: bytes):
    with pytest.raises(ImageError, match=r"empty|not a picture"):
        read_picture(content)


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
        read_picture(bytes(content))


class TestLimits:
    def test_the_limit_is_of_pixels(self):
        content = encoded(Image.new("1", (100, 101)))
        assert read_picture(content, max_pixels=10_100).size == (100, 101)
        with pytest.raises(PictureTooLargeError, match=r"100 x 101 pixels; at most 10,099 "):
            read_picture(content, max_pixels=10_099)

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
            read_picture(path)

    def test_pillows_own_limit_is_named_where_it_is_the_lower_one(self):
        content = encoded(Image.new("1", (20_000, 9_000)))
        with pytest.raises(PictureTooLargeError, match=r"set PIL\.Image\.MAX_IMAGE_PIXELS"):
            read_picture(content, max_pixels=200_000_000)

    def test_a_stream_without_an_end_is_not_read_to_its_end(self):
        class Endless:
            taken = 0

            def read(self, size: int) -> bytes:
                self.taken += size
                return bytes(size)

        stream = Endless()
        with pytest.raises(PictureTooLargeError):
            read_picture(stream, max_pixels=1000)
        assert stream.taken <= max_bytes(1000) + 1

    @pytest.mark.parametrize("form", ["BMP", "PPM"])
    def test_what_pillow_decodes_in_python_has_less(self, form: str):
        words = b"P2 3000 3000 255\n"
        rle = bytearray(encoded(Image.new("P", (3000, 3000)), "BMP"))
        rle[30] = 1  # BI_RLE8
        with pytest.raises(PictureTooLargeError, match="of this kind of"):
            read_picture(words if form == "PPM" else bytes(rle))


class TestLargeLegalFiles:
    """What Pillow decodes in Python is taken, though it comes in small parts."""

    @pytest.mark.parametrize("largest", [7, 200, 300, 65_535])
    @pytest.mark.parametrize(("magic", "bands"), [("P5", 1), ("P6", 3)])
    def test_grey_and_colour_of_any_largest_value(self, magic: str, bands: int, largest: int):
        values = np.resize(np.arange(largest + 1), (1500, 2000, bands))
        content = values.astype("u1" if largest < 256 else ">u2").tobytes()
        pixels = read_picture(f"{magic} 2000 1500 {largest}\n".encode() + content).pixels
        assert np.abs(pixels.reshape(values.shape) - values / largest * 255).max() < 0.51

    def test_bmp_in_runs(self):
        header = bytearray(encoded(Image.new("P", (1000, 1200)), "BMP")[: 14 + 40 + 4 * 256])
        header[30] = 1  # BI_RLE8
        rows = (bytes([1, 0]) * 1000 + bytes(2)) * 1200
        assert read_picture(bytes(header) + rows + b"\0\1").size == (1000, 1200)


BOMBS = """
import io, resource, struct, sys, zlib
import numpy as np
from mnist_infer import ImageError, Recognizer
from tests.mnist_infer.test_formats import BOMB, png

recognizer = Recognizer(device="cpu")
recognizer.predict(np.pad(np.full((60, 9), 255, np.uint8), 30))
content = BOMB[sys.argv[1]]()

def peak():
    return int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])

before = peak()
for answer in recognizer.predict_each([content]):
    print(f"{type(answer).__name__}: {answer}")
print((peak() - before) // 1024)
"""


def png_bomb() -> bytes:
    """60,000 x 60,000 pixels in some 450 kB."""
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(7501 * 100)) for _ in range(600)) + packer.flush()
    return png(("IHDR", struct.pack(">2I5B", 60_000, 60_000, 1, 0, 0, 0, 0)), ("IDAT", rows))


def icon_bomb() -> bytes:
    """An icon of 32 x 32, it says, with 12,000 x 12,000 pixels inside."""
    rows = zlib.compress(bytes(12_001 * 12_000), 1)
    inner = png(("IHDR", struct.pack(">2I5B", 12_000, 12_000, 8, 0, 0, 0, 0)), ("IDAT", rows))
    entry = struct.pack("<4B2H2I", 32, 32, 0, 0, 1, 8, len(inner), 22)
    return struct.pack("<3H", 0, 1, 1) + entry + inner


def gif_bomb() -> bytes:
    """A canvas of 65,535 x 65,535 for a picture of one pixel."""
    content = bytearray(encoded(Image.new("L", (1, 1)), "GIF"))
    content[6:10] = b"\xff" * 4
    return bytes(content)


def comment_bomb() -> bytes:
    """A comment of 12 MB, which Pillow would put together in quadratic time."""
    content = encoded(SEVEN, "GIF")
    table = 13 + 3 * 2 ** ((content[10] & 7) + 1)
    comment = b"\x21\xfe" + (b"\xff" + b"c" * 255) * 50_000 + b"\0"
    return content[:table] + comment + content[table:]


def scan_bomb() -> bytes:
    """A progressive JPEG whose last scan comes 2,000 times."""
    content = encoded(Image.new("L", (7000, 7000), 255), "JPEG", progressive=True)
    return content[:-2] + content[content.rindex(b"\xff\xda") : -2] * 2000 + b"\xff\xd9"


def baseline_scan_bomb() -> bytes:
    """A JPEG that is not progressive, of three components in thousands of empty scans."""
    content = bytearray(encoded(Image.new("RGB", (16, 16), "white"), "JPEG", subsampling=0))
    frame = content.index(b"\xff\xc0")
    content[frame + 5 : frame + 9] = struct.pack(">2H", 5000, 5000)
    scans = [
        b"\xff\xda\0\x08\1" + bytes([component, table]) + b"\0\x3f\0\0"
        for component, table in ((1, 0), (2, 0x11), (3, 0x11))
    ]
    head = bytes(content[: content.index(b"\xff\xda")])
    return head + b"".join(scans) + scans[0] * 25_000 + b"\xff\xd9"


def tile_bomb() -> bytes:
    """A TIFF of 100 x 100 pixels in one tile of 32,000 x 32,000."""
    packer = zlib.compressobj(9)
    rows = b"\xff" * 32_000 * 100
    data = b"".join(packer.compress(rows) for _ in range(320)) + packer.flush()
    tags = [(256, 4, 100), (257, 4, 100), (258, 3, 8), (259, 3, 8), (262, 3, 1), (277, 3, 1)]
    tags += [(322, 4, 32_000), (323, 4, 32_000), (324, 4, 200), (325, 4, len(data))]
    return tiff(tags) + data


def tiff(tags: list[tuple[int, int, int]]) -> bytes:
    """A TIFF's header and only directory, in 200 bytes, of tags, their types and values."""
    header = b"II*\0" + struct.pack("<IH", 8, len(tags))
    body = b"".join(struct.pack("<2H2I", tag, kind, 1, value) for tag, kind, value in tags)
    return (header + body + bytes(4)).ljust(200, b"\0")


def page_bomb() -> bytes:
    """A TIFF of 1,000 pages whose directories, of 16,384 tags each, overlap."""
    tags, pages = 16_384, 1000
    page = [(256, 100), (257, 100), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, 100)]
    page.append((279, 10_000))
    content = struct.pack("<2sHIIH", b"II", 42, 12, 0, tags)
    for place in range(tags + pages + 1):
        number = place - tags
        if 0 <= number < pages:
            following = 12 + 12 * (number + 1) if number < pages - 1 else 0
            content += struct.pack("<I2HI", following, 1, 0, tags)
        else:
            tag, value = page[place % 9]
            content += struct.pack("<2HI2H", tag, 3, 1, value, tags)
    return content + b"\xff" * 10_000


def hidden_icon_bomb() -> bytes:
    """An icon with a PNG whose first chunk, which is not its header, says 16 x 16."""
    rows = zlib.compress(bytes(12_001 * 12_000), 1)
    header = struct.pack(">2I5B", 12_000, 12_000, 8, 0, 0, 0, 0)
    inner = png(("aaAa", struct.pack(">2I", 16, 16)), ("IHDR", header), ("IDAT", rows))
    return (
        struct.pack("<3H", 0, 1, 1)
        + struct.pack("<4B2H2I", 0, 0, 0, 0, 1, 8, len(inner), 22)
        + inner
    )


def text_comment_bomb() -> bytes:
    """A PGM in words with half a million comments among them."""
    return b"P2 100 100 255\n" + b"#\n" * 520_000


def tag_bomb() -> bytes:
    """A TIFF of one column in 3,000,000 strips."""
    count = 3_000_000
    tags = [(256, 4, 1, 1), (257, 4, 1, count), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
    tags += [(273, 4, count, 200), (277, 3, 1, 1), (278, 4, 1, 1), (279, 4, count, 200)]
    header = b"II*\0" + struct.pack("<IH", 8, len(tags))
    header += b"".join(struct.pack("<2H2I", *tag) for tag in tags) + bytes(4)
    return header.ljust(200, b"\0") + np.full(count, 200, "<u4").tobytes()


def profile_bomb() -> bytes:
    """200 MB of text in a PNG."""
    text = png(("zTXt", b"a\0\0" + zlib.compress(bytes(200_000_000), 1)))
    whole = encoded(SEVEN)
    return whole[:33] + text[8:-12] + whole[33:]


BOMB = {
    bomb.__name__: bomb
    for bomb in (
        png_bomb,
        icon_bomb,
        gif_bomb,
        comment_bomb,
        scan_bomb,
        baseline_scan_bomb,
        tile_bomb,
        page_bomb,
        hidden_icon_bomb,
        text_comment_bomb,
        tag_bomb,
        profile_bomb,
    )
}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's /proc")
@pytest.mark.parametrize("name", BOMB)
def test_bombs_cost_no_memory_and_end(name: str):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", BOMBS, name],
        cwd=Path(__file__).resolve().parent.parent.parent,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,  # seconds; each needs less than 5
    )
    answer, megabytes = done.stdout.splitlines()
    assert "Error: " in answer or "Prediction: " in answer
    assert int(megabytes) < 120, done.stdout
