"""From pixels to ink: what was written, whatever the paper, the light and the pen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cc3d
import numpy as np
from PIL import Image

from mnist_infer.imaging.components import SMALL_PICTURE
from mnist_infer.imaging.filters import closing, edge_energy, median
from mnist_infer.imaging.paper import (
    THUMBNAIL,
    blur_noise,
    borders,
    find_paper_regions,
    grown,
    ink_contrast,
    ink_is_dark,
    paper_is_marked,
    thumbnail_of,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# In fewer rows or columns there is no room for a stroke with paper on both sides.
MIN_SIDE = 3
# The windows are tried on a picture shrunk to this side.
WINDOW_SIDE = 160
# Windows to try, as parts of the picture: half of it holds any stroke but one that fills it.
SHARES = (16, 12, 8, 6, 4, 3, 2)
# A closing that takes out this share of the sharp edges that any takes out has all strokes.
ALL_EDGES = 0.95
# Less, down to this share, may be all strokes where the rest is a shadow.
SOME_EDGES = 0.5
# With less than this share of all sharp edges, the strokes are too wide for any part of a picture.
MIN_EDGES = 0.2
# What is left of the edges are crossings and blots, up to about twice as wide as the strokes.
WINDOW_MARGIN = 1.5
# Windows that suit a pen, in its widths, and the one to take where another does not.
MIN_WINDOW, MAX_WINDOW, WINDOW = 1.7, 4, 3
# A picture of two grey levels has this share of its pixels at its darkest or its brightest level,
# within this part of the contrast; the rest are soft edges.
MIN_TWO_LEVELS, LEVEL_SPREAD = 0.9, 1 / 16
# Fainter than this, in grey levels, ink cannot be told from the steps of 8-bit shading.
FAINTEST = 4
# The few peaks of pure texture beyond three sigma lie 3.3 sigma deep on average.
MIN_CONTRAST_TO_NOISE = 5
# Between neighbours on a thumbnail even a blurred stroke steps by this part of its contrast.
MIN_EDGE_STEP = 0.06
# Rounding, and the blocks of a JPEG, step by up to two grey levels.
MIN_STEP = 2
# The part of the contrast over which ink rises from none to full: grain goes, soft edges stay.
RISE = (0.25, 0.75)
# In a picture as small as a thumbnail, grey tells how much of a pixel is ink.
RISE_IN_THUMBNAIL = (0.1, 1.0)


def binarize(pixels: NDArray[np.uint8], window: int | None = None) -> tuple[NDArray[np.uint8], int]:
    """Ink of a picture, and the window through which its paper was seen.

    Args:
        pixels: uint8 (H, W) or (H, W, 3).
        window: In pixels, the width below which dark things are ink and not paper; as wide as
            the strokes ask for, unless given.

    Returns:
        uint8 (H, W), 0 = paper, 255 = ink; and the window.
    """
    if min(pixels.shape[:2]) < MIN_SIDE:
        return np.zeros(pixels.shape[:2], np.uint8), MIN_SIDE
    grey = blur_noise(ink_contrast(pixels))
    for sheet in find_paper_regions(grey):
        ink, used = _binarize_region(pixels, sheet, window)
        # A sheet without ink was none: a fat stroke, or a shadow, may look like one.
        if ink.any():
            return ink, used
    return _binarize_page(grey if ink_is_dark(grey) else 255 - grey, window)


def binarize_two_levels(pixels: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Ink of a picture of two grey levels, such as a bitmap; None of any other picture.

    It has no light and no texture to take out, and so no stroke can be lost with them.

    Args:
        pixels: uint8 (H, W) or (H, W, 3).

    Returns:
        uint8 (H, W), 0 = paper, 255 = ink.
    """
    grey = ink_contrast(pixels)
    count = np.bincount(grey.ravel(), minlength=256)
    levels = np.flatnonzero(count)
    dark, bright = int(levels[0]), int(levels[-1])
    spread = int(LEVEL_SPREAD * (bright - dark))
    # With no room for a spread, the two levels may be the steps of 8-bit shading.
    if spread == 0 or min(grey.shape) < MIN_SIDE:
        return None
    between = count[dark + spread + 1 : bright - spread].sum()
    if between > (1 - MIN_TWO_LEVELS) * grey.size:
        return None
    shares = (np.arange(256) - dark) / (bright - dark)
    if paper_is_marked(grey > (dark + bright) // 2):
        shares = 1 - shares
    return _rise(shares, grey.shape).take(grey)


def _rise(shares: NDArray[np.floating[Any]], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Ink, 0 to 255, for shares of the contrast, in a picture of this shape; (N,) uint8."""
    pale, full = RISE if max(shape) > THUMBNAIL else RISE_IN_THUMBNAIL
    return ((shares - pale) * (255 / (full - pale))).clip(0, 255).astype(np.uint8)


def refined_window(window: int, pen: float) -> int | None:
    """A window that suits a pen of this width in pixels; None where the given one does.

    Until writing is found its pen is a guess. Guessed too wide, a shadow's edge counts as ink;
    too narrow, fat strokes count as paper.
    """
    return None if MIN_WINDOW * pen < window < MAX_WINDOW * pen else round(WINDOW * pen)


def _binarize_region(
    pixels: NDArray[np.uint8], sheet: NDArray[np.bool_], window: int | None
) -> tuple[NDArray[np.uint8], int]:
    """Ink of a picture inside a sheet, (H, W) uint8, and the window; sheet: (H, W) bool."""
    found = [np.flatnonzero(sheet.any(axis=axis)) for axis in (1, 0)]
    if min(taken.size for taken in found) < MIN_SIDE:
        return np.zeros(sheet.shape, np.uint8), MIN_SIDE
    rows, columns = (slice(taken[0], taken[-1] + 1) for taken in found)
    inside = sheet[rows, columns]
    grey = blur_noise(ink_contrast(pixels[rows, columns]))
    # Each row goes on beyond the sheet as it ends there, so that the sheet's edge is none.
    width = grey.shape[1]
    first, last = inside.argmax(axis=1), width - 1 - inside[:, ::-1].argmax(axis=1)
    within = np.arange(width).clip(first[:, None], last[:, None])
    page = np.take_along_axis(grey, within, axis=1)
    ink, used = _binarize_page(page if ink_is_dark(page) else 255 - page, window)
    whole = np.zeros(sheet.shape, np.uint8)
    whole[rows, columns] = np.where(inside, ink, 0)
    # What hangs on the sheet's edge is its shadow.
    labels = cc3d.connected_components((whole > 0).astype(np.uint8), connectivity=8)
    hanging = np.zeros(int(labels.max()) + 1, bool)
    hanging[labels[sheet & grown(~sheet, 1)]] = True
    whole[hanging[labels]] = 0
    return whole, used


def _binarize_page(grey: NDArray[np.uint8], window: int | None) -> tuple[NDArray[np.uint8], int]:
    """Dark ink of one evenly or unevenly lit page: (H, W) uint8 -> (H, W) uint8, and the window.

    The paper is the grey closing of the picture, as even as the light and as sharp as a shadow.
    """
    window = window or _stroke_window(grey)
    depth = closing(grey, window) - grey
    noise, sigma, contrast = _levels(depth)
    if contrast < max(FAINTEST, MIN_CONTRAST_TO_NOISE * sigma):
        return np.zeros_like(grey), window
    ink = _rise((np.arange(256) - noise) / contrast, grey.shape).take(depth)
    is_shading = _edge_step(grey, ink) <= max(MIN_STEP, MIN_EDGE_STEP * contrast)
    return np.zeros_like(grey) if is_shading else ink, window


def _edge_step(grey: NDArray[np.uint8], ink: NDArray[np.uint8]) -> float:
    """The step in grey levels where ink begins, beyond the picture's slope, on a thumbnail.

    It is small where the "ink" is but the dark end of uneven light.
    """
    shade = thumbnail_of(grey, 2 * THUMBNAIL).astype(np.int16)
    share = thumbnail_of(ink, 2 * THUMBNAIL)
    # Thin strokes fill but a part of any pixel here.
    is_ink = share > int(share.max(initial=0)) // 2
    steps = []
    for axis in (0, 1):
        step = np.diff(shade, axis=axis)
        if step.size:
            slope = median(255 + step[::2, ::2]) - 255
            steps.append(np.abs(step[np.diff(is_ink, axis=axis)] - slope))
    edge = np.concatenate(steps)
    return float(edge.mean()) if edge.size else 0.0


def _stroke_window(grey: NDArray[np.uint8]) -> int:
    """The least window, in pixels, with which a closing takes the strokes out of the paper.

    Strokes come out with their sharp edges as soon as the window bridges them. A wider window
    brings out no more of those, but shading: a vignette's rim, the dark side of a fold.
    """
    thumbnail = np.asarray(Image.fromarray(grey).reduce(-(-max(grey.shape) // WINDOW_SIDE)))
    windows = [max(thumbnail.shape) // share for share in SHARES]
    depths = [closing(thumbnail, window) - thumbnail for window in windows]
    edges = [edge_energy(depth) for depth in depths]
    if edges[-1] < MIN_EDGES * edge_energy(thumbnail):
        # One stroke fills the picture, and only the whole is wide enough.
        return 2 * int(max(grey.shape))
    enough = _first_enough(edges, ALL_EDGES)
    may_do = _first_enough(edges, SOME_EDGES)
    if may_do < enough and max(grey.shape) >= SMALL_PICTURE:
        # The wider window brings out more: wider strokes, or a shadow, which the border cuts.
        inner = [edge_energy(_without_border(depth)) for depth in depths[may_do : enough + 1]]
        if max(inner) > MIN_EDGES * edges[enough]:
            enough = may_do + _first_enough(inner, ALL_EDGES)
    return int(WINDOW_MARGIN * windows[enough] * max(grey.shape) / max(thumbnail.shape))


def _first_enough(values: Sequence[float], share: float) -> int:
    return next(i for i, value in enumerate(values) if value >= share * max(values))


def _without_border(depth: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The depths of what the picture's border does not cut; (H, W) uint8."""
    noise, _, contrast = _levels(depth)
    mask = (depth > noise + contrast / 2).astype(np.uint8)
    labels = cc3d.connected_components(mask, connectivity=8)
    kept = np.ones(int(labels.max()) + 1, bool)
    kept[np.concatenate(borders(labels))] = False
    return np.where(kept[labels], depth, 0).astype(np.uint8)


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
