"""From pixels to ink: what was written, whatever the paper, the light and the pen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cc3d
import numpy as np
from PIL import Image, ImageFilter

from mnist_infer.filters import closing, edge_energy, otsu

if TYPE_CHECKING:
    from numpy.typing import NDArray

# In fewer rows or columns there is no room for a stroke with paper on both sides.
LEAST_SIDE = 3
# A picture of this many pixels a side says enough about paper, polarity and margins.
THUMBNAIL = 64
# A margin ends at a straight edge: nearly all of a row is margin, then hardly any of it is.
MARGIN_FULL, MARGIN_GONE = 0.98, 0.3
# The step across that edge, as a part of all the shades: light that falls off has none.
MARGIN_STEP = 0.4
# No page is so narrow a part of its picture; what is may be a fat vertical stroke.
NARROWEST_PAGE = 0.25
# A page is mostly paper of one shade; a fat digit beside its margin is not.
LEAST_PAPER = 0.75
# Pixels to leave out along a margin: the blur of the page's edge.
MARGIN_BLUR = 2
# The windows are tried on a picture shrunk to this side.
WINDOW_SIDE = 160
# Windows to try, as parts of the picture: half of it holds any stroke but one that fills it.
SHARES = (16, 12, 8, 6, 4, 3, 2)
# A closing that takes out this share of the sharp edges that any takes out has all strokes.
MOST_EDGES = 0.95
# With less than this share of all sharp edges, the strokes are too wide for any part of a picture.
LEAST_EDGES = 0.2
# What is left of the edges are crossings and blots, up to about twice as wide as the strokes.
WINDOW_MARGIN = 1.5
# Grain, in grey levels between neighbours, that asks for a blur of one pixel; the blur is at
# most this part of the picture, lest it wash out the strokes.
FINEST_GRAIN = 8
MOST_BLUR = 1 / 150
# Fainter than this, in grey levels, ink cannot be told from the steps of 8-bit shading.
FAINTEST = 4
# The few peaks of pure texture beyond three sigma lie 3.3 sigma deep on average.
CLEAREST_NOISE = 5
# Between neighbours on a thumbnail even a blurred stroke steps by this part of its contrast.
SOFTEST_EDGE = 0.06
# Rounding, and the blocks of a JPEG, step by up to two grey levels.
LEAST_STEP = 2
# The part of the contrast over which ink rises from none to full: grain goes, soft edges stay.
RISE = (0.25, 0.75)
# In a picture as small as a thumbnail, grey tells how much of a pixel is ink.
RISE_IN_THUMBNAIL = (0.1, 1.0)


def extract_ink(
    pixels: NDArray[np.uint8], window: int | None = None
) -> tuple[NDArray[np.uint8], int]:
    """Ink of a picture, and the window through which its paper was seen.

    Args:
        pixels: uint8 (H, W) or (H, W, 3).
        window: In pixels, the width below which dark things are ink and not paper; as wide as
            the strokes ask for, unless given.

    Returns:
        uint8 (H, W), 0 = paper, 255 = ink; and the window.
    """
    if min(pixels.shape[:2]) < LEAST_SIDE:
        return np.zeros(pixels.shape[:2], np.uint8), LEAST_SIDE
    grey = _without_grain(pen_grey(pixels))
    rows, columns = page_bounds(grey)
    page = grey[rows, columns]
    if page.shape != grey.shape:
        # Inside margins of one shade the paper is of the other.
        dark = float((page > otsu(grey)).mean()) > 0.5
        ink = np.zeros_like(grey)
        ink[rows, columns], used = _ink_on_page(page if dark else 255 - page, window)
        _drop_page_edges(ink, rows, columns)
        # A page without ink was none: a fat stroke from edge to edge, or a shadow, looks like one.
        if ink.any():
            return ink, used
    return _ink_on_page(grey if ink_is_dark(grey) else 255 - grey, window)


def _without_grain(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture blurred as far as its grain asks for: sensor noise, coarse paper; (H, W) uint8.

    Neighbours on bare paper differ by the grain alone, and most neighbours are bare paper.
    """
    step = np.abs(grey[:, 1:].astype(np.int16) - grey[:, :-1])
    grain = float(np.median(step[::2, ::2]))
    radius = min(grain / FINEST_GRAIN, max(grey.shape) * MOST_BLUR)
    if radius < 0.5:
        return grey
    return np.asarray(Image.fromarray(grey).filter(ImageFilter.GaussianBlur(radius)))


def pen_grey(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey picture along the colour axis on which the pen differs most from the paper.

    Luminance alone nearly loses a yellow pen on white or a red one on blue. The axis is the
    principal one of the deviations from the paper's colour, weighted by their square so that
    the pen outweighs the paper's own texture.
    """
    if pixels.ndim == 2:
        return pixels
    step = -(-max(pixels.shape) // (2 * THUMBNAIL))
    sample = pixels[::step, ::step].reshape(-1, 3)
    if (sample == sample[:, :1]).all():
        return np.ascontiguousarray(pixels[:, :, 0])
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


def page_bounds(grey: NDArray[np.uint8]) -> tuple[slice, slice]:
    """Rows and columns of the page inside straight margins of the other shade.

    A scanner's dark bed or a frame ends at a straight edge right across the picture; the space
    around a digit never does.
    """
    bright = grey > otsu(grey)
    bounds = []
    for axis in (1, 0):
        share, shade = bright.mean(axis=axis), grey.mean(axis=axis)
        start, stop = 0, len(share)
        for margin in (share, 1 - share):
            start = max(start, _margin(margin, shade))
            stop = min(stop, len(share) - _margin(margin[::-1], shade[::-1]))
        whole = stop - start < NARROWEST_PAGE * len(share)
        bounds.append(slice(0, len(share)) if whole else slice(start, stop))
    rows, columns = bounds
    if LEAST_PAPER > bright[rows, columns].mean() > 1 - LEAST_PAPER:
        return slice(0, grey.shape[0]), slice(0, grey.shape[1])
    return rows, columns


def _margin(share: NDArray[np.float64], shade: NDArray[np.float64]) -> int:
    """Length of the margin that begins a picture; 0 where none does.

    share: (N,) the part of each row that has the margin's shade. shade: (N,) each row's mean.
    """
    inside = share < MARGIN_GONE
    length = int((share <= MARGIN_FULL).argmax())
    edge = max(2, len(share) // 20)
    if length == 0 or inside.mean() < NARROWEST_PAGE or not inside[length : length + edge].any():
        return 0
    start = length + int(inside[length:].argmax())
    step = abs(shade[min(start + 1, len(shade) - 1)] - shade[max(length - 2, 0)])
    return start + MARGIN_BLUR if step > MARGIN_STEP * np.ptp(shade) else 0


def _drop_page_edges(ink: NDArray[np.uint8], rows: slice, columns: slice) -> None:
    """Clear, in place, what hangs on the edges between page and margins: shadow, not ink."""
    labels = cc3d.connected_components((ink[rows, columns] > 0).astype(np.uint8), connectivity=8)
    edges = []
    if rows.start > 0:
        edges.append(labels[0])
    if rows.stop < ink.shape[0]:
        edges.append(labels[-1])
    if columns.start > 0:
        edges.append(labels[:, 0])
    if columns.stop < ink.shape[1]:
        edges.append(labels[:, -1])
    hanging = np.zeros(int(labels.max()) + 1, bool)
    hanging[np.concatenate(edges)] = True
    ink[rows, columns][hanging[labels]] = 0


def ink_is_dark(grey: NDArray[np.uint8]) -> bool:
    """Whether the ink is darker than the paper.

    Three signs are summed, each near -2 for dark and +2 for bright ink on plain pictures: ink
    is the shade with fewer pixels (skewness of the grey levels), the shade of the narrow
    things (skewness of two band-pass pictures, in which the edge between two broad areas
    cancels itself), and the one that seldom touches the border.
    """
    small = Image.fromarray(grey).reduce(max(1, max(grey.shape) // THUMBNAIL))
    thumbnail = np.asarray(small)
    shades = thumbnail.astype(np.float32)
    votes = _skewness(shades - shades.mean())
    for share in (2, 4):
        surroundings = small.filter(ImageFilter.BoxBlur(max(small.size) / share / 2))
        votes += _skewness(shades - np.asarray(surroundings))
    border = np.concatenate((thumbnail[0], thumbnail[-1], thumbnail[:, 0], thumbnail[:, -1]))
    votes += 2 - 4 * float((border > otsu(thumbnail)).mean())
    return votes < 0


def _skewness(band: NDArray[np.float32]) -> float:
    square = band * band
    deviation = float(square.mean()) ** 0.5
    return float((square * band).mean()) / deviation**3 if deviation > 0 else 0.0


def _ink_on_page(grey: NDArray[np.uint8], window: int | None) -> tuple[NDArray[np.uint8], int]:
    """Dark ink of one evenly or unevenly lit page: (H, W) uint8 -> (H, W) uint8, and the window.

    The paper is the grey closing of the picture, as even as the light and as sharp as a shadow.
    """
    window = window or _stroke_window(grey)
    depth = closing(grey, window) - grey
    noise, sigma, contrast = _levels(depth)
    if contrast < max(FAINTEST, CLEAREST_NOISE * sigma):
        return np.zeros_like(grey), window
    pale, full = RISE if max(grey.shape) > THUMBNAIL else RISE_IN_THUMBNAIL
    rise = (np.arange(256) - (noise + pale * contrast)) * (255 / ((full - pale) * contrast))
    ink: NDArray[np.uint8] = rise.clip(0, 255).astype(np.uint8)[depth]
    is_shading = _edge_step(grey, ink) <= max(LEAST_STEP, SOFTEST_EDGE * contrast)
    return np.zeros_like(grey) if is_shading else ink, window


def _edge_step(grey: NDArray[np.uint8], ink: NDArray[np.uint8]) -> float:
    """The step in grey levels where ink begins, beyond the picture's slope, on a thumbnail.

    It is small where the "ink" is but the dark end of uneven light.
    """
    shade = _thumbnail(grey, 2 * THUMBNAIL).astype(np.int16)
    share = _thumbnail(ink, 2 * THUMBNAIL)
    # Thin strokes fill but a part of any pixel here.
    is_ink = share > int(share.max(initial=0)) // 2
    steps = []
    for axis in (0, 1):
        step = np.diff(shade, axis=axis)
        if step.size:
            steps.append(np.abs(step - int(np.median(step)))[np.diff(is_ink, axis=axis)])
    edge = np.concatenate(steps)
    return float(edge.mean()) if edge.size else 0.0


def _thumbnail(grey: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """The picture area-averaged by a whole factor to less than twice the side; (h, w) uint8."""
    return np.asarray(Image.fromarray(grey).reduce(max(1, max(grey.shape) // side)))


def _stroke_window(grey: NDArray[np.uint8]) -> int:
    """The least window, in pixels, with which a closing takes the strokes out of the paper.

    Strokes come out with their sharp edges as soon as the window bridges them. A wider window
    brings out no more of those, but shading: a vignette's rim, the dark side of a fold.
    """
    thumbnail = np.asarray(Image.fromarray(grey).reduce(-(-max(grey.shape) // WINDOW_SIDE)))
    windows = [max(thumbnail.shape) // share for share in SHARES]
    edges = [edge_energy(closing(thumbnail, window) - thumbnail) for window in windows]
    if edges[-1] < LEAST_EDGES * edge_energy(thumbnail):
        # One stroke fills the picture, and only the whole is wide enough.
        return 2 * int(max(grey.shape))
    enough = next(w for w, e in zip(windows, edges, strict=True) if e >= MOST_EDGES * max(edges))
    return int(WINDOW_MARGIN * enough * max(grey.shape) / max(thumbnail.shape))


def _levels(depth: NDArray[np.uint8]) -> tuple[float, float, float]:
    """Depth of bare paper, its standard deviation, and the ink's depth beyond it, in grey levels.

    Bare paper covers at least a seventh of any picture, so that the lowest seventh of the depths
    tells its normal distribution. Ink is the mean of the depths, each weighted by itself,
    above half of that mean: a fixed point found in a few rounds.
    """
    count = np.bincount(depth.ravel(), minlength=256)
    below = np.cumsum(count) / depth.size
    low, high = np.searchsorted(below, (0.05, 0.15))
    # Quantiles of a normal distribution: 5 % lie below -1.64 sigma, 15 % below -1.04 sigma.
    sigma = (high - low) / (1.64 - 1.04)
    noise = high + 1.04 * sigma
    level = np.arange(256) - noise
    contrast = 0.0
    for _ in range(4):
        strong = np.where(level > max(1, 3 * sigma, contrast / 2), count * level, 0)
        total = strong.sum()
        if total == 0:
            return noise, sigma, 0.0
        contrast = float((strong * level).sum() / total)
    return noise, sigma, contrast
