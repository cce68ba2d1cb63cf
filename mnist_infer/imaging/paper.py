"""The paper of a picture: its noise, its colour, and whether it is darker than the foreground."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageFilter

from mnist_infer.imaging.filters import borders, median, otsu
from mnist_infer.imaging.params import NEARLY_ALL, RULINGS, SMALL_SIDE
from mnist_infer.imaging.thumbnail import reduction, thumbnail

if TYPE_CHECKING:
    from numpy.typing import NDArray

MIN_NOISE = 8
"""Grey levels between neighbouring pixels that ask for a blur of one pixel. The blur is worth 6 of
116 photographed cheques of `benchmarks.realworld`."""


def blur_noise(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Blur a picture as far as its noise asks for: a sensor's, coarse paper's; (H, W) uint8.

    Neighbours on bare paper differ by the noise alone, and most neighbours are bare paper. In a
    small picture they may be strokes, which a wide blur would erase.
    """
    step = np.abs(grey[:, 1:].astype(np.int16) - grey[:, :-1])
    radius = min(median(step[::2, ::2]) / MIN_NOISE, max(grey.shape) / SMALL_SIDE)
    if radius < 0.5:
        return grey
    return np.asarray(Image.fromarray(grey).filter(ImageFilter.GaussianBlur(radius)))


def colour_contrast(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Project a picture on the colour axis on which its foreground differs most from its paper.

    Luminance alone nearly loses yellow on white or red on blue. The axis is the principal one of
    the deviations from the paper's colour, weighted by their square so that the foreground
    outweighs the paper's own texture.

    Args:
        pixels: uint8 `(H, W)` or `(H, W, 3)`.

    Returns:
        uint8 `(H, W)`.
    """
    if pixels.ndim == 2:
        return pixels
    step = reduction(pixels.shape)
    red, green, blue = pixels[::step, ::step].transpose(2, 0, 1)
    if (red == green).all() and (red == blue).all():
        return np.ascontiguousarray(pixels[:, :, 0])
    sample = pixels[::step, ::step].reshape(-1, 3)
    deviation = sample - np.median(sample, axis=0).astype(np.float32)
    weight = (deviation**2).sum(axis=1, keepdims=True)
    axis = np.linalg.eigh(deviation.T @ (deviation * weight))[1][:, -1]
    # Bright stays bright.
    axis *= np.sign(axis.sum()) or 1
    shades = sample @ axis
    low, high = float(shades.min()), float(shades.max())
    # A faint picture is not stretched: its noise would pass for strokes.
    scale = 255 / max(255.0, high - low)
    matrix = (*(axis * scale).tolist(), -low * scale)
    return np.asarray(Image.fromarray(pixels).convert("L", matrix))


def foreground_is_dark(grey: NDArray[np.uint8]) -> bool:
    """Tell whether the foreground of a picture, uint8 `(H, W)`, is darker than its paper.

    Two signs are added up, each clearly negative for a dark foreground and positive for a bright
    one. First, what is narrow has the foreground's shade: this is the skewness of three band-pass
    pictures, in which the edge between two broad areas, as of a shadow, cancels itself. Second, the
    foreground's shade is rare at the border.
    """
    small = thumbnail(grey)
    picture, shades = Image.fromarray(small), small.astype(np.float32)
    votes = 0.0
    for share in (2, 4, 8):
        surroundings = picture.filter(ImageFilter.BoxBlur(max(small.shape) / share / 2))
        votes += _skewness(shades - np.asarray(surroundings))
    border = np.concatenate(borders(small))
    votes += 2 - 4 * float((border > otsu(small)).mean())
    return votes < 0


def mask_is_paper(mask: NDArray[np.bool_]) -> bool:
    """Tell whether a mask of one level of a two-level picture, bool `(H, W)`, is its paper.

    The majority of three signs decides. Paper covers most of the picture, unless strokes are wide.
    It covers most of the border, even where a digit fills the picture, since the corners are free.
    And it covers most of the border that remains without straight lines along it, such as the
    rulings of a form.
    """
    rows, columns = (_within_even_lines(mask.mean(axis=axis)) for axis in (1, 0))
    parts = (mask, np.concatenate(borders(mask)), np.concatenate(borders(mask[rows, columns])))
    return sum(float(part.mean()) > 0.5 for part in parts) > 1


def _within_even_lines(shares: NDArray[np.float64]) -> slice:
    """Find the rows, or columns, between those of nearly one level at both ends."""
    is_even = np.maximum(shares, 1 - shares) > NEARLY_ALL
    reach = int(RULINGS.border_band * len(shares))
    first, last = (
        int(np.append(~ends, True).argmax()) for ends in (is_even[:reach], is_even[::-1][:reach])
    )
    return slice(first, len(shares) - last)


def _skewness(band: NDArray[np.float32]) -> float:
    square = band * band
    deviation = (float(np.vdot(band, band)) / band.size) ** 0.5
    return float(np.vdot(square, band)) / band.size / deviation**3 if deviation > 0 else 0.0
