"""Decoding: whatever a caller calls an image -> uint8 pixels, upright and opaque."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from mnist_infer.errors import ImageError

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

ImageSource: TypeAlias = "str | os.PathLike[str] | bytes | BinaryIO | PILImage | NDArray[Any]"
Pixels: TypeAlias = NDArray[np.uint8]


def read_pixels(source: ImageSource) -> Pixels:
    """Decode one image to uint8 pixels, `(H, W)` grey or `(H, W, 3)` RGB.

    EXIF orientation is applied and transparency is flattened.

    Args:
        source: A path, the bytes of an image file, a binary stream, a PIL image, or an array
            `(H, W)`, `(H, W, 1)`, `(H, W, 3)` or `(H, W, 4)` of uint8, uint16, bool or
            float in 0..1.

    Raises:
        ImageError: The image cannot be read or has no pixels.
        TypeError: `source` is none of the above.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source)
    if isinstance(source, Image.Image):
        return _decode(source)
    if isinstance(source, (str, os.PathLike)):
        return _from_path(Path(source))
    if isinstance(source, (bytes, bytearray, memoryview)):
        return _from_stream(io.BytesIO(source))
    if hasattr(source, "read"):
        return _from_stream(source)
    raise TypeError(
        "an image is a path, bytes, a binary stream, a PIL image or a numpy array, "
        f"not {type(source).__name__}"
    )


def _from_path(path: Path) -> Pixels:
    try:
        with path.open("rb") as stream:
            return _from_stream(stream)
    except FileNotFoundError:
        raise ImageError("no such file") from None
    except IsADirectoryError:
        raise ImageError("a folder without images") from None
    except OSError as error:
        raise ImageError(f"cannot be opened ({error.strerror})") from error


def _from_stream(stream: BinaryIO) -> Pixels:
    if isinstance(stream, io.TextIOBase):
        raise TypeError("the stream is open as text; open it in binary mode")
    try:
        image = Image.open(stream)
    except UnidentifiedImageError:
        raise ImageError("not an image that Pillow can read") from None
    except Exception as error:
        raise ImageError(f"cannot be read as an image ({error})") from error
    return _decode(image)


def _decode(image: PILImage) -> Pixels:
    try:
        image = ImageOps.exif_transpose(image)
        return _from_array(_flatten(image))
    except ImageError:
        raise
    # Pillow's decoders meet hostile bytes and raise nearly every built-in exception.
    except Exception as error:
        raise ImageError(f"damaged or cut short ({error})") from error


def _flatten(image: PILImage) -> NDArray[Any]:
    """The image's pixels as an array that `_from_array` takes."""
    if image.mode in ("LA", "PA", "La", "RGBa") or "transparency" in image.info:
        image = image.convert("RGBA")
    if image.mode in ("1", "L", "RGB", "RGBA", "I;16", "I;16B", "I;16L"):
        return np.asarray(image)
    if image.mode in ("I", "F"):
        return _scaled(np.asarray(image))
    return np.asarray(image.convert("RGB"))


def _scaled(values: NDArray[Any]) -> Pixels:
    """Whatever range a 32-bit image uses (0..1, 0..255, 0..65535) -> 0..255."""
    values = np.nan_to_num(values.astype(np.float64))
    top = next((top for top in (1.0, 255.0, 65535.0) if values.max(initial=0) <= top), None)
    if top is None or values.min(initial=0) < 0:
        raise ImageError(
            f"32-bit pixels from {values.min():g} to {values.max():g}; "
            "scale them to 0..1, 0..255 or 0..65535"
        )
    return np.rint(values * (255 / top)).astype(np.uint8)


def _from_array(array: NDArray[Any]) -> Pixels:
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (3, 4)):
        raise ImageError(
            f"an array of shape {array.shape} is no image; "
            "give (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)"
        )
    if array.size == 0:
        raise ImageError(f"an image of shape {array.shape} has no pixels")
    pixels = _to_uint8(array)
    return _on_paper(pixels) if pixels.ndim == 3 and pixels.shape[2] == 4 else pixels


def _to_uint8(array: NDArray[Any]) -> Pixels:
    if array.dtype == np.uint8:
        pixels: Pixels = array
        return pixels
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind == "u" and array.dtype.itemsize == 2:
        return np.rint(array * (255 / 65535)).astype(np.uint8)
    if array.dtype.kind == "f":
        low, high = float(array.min()), float(array.max())
        if not (low >= 0 and high <= 1):
            raise ImageError(
                f"float pixels from {low:g} to {high:g}; scale them to 0..1, or give uint8"
            )
        scaled: Pixels = np.rint(array * 255).astype(np.uint8)
        return scaled
    raise ImageError(f"pixels of type {array.dtype}; give uint8, uint16, bool or float in 0..1")


def _on_paper(rgba: Pixels) -> Pixels:
    """Flatten transparency: strokes get a ground that shows them, pages get their own colour.

    A canvas export is often ink in the alpha channel alone: black (or white) on nothing.
    """
    alpha = rgba[:, :, 3:].astype(np.float32) / 255
    weight = float(alpha.sum())
    if weight == 0:
        return np.full(rgba.shape[:2], 255, np.uint8)
    brightness = float((rgba[:, :, :3] * alpha).sum()) / (3 * weight)
    is_strokes = weight < 0.5 * alpha.size
    ground = 255.0 if (brightness < 128) == is_strokes else 0.0
    flat = rgba[:, :, :3] * alpha + ground * (1 - alpha)
    return np.rint(flat).astype(np.uint8)
