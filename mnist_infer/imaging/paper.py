"""The paper of a picture: where a sheet lies, its grain, and whether the ink is darker than it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cc3d
import numpy as np
from PIL import Image, ImageFilter

from mnist_infer.imaging.filters import dilate_rows, median, otsu

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

# A picture of this many pixels a side says enough about paper, polarity and margins.
THUMBNAIL = 64
# Sheets are looked for on a picture of this many pixels a side, and are this part of it.
REGION_SIDE = 128
MIN_REGION, MAX_REGION = 0.1, 0.96
# A sheet is mostly paper of one shade, its ground mostly of the other; a fat digit is neither.
MIN_PAPER = 0.75
# The area between a sheet's corners is its own, within this part: no ellipse's, no digit's.
STRAIGHT = 0.1
# The picture cuts a sheet off where the sheet takes this part of a border.
MIN_CUT = 0.1
# How much of its upright box a sheet fills: turned by 15 degrees, and not at all.
MIN_FILL, MIN_FILL_UPRIGHT = 0.65, 0.96
# The step across a sheet's edge, as a part of all the shades: light that falls off has none.
MIN_REGION_STEP = 0.4
# Pixels of the small picture to leave out along a sheet's edge: its blur.
REGION_BLUR = 1
# Grain, in grey levels between neighbours, that asks for a blur of one pixel; the blur is at
# most this part of the picture, lest it wash out the strokes.
MIN_NOISE = 8
MAX_BLUR = 1 / 150
# Rules lie in the outermost part of a picture that is this wide, against its height or width.
BORDER_BAND = 0.15
# A rule, or a margin, has this share of the picture's row or column.
MIN_EVEN = 0.85


def find_paper_regions(grey: NDArray[np.uint8]) -> Iterator[NDArray[np.bool_]]:
    """Where a sheet may lie on ground of another shade; (H, W) bool each.

    A note on a desk, a page on a scanner's dark bed: four straight sides, most of it of one
    shade and most of the rest of the other, and a sharp edge between them.
    """
    step = -(-max(grey.shape) // REGION_SIDE)
    thumbnail = np.asarray(Image.fromarray(grey).reduce(step))
    bright = thumbnail > otsu(thumbnail)
    for shade in (bright, ~bright):
        # Most pictures are told by a glance: all around them is paper, or next to nothing is.
        is_small = shade.sum() < MIN_PAPER * MIN_REGION * shade.size
        if is_small or all(side.all() for side in borders(shade)):
            continue
        labels = cc3d.connected_components(shade.astype(np.uint8), connectivity=4)
        part = labels == np.bincount(labels.ravel())[1:].argmax() + 1
        sheet = _rows_filled(part) | _rows_filled(part.T).T
        paper = float(part.sum() / sheet.sum())
        ground = 1 - float(shade[~sheet].mean()) if not sheet.all() else 0.0
        if min(paper, ground) > MIN_PAPER and _is_paper_region(sheet, thumbnail):
            inner = ~grown(~sheet, REGION_BLUR)
            large = inner.repeat(step, axis=0).repeat(step, axis=1)
            yield large[: grey.shape[0], : grey.shape[1]]


def _is_paper_region(sheet: NDArray[np.bool_], thumbnail: NDArray[np.uint8]) -> bool:
    """Whether a part of a picture, (H, W) bool, has the size, form and edges of a sheet."""
    area = int(sheet.sum())
    if not MIN_REGION < area / sheet.size < MAX_REGION:
        return False
    y, x = np.nonzero(sheet)
    # A quadrilateral's corners lie farthest along the diagonals, and its area is told by them.
    a, b, c, d = (int(along.argmin()) for along in (y + x, y - x, -y - x, x - y))
    across = y[c] + 1 - y[a], x[c] + 1 - x[a]
    down = y[d] + 1 - y[b], x[d] - x[b] - 1
    spanned = abs(across[0] * down[1] - across[1] * down[0]) / 2
    if abs(spanned / area - 1) > STRAIGHT:
        return False
    # What three of the picture's borders cut off may be the lit part of it, unless it is upright.
    cut_off = sum(float(side.mean()) > MIN_CUT for side in borders(sheet))
    upright = area / ((np.ptp(y) + 1) * (np.ptp(x) + 1))
    if upright < (MIN_FILL_UPRIGHT if cut_off > 2 else MIN_FILL):
        return False
    inside, outside = sheet & ~grown(~sheet, 1), ~grown(sheet, 2)
    within, beyond = inside & grown(~inside, 1), ~outside & ~grown(sheet, 1)
    if not within.any() or not beyond.any():
        return False
    edge = float(np.median(thumbnail[within])) - float(np.median(thumbnail[beyond]))
    return abs(edge) > MIN_REGION_STEP * float(np.ptp(thumbnail))


def borders(picture: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """The top and bottom row, (W,) each, and the left and right column, (H,) each."""
    return picture[0], picture[-1], picture[:, 0], picture[:, -1]


def _rows_filled(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Each row filled from its first to its last; (H, W) bool."""
    from_left = np.logical_or.accumulate(mask, axis=1)
    from_right = np.logical_or.accumulate(mask[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(from_left & from_right)


def grown(mask: NDArray[np.bool_], times: int) -> NDArray[np.bool_]:
    """The mask grown by so many pixels on all sides; (H, W) bool."""
    for _ in range(times):
        mask = dilate_rows(dilate_rows(mask).T).T
    return mask


def blur_noise(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture blurred as far as its grain asks for: sensor noise, coarse paper; (H, W) uint8.

    Neighbours on bare paper differ by the grain alone, and most neighbours are bare paper.
    """
    step = np.abs(grey[:, 1:].astype(np.int16) - grey[:, :-1])
    radius = min(median(step[::2, ::2]) / MIN_NOISE, max(grey.shape) * MAX_BLUR)
    if radius < 0.5:
        return grey
    return np.asarray(Image.fromarray(grey).filter(ImageFilter.GaussianBlur(radius)))


def ink_contrast(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey picture along the colour axis on which the pen differs most from the paper.

    Luminance alone nearly loses a yellow pen on white or a red one on blue. The axis is the
    principal one of the deviations from the paper's colour, weighted by their square so that
    the pen outweighs the paper's own texture.
    """
    if pixels.ndim == 2:
        return pixels
    step = -(-max(pixels.shape) // (2 * THUMBNAIL))
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
    # A faint picture is not stretched: its noise would pass for ink.
    scale = 255 / max(255.0, high - low)
    matrix = (*(axis * scale).tolist(), -low * scale)
    return np.asarray(Image.fromarray(pixels).convert("L", matrix))


def ink_is_dark(grey: NDArray[np.uint8]) -> bool:
    """Whether the ink is darker than the paper.

    Two signs are summed, each clearly below 0 for dark and above for bright ink on plain
    pictures: ink is the shade of the narrow things (skewness of three band-pass pictures, in
    which the edge between two broad areas, as of a shadow, cancels itself), and the one that
    seldom touches the border.
    """
    thumbnail = thumbnail_of(grey, THUMBNAIL)
    small = Image.fromarray(thumbnail)
    shades = thumbnail.astype(np.float32)
    votes = 0.0
    for share in (2, 4, 8):
        surroundings = small.filter(ImageFilter.BoxBlur(max(small.size) / share / 2))
        votes += _skewness(shades - np.asarray(surroundings))
    border = np.concatenate(borders(thumbnail))
    votes += 2 - 4 * float((border > otsu(thumbnail)).mean())
    return votes < 0


def paper_is_marked(mask: NDArray[np.bool_]) -> bool:
    """Whether the marked level of a picture of two levels, (H, W) bool, is its paper.

    Paper has most of the border, even where a digit fills its frame: the corners are free. What
    lies along the border in straight lines, a rule or a margin, is left out first.
    """
    rows, columns = (_within_even_lines(mask.mean(axis=axis)) for axis in (1, 0))
    return float(np.concatenate(borders(mask[rows, columns])).mean()) > 0.5


def _within_even_lines(shares: NDArray[np.float64]) -> slice:
    """The rows, or columns, between those at both ends that nearly are of one level; (N,)."""
    is_even = np.maximum(shares, 1 - shares) > MIN_EVEN
    reach = int(BORDER_BAND * len(shares))
    first, last = (
        int(np.append(~ends, True).argmax()) for ends in (is_even[:reach], is_even[::-1][:reach])
    )
    return slice(first, len(shares) - last)


def _skewness(band: NDArray[np.float32]) -> float:
    square = band * band
    deviation = (float(np.vdot(band, band)) / band.size) ** 0.5
    return float(np.vdot(square, band)) / band.size / deviation**3 if deviation > 0 else 0.0


def thumbnail_of(grey: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The picture area-averaged by a whole factor to less than twice the side; (h, w) uint8."""
    factor = max(grey.shape) // side
    return grey if factor < 2 else np.asarray(Image.fromarray(grey).reduce(factor))
