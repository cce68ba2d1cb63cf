"""Decode an image from any source to uint8 pixels, upright and opaque."""

from __future__ import annotations

import io
import os
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from mnist_infer.config import MAX_PIXELS, max_bytes
from mnist_infer.decode.files import (
    NotRegularError,
    OverBudgetError,
    open_regular,
    read_at_most,
    size_of,
)
from mnist_infer.decode.formats import check_pixels, open_picture
from mnist_infer.decode.pixels import Pixels, as_array, flatten, from_array, from_pillow
from mnist_infer.decode.tiff_pages import has_more_pages, turn_to
from mnist_infer.errors import (
    DecodeLimitError,
    ImageError,
    PictureTooLargeError,
    SeveralPagesError,
)

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

    from mnist_infer.results import Box

File: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO
ImageSource: TypeAlias = "File | Page | Picture | PILImage | NDArray[Any]"

_EXIF_ORIENTATION = 0x0112


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a TIFF of several."""

    file: File
    """A path, the bytes of the file, or a binary stream."""

    number: int
    """Counted from 1."""

    def __post_init__(self) -> None:
        if not isinstance(self.number, (int, np.integer)):
            raise TypeError(f"number is {self.number!r}; a whole number from 1 is needed")

    def __str__(self) -> str:
        name = os.fspath(self.file) if isinstance(self.file, (str, os.PathLike)) else ""
        return f"{name}#page={self.number}"


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A decoded image, shrunk where it is larger than the work on it needs."""

    pixels: Pixels
    """uint8 `(H, W)` grey or `(H, W, 3)` RGB, upright and opaque."""

    size: tuple[int, int]
    """Width and height of the upright original."""

    shrink: int
    """How many pixels of the original one pixel of `pixels` stands for, in each direction."""

    def original_box(self, rows: slice, columns: slice) -> Box:
        """Turn a box in `pixels` into x, y, width and height in the original."""
        left, right = (
            min(int(n) * self.shrink, self.size[0]) for n in (columns.start, columns.stop)
        )
        top, bottom = (min(int(n) * self.shrink, self.size[1]) for n in (rows.start, rows.stop))
        return left, top, right - left, bottom - top


def decode_picture(
    source: ImageSource, working_side: int | None = None, max_pixels: int = MAX_PIXELS
) -> Picture:
    """Decode one image, turn it upright as its EXIF data say, and flatten its transparency.

    Args:
        source: A path, the bytes of an image file, a binary stream, a `Page` of one of these, a
            PIL image, or an array `(H, W)`, `(H, W, 1)`, `(H, W, 3)` or `(H, W, 4)` of uint8,
            uint16, bool or float in 0..1. Of an animation, the first frame counts. A `Picture` is
            decoded already and returned as it is.
        working_side: Area-average by a whole factor until no side is longer than this, in pixels.
            JPEGs are then not even decoded at full size.
        max_pixels: Refuse a picture whose header announces more. An array may have any size, as it
            is in the caller's memory already.

    Raises:
        PictureTooLargeError: It has more than `max_pixels`, or more bytes than `max_bytes` of them.
        ImageError: The image cannot be read or has no pixels.
        TypeError: `source` is none of the above.
        ValueError: `source` is a closed stream.
    """
    if isinstance(source, Picture):
        return source
    if isinstance(source, np.ndarray):
        # A masked array gives up its mask here.
        return _shrunk(from_array(np.asarray(source)), working_side)
    if isinstance(source, Image.Image):
        try:
            check_pixels(source, max_pixels)
            return _decode(source, working_side)
        except Exception as error:
            _raise_image_error(error)
    file, page = (source.file, source.number) if isinstance(source, Page) else (source, None)
    _check_kind(file)
    try:
        with _opened(file, max_pixels) as stream:
            return _from_stream(stream, page, working_side, max_pixels)
    except Exception as error:
        _raise_image_error(error)


def read_file(file: File, max_pixels: int) -> bytes:
    """Read the bytes of an image file; of one that is too large, just enough to refuse it.

    Raises:
        ImageError: It cannot be read.
        TypeError: `file` is no path, bytes or binary stream.
        ValueError: `file` is a closed stream.
    """
    _check_kind(file)
    if isinstance(file, (bytes, bytearray, memoryview)):
        return bytes(file)
    try:
        with _opened(file, max_pixels) as stream:
            return read_at_most(stream, max_bytes(max_pixels) + 1)
    except Exception as error:
        _raise_image_error(error)


def _check_kind(file: object) -> None:
    if isinstance(file, (bytes, bytearray, memoryview, str, os.PathLike)):
        return
    if isinstance(file, io.TextIOBase):
        raise TypeError("the stream is open as text; open it in binary mode")
    if not hasattr(file, "read"):
        raise TypeError(
            "an image is a path, bytes, a binary stream, a PIL image or a numpy array, "
            f"not {type(file).__name__}"
        )
    if getattr(file, "closed", False):
        raise ValueError("the stream is closed; keep it open until it has been read")


def _opened(file: File, max_pixels: int) -> AbstractContextManager[BinaryIO]:
    """Open a file as a stream that can be rewound; a stream of the caller stays open."""
    if isinstance(file, (bytes, bytearray, memoryview)):
        return io.BytesIO(file)
    if isinstance(file, (str, os.PathLike)):
        return open_regular(file)
    return nullcontext(_seekable(file, max_pixels))


def _from_stream(
    stream: BinaryIO, page: int | None, working_side: int | None, max_pixels: int
) -> Picture:
    size, limit = size_of(stream), max_bytes(max_pixels)
    if size > limit:
        raise PictureTooLargeError(
            f"{size:,} bytes; at most {limit:,}, which {max_pixels:,} pixels need, are taken"
        )
    image = open_picture(stream, size, max_pixels)
    if page is not None:
        turn_to(image, page)
        check_pixels(image, max_pixels)
    elif has_more_pages(image):
        raise SeveralPagesError(
            "a TIFF of several pages; on the command line name its file, and each is read; in "
            "Python give each as Page(file, number), counted from 1"
        )
    return _decode(image, working_side)


def _seekable(stream: BinaryIO, max_pixels: int) -> BinaryIO:
    """Rewind a stream; if it cannot (a pipe), read its content, up to the largest file."""
    try:
        stream.seek(0)
    except (AttributeError, OSError):
        return io.BytesIO(read_at_most(stream, max_bytes(max_pixels) + 1))
    return stream


def _raise_image_error(error: Exception) -> NoReturn:
    """Raise an error as an `ImageError`.

    Pillow's decoders meet hostile bytes and raise nearly every built-in exception.
    """
    if isinstance(error, ImageError):
        raise error
    if isinstance(error, MemoryError):
        raise DecodeLimitError(
            "decoding needs more memory than there is; make it smaller"
        ) from None
    if isinstance(error, OverBudgetError):
        raise ImageError(
            "too many small parts, or too much beside the picture; save it as PNG or JPEG again"
        ) from None
    if isinstance(error, NotRegularError):
        raise ImageError(
            "a pipe or device, not a file; give its content on standard input, as -"
        ) from None
    if isinstance(error, FileNotFoundError):
        if "://" in os.fsdecode(error.filename or ""):
            raise ImageError(
                "a web address, and nothing is downloaded; save the picture and name its file"
            ) from None
        raise ImageError("no such file") from None
    if isinstance(error, IsADirectoryError):
        raise ImageError(
            "a folder; name its pictures, or on the command line a folder that has some itself"
        ) from None
    if isinstance(error, OSError) and error.strerror:
        raise ImageError(f"cannot be opened ({error.strerror})") from error
    reason = " ".join(str(error).split()) or type(error).__name__
    raise ImageError(f"damaged or cut short ({reason})") from error


def _decode(image: PILImage, working_side: int | None) -> Picture:
    width, height = image.size
    drafted = 1
    if working_side is not None and image.draft("RGB", (working_side, working_side)):
        drafted = round(max(width, height) / max(image.size))
    image.load()  # A PNG may hold its orientation behind its pixels.
    # An image that was made rather than opened may hold its orientation elsewhere than in `info`.
    may_be_turned = image.info or image.format is None
    if may_be_turned and image.getexif().get(_EXIF_ORIENTATION, 1) != 1:
        image = ImageOps.exif_transpose(image)
    picture = _shrunk(from_pillow(image), working_side)
    if drafted == 1:
        return picture
    turned = (image.width > image.height) != (width > height)
    size = (height, width) if turned else (width, height)
    return Picture(picture.pixels, size, picture.shrink * drafted)


def _shrunk(image: PILImage | Pixels, working_side: int | None) -> Picture:
    """Make a picture of an image of mode L, RGB or RGBa, or of an array like one."""
    if isinstance(image, np.ndarray):
        height, width = image.shape[:2]
    else:
        width, height = image.size
    shrink = -(-max(width, height) // working_side) if working_side is not None else 1
    if shrink > 1:
        if isinstance(image, np.ndarray):
            image = Image.fromarray(image, "RGBa" if image.shape[2:] == (4,) else None)
        image = image.reduce(shrink)
    pixels = image if isinstance(image, np.ndarray) else as_array(image)
    flat = flatten(pixels) if pixels.shape[2:] == (4,) else pixels
    return Picture(flat, (width, height), shrink)
