"""The picture formats: which are read, and what to do with some that are not."""

from __future__ import annotations

import math
import struct
from contextlib import suppress
from importlib import import_module
from typing import BinaryIO, cast

from PIL import Image, ImageFile, UnidentifiedImageError
from PIL.PngImagePlugin import PngImageFile

from mnist_infer.decode.files import Metered
from mnist_infer.decode.tiff_pages import count_directories
from mnist_infer.errors import ImageError, PictureTooLargeError

COMMON = ("PNG", "JPEG", "GIF", "BMP", "PPM")
"""Formats whose plugins Pillow loads by itself."""

OTHERS = {
    "TIFF": "Tiff",
    "WEBP": "WebP",
    "AVIF": "Avif",
    "ICO": "Ico",
    "DIB": "Bmp",
    "TGA": "Tga",
}
"""The other formats that are read, with their Pillow plugins, which are imported when needed.

All others are left out, so that a stranger's bytes do not reach their decoders: those that run
another program (EPS runs Ghostscript), those that take much time and memory (JPEG 2000), and those
in which no picture of a digit comes.
"""

FORMATS = (*COMMON, *OTHERS)

_TOO_LARGE = "make it smaller, or raise max_pixels"
_ADVICE = "save it as PNG or JPEG"
# Bytes of the largest file that, whatever it holds, keeps no decoder busy for a second.
_HARMLESS = 2**20
# What a larger file's header may cost: text, profiles, comments and tags included.
_HEADER_READS, _HEADER_BYTES = 20_000, 2**23
# Pixels come in larger parts than this, or take too many reads.
_BYTES_PER_READ = 1024
# Decoders of Pillow that are written in Python, and what they decode in some seconds.
_SLOW = frozenset({"ppm_plain", "bmp_rle"})
_SLOW_PIXELS = 2_000_000
_SLOW_READS_PER_PIXEL = 4
# Each scan of a JPEG goes over the whole picture, even if it is of few bytes. Cameras and editors
# write about ten.
_START_OF_SCAN, _MAX_SCANS = b"\xff\xda", 30
# Pillow copies a megabyte for each comment among a PPM's pixels.
_MAX_COMMENTS = 1000
# A whole tile of a TIFF is decoded, however small the picture is; of this many pixels it may be.
_SMALL_TILE = 2**20
_TILE_WIDTH, _TILE_HEIGHT = 322, 323
_ICON_MAGIC = b"\0\0\1\0"
_ICON_SIDE = 256
_MAX_ICONS = 100
_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
# A PNG of no more than this needs none of Pillow's checks, and its header may well be read twice.
_QUICK_BYTES, _QUICK_PIXELS = 4096, 4096


def open_picture(stream: BinaryIO, size: int, max_pixels: int) -> ImageFile.ImageFile:
    """Open a picture: its header is read and its size checked, and nothing is decoded.

    Args:
        stream: Seekable, at its start.
        size: Its bytes.
        max_pixels: The largest picture that is taken.

    Raises:
        PictureTooLargeError: It has more pixels.
        ImageError: It is in no format that is read; the message names it where it is well known.
        Exception: Whatever else Pillow raises for a damaged header.
    """
    metered = Metered(stream, _HEADER_READS, _HEADER_BYTES) if size > _HARMLESS else None
    try:
        image = _open(cast("BinaryIO", metered or stream), size)
    except (UnidentifiedImageError, SyntaxError):
        stream.seek(0)
        raise ImageError(_explain_refusal(stream.read(1024))) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureTooLargeError(_too_many_pixels(max_pixels)) from None
    check_pixels(image, max_pixels)
    if image.format == "PPM" and any(tile[0] == "ppm" for tile in image.tile):
        from mnist_infer.decode.ppm import CODEC

        image.tile = [tile._replace(codec_name=CODEC) for tile in image.tile]
    _check_effort(image, stream)
    if metered:
        reads = size // _BYTES_PER_READ
        if _is_slow(image):
            reads = max(reads, _SLOW_READS_PER_PIXEL * image.width * image.height)
        metered.grant(_HEADER_READS + reads, math.inf)
    return image


def load_plugins() -> None:
    """Import what reads the less common formats, as the first picture in one of them does."""
    for plugin in OTHERS.values():
        with suppress(ModuleNotFoundError):  # Pillow reads AVIF from 11.3.
            import_module(f"PIL.{plugin}ImagePlugin")


def limit_pillow(max_pixels: int) -> None:
    """Set Pillow's own limit, which holds for the whole process, to the same: only for commands."""
    Image.MAX_IMAGE_PIXELS = -(-max_pixels // 2)  # It warns from there, and refuses twice as many.


def check_pixels(image: Image.Image, max_pixels: int) -> None:
    """Refuse a picture with too many pixels, or with none.

    Raises:
        PictureTooLargeError: It has more than `max_pixels`.
        ImageError: It has none.
    """
    width, height = image.size
    if not width * height:
        raise ImageError(f"a picture of {width} x {height} has no pixels")
    if width * height > max_pixels:
        raise PictureTooLargeError(
            f"{width} x {height} pixels; at most {max_pixels:,} are taken: {_TOO_LARGE}"
        )
    tags = getattr(image, "tag_v2", {})
    tile_width, tile_height = (int(tags.get(tag, 0)) for tag in (_TILE_WIDTH, _TILE_HEIGHT))
    if tile_width * tile_height > max(max_pixels, _SMALL_TILE):
        raise PictureTooLargeError(
            f"a tile of {tile_width} x {tile_height} pixels; at most {max_pixels:,} are taken: "
            f"{_TOO_LARGE}"
        )


def _open(stream: BinaryIO, size: int) -> ImageFile.ImageFile:
    # `Image.open`, which is for any format, takes a tenth of the time that a small picture takes.
    if size <= _QUICK_BYTES and stream.read(len(_PNG_MAGIC)) == _PNG_MAGIC:
        stream.seek(0)
        image = PngImageFile(stream)
        if image.width * image.height <= _QUICK_PIXELS:
            return image
    stream.seek(0)
    try:
        return Image.open(stream, formats=COMMON)
    except UnidentifiedImageError:
        load_plugins()
    stream.seek(0)
    _check_icon(stream)
    stream.seek(0)
    count_directories(stream, size)
    stream.seek(0)
    return Image.open(stream, formats=[name for name in OTHERS if name in Image.OPEN])


def _is_slow(image: ImageFile.ImageFile) -> bool:
    return any(tile[0] in _SLOW for tile in image.tile)


def _check_effort(image: ImageFile.ImageFile, stream: BinaryIO) -> None:
    """Refuse what is of an allowed size and would still be decoded for minutes."""
    width, height = image.size
    if width * height > _SLOW_PIXELS and _is_slow(image):
        raise PictureTooLargeError(
            f"{width} x {height} pixels, and of this kind of {image.format} at most "
            f"{_SLOW_PIXELS:,} are taken; {_ADVICE}"
        )
    if image.format in ("JPEG", "MPO") and _count(_START_OF_SCAN, stream) > _MAX_SCANS:
        raise ImageError(f"a JPEG of more than {_MAX_SCANS} scans; {_ADVICE} again")
    is_text = any(tile[0] == "ppm_plain" for tile in image.tile)
    if is_text and _count(b"#", stream) > _MAX_COMMENTS:
        raise ImageError(f"a PPM with more than {_MAX_COMMENTS:,} comments; {_ADVICE}")


def _count(word: bytes, stream: BinaryIO) -> int:
    """Count how often a word is in a stream; its position stays."""
    place = stream.tell()
    stream.seek(0)
    count = sum(part.count(word) for part in iter(lambda: stream.read(2**20), b""))
    stream.seek(place)
    return count


def _check_icon(stream: BinaryIO) -> None:
    """Refuse an icon that holds a picture larger than icons are.

    Pillow decodes an icon when it opens it, and at any size that the picture inside announces.
    """
    header = stream.read(6)
    if not header.startswith(_ICON_MAGIC) or len(header) < 6:
        return
    (count,) = struct.unpack("<H", header[4:])
    if count > _MAX_ICONS:
        raise ImageError(f"an icon of {count:,} pictures; at most {_MAX_ICONS} are taken")
    for place in range(count):
        stream.seek(6 + 16 * place + 12)
        offset = stream.read(4)
        if len(offset) < 4:
            return
        stream.seek(*struct.unpack("<I", offset))
        inner = stream.read(24).ljust(24, b"\0")
        if inner.startswith(_PNG_MAGIC):
            stream.seek(*struct.unpack("<I", offset))
            width, height = PngImageFile(stream).size  # As Pillow will: IHDR may stand anywhere.
        else:
            width, height = struct.unpack("<2i", inner[4:12])
            height //= 2  # The picture stands on its mask.
        if not (abs(width) <= _ICON_SIDE and abs(height) <= _ICON_SIDE):
            raise ImageError(
                f"an icon with a picture of {width} x {height} inside; icons have at most "
                f"{_ICON_SIDE} x {_ICON_SIDE} pixels"
            )


def _too_many_pixels(max_pixels: int) -> str:
    pillows = Image.MAX_IMAGE_PIXELS
    if pillows is not None and 2 * pillows < max_pixels:
        return f"more pixels than Pillow takes; set PIL.Image.MAX_IMAGE_PIXELS = {max_pixels}"
    return f"more pixels than the {max_pixels:,} that are taken: {_TOO_LARGE}"


def _explain_refusal(start: bytes) -> str:
    """Explain by its first bytes why a file is not a picture that can be read."""
    if not start:
        return "an empty file"
    if name := _unsupported_format(start):
        return f"{name} is not supported; {_ADVICE}"
    return f"not a picture in a format that is read ({', '.join(FORMATS)}); {_ADVICE}"


def _unsupported_format(start: bytes) -> str | None:
    """Name the well-known format that is not read, by a file's first bytes."""
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"%PDF-"):
        return "PDF"
    if start.startswith((b"%!PS", b"\xc5\xd0\xd3\xc6")):
        return "PostScript"
    if text.startswith((b"<svg", b"<?xml", b"<!doctype svg")) and b"<svg" in text:
        return "SVG"
    if start.startswith((b"\0\0\0\x0cjP  \r\n", b"\xff\x4f\xff\x51")):
        return "JPEG 2000"
    if start[4:8] == b"ftyp" and start[8:11] in (b"hei", b"hev", b"mif", b"msf"):
        return "HEIC"
    return None
