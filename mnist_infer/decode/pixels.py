"""Convert images of any mode and arrays of any type to uint8 pixels: grey, RGB or RGBa."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnist_infer.errors import ImageError

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

Pixels: TypeAlias = NDArray[np.uint8]


def from_pillow(image: PILImage) -> PILImage | Pixels:
    """Convert an image of any of Pillow's modes to L, RGB or RGBa, or to an array.

    RGBa is RGB with premultiplied alpha. An array is given where Pillow has no such conversion.

    Raises:
        ImageError: It is of 32 bits, in a range that is not known.
    """
    if image.mode == "La":
        image = image.convert("LA")  # The only mode that Pillow converts it to.
    if image.mode in ("RGBA", "LA", "PA", "RGBa") or "transparency" in image.info:
        return (image if image.mode == "RGBA" else image.convert("RGBA")).convert("RGBa")
    if image.mode in ("L", "RGB"):
        return image
    if image.mode == "1":
        return image.convert("L")
    if image.mode in ("I;16", "I;16B", "I;16L"):
        return from_array(np.asarray(image))
    if image.mode in ("I", "F"):
        return _scaled(np.array(image, np.float32))
    return image.convert("RGB")


def _scaled(values: NDArray[np.float32]) -> Pixels:
    """Scale 32-bit pixels of range 0..1, 0..255 or 0..65535 to 0..255; overwrites `values`."""
    np.nan_to_num(values, copy=False)
    low, high = float(values.min(initial=0)), float(values.max(initial=0))
    top = next((top for top in (1, 255, 65535) if _is_within(0, high, top)), None)
    if top is None or not _is_within(low, high, top):
        raise ImageError(
            f"32-bit pixels from {low:g} to {high:g}; scale them to 0..1, 0..255 or 0..65535"
        )
    values *= 255 / top
    return np.rint(values, out=values).clip(0, 255).astype(np.uint8)


def _is_within(low: float, high: float, top: float) -> bool:
    """Tell whether values are from 0 to `top`, but for what rounds to the same grey level."""
    half_a_level = top / 510
    return low >= -half_a_level and high <= top + half_a_level


def from_array(array: NDArray[Any]) -> Pixels:
    """Convert an array that a caller gave to uint8: grey, RGB, or RGB with premultiplied alpha.

    Args:
        array: `(H, W)`, `(H, W, 1)`, `(H, W, 3)` or `(H, W, 4)`, of uint8, uint16, bool or float in
            0..1.

    Raises:
        ImageError: It has another shape, type or range.
    """
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
    if pixels.shape[2:] == (4,):
        return np.asarray(Image.fromarray(pixels, "RGBA").convert("RGBa"))
    return pixels


def _to_uint8(array: NDArray[Any]) -> Pixels:
    if array.dtype == np.uint8:
        pixels: Pixels = array
        return pixels
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype.kind == "u" and array.dtype.itemsize == 2:
        # As `rint(array / 257)`, without its floats, four times as large.
        return (array // 257 + (array % 257 > 128)).astype(np.uint8)
    if array.dtype.kind == "f":
        low, high = float(array.min()), float(array.max())
        if not _is_within(low, high, 1):
            raise ImageError(
                f"float pixels from {low:g} to {high:g}; scale them to 0..1, or give uint8"
            )
        scaled: Pixels = np.rint(array * 255).clip(0, 255).astype(np.uint8)
        return scaled
    raise ImageError(f"pixels of type {array.dtype}; give uint8, uint16, bool or float in 0..1")


def as_array(image: PILImage) -> Pixels:
    """Copy an image of mode L, RGB or RGBa to an array.

    `np.asarray` does the same, but more slowly: it asks the image for its type first.
    """
    bands = () if image.mode == "L" else (len(image.getbands()),)
    return np.ndarray((image.height, image.width, *bands), np.uint8, image.tobytes())


def flatten(premultiplied: Pixels) -> Pixels:
    """Put transparent pixels on a background: strokes on one that shows them, pages on their own.

    A canvas export often has its ink in the alpha channel alone: black (or white) on nothing.

    Args:
        premultiplied: uint8 `(H, W, 4)`, RGB with premultiplied alpha.

    Returns:
        uint8 `(H, W, 3)`; `(H, W)` if all of it is transparent.
    """
    rgb, alpha = premultiplied[:, :, :3], premultiplied[:, :, 3:]
    covered = float(alpha.sum(dtype=np.int64)) / 255
    if covered == 0:
        return np.full(alpha.shape[:2], 255, np.uint8)
    brightness = float(rgb.sum(dtype=np.int64)) / (3 * covered)
    is_strokes = covered < 0.5 * alpha.size or _is_one_colour(rgb[alpha[:, :, 0] == 255])
    is_paper_white = (brightness < 128) == is_strokes
    return rgb + (255 - alpha) if is_paper_white else rgb


def _is_one_colour(opaque: Pixels) -> bool:
    """Whether opaque pixels, (N, 3), are all alike, as those of fat strokes are."""
    return len(opaque) > 0 and not np.ptp(opaque, axis=0).any()
