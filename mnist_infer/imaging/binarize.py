"""Find the foreground, that is, what was written, on any paper, in any light, with any pen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cc3d
import numpy as np

from mnist_infer.imaging.closing_window import find_closing_window
from mnist_infer.imaging.components import touching
from mnist_infer.imaging.contrast import measure_contrast, measure_edge_step
from mnist_infer.imaging.filters import bounds, closing, dilate, ink_bounds
from mnist_infer.imaging.paper import (
    blur_noise,
    colour_contrast,
    foreground_is_dark,
    mask_is_paper,
)
from mnist_infer.imaging.paper_region import find_paper_regions
from mnist_infer.imaging.params import BINARIZE, NEARLY_ALL, SMALL_SIDE
from mnist_infer.imaging.thumbnail import reduction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


@dataclass(frozen=True)
class View:
    """A guess at a picture's paper, with darker foreground on it: all of it, or a region in it."""

    grey: NDArray[np.uint8]
    """uint8 `(h, w)`, the picture or the part of it around the region."""

    region: NDArray[np.bool_] | None = None
    """Which pixels of the picture are the paper, bool `(H, W)`; None for the whole picture."""

    place: tuple[slice, slice] = (slice(None), slice(None))
    """The rows and columns of the picture that `grey` holds."""

    is_inverted: bool = False
    """Whether this is the less likely of two polarities."""

    def binarize(self) -> NDArray[np.uint8]:
        """Tell the foreground from the paper.

        Returns:
            uint8 `(H, W)` of the whole picture, 0 = paper, 255 = foreground.
        """
        found = _binarize_paper(self.grey)
        if self.region is None:
            return found
        foreground = np.zeros(self.region.shape, np.uint8)
        foreground[self.place] = found
        return _without_shadow(np.where(self.region, foreground, 0), self.region)


def plausible_views(
    pixels: NDArray[np.uint8], grey: NDArray[np.uint8], *, in_shadow: bool = True
) -> Iterator[View]:
    """Guess at the paper of a picture: each region that may be a sheet of it, then all of it.

    The whole picture comes twice, since either shade may be the foreground's: the likelier one
    first.

    Args:
        pixels: uint8 `(H, W)` or `(H, W, 3)`.
        grey: Their `colour_contrast`.
        in_shadow: As for `find_paper_regions`.
    """
    grey = blur_noise(grey)
    for region in find_paper_regions(grey, in_shadow=in_shadow):
        place = ink_bounds(region.mask)
        # What is left of the ground would pass for the strongest of the sheet's strokes, and would
        # decide which colours differ most.
        sheet = _extend(pixels[place], region.inner[place])
        part = blur_noise(colour_contrast(sheet))
        yield View(part if foreground_is_dark(part) else 255 - part, region.mask, place)
    dark = grey if foreground_is_dark(grey) else 255 - grey
    yield View(dark)
    yield View(255 - dark, is_inverted=True)


def binarize(pixels: NDArray[np.uint8], grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Tell the foreground of a picture from its paper.

    Args:
        pixels: uint8 `(H, W)` or `(H, W, 3)`.
        grey: Their `colour_contrast`.

    Returns:
        uint8 `(H, W)`, 0 = paper, 255 = foreground.
    """
    # Looking for sheets in shadow would gain none of 2,050 generated digits and take a tenth of a
    # drawing's time. A view without foreground was a wrong guess: a wide stroke, a dark frame or
    # dark corners may look like paper. So the picture is blank only if no view has foreground.
    for view in plausible_views(pixels, grey, in_shadow=False):
        foreground = view.binarize()
        if foreground.any():
            break
    return foreground


def binarize_two_levels(grey: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Binarize a picture of two grey levels, such as a bitmap; None for any other picture.

    There is no shading and no texture to remove, and so no stroke that could be lost with them.

    Args:
        grey: uint8 `(H, W)`.

    Returns:
        uint8 `(H, W)`, 0 = paper, 255 = foreground.
    """
    count = np.bincount(grey.ravel(), minlength=256)
    levels = np.flatnonzero(count)
    dark, bright = int(levels[0]), int(levels[-1])
    spread = int(BINARIZE.level_spread * (bright - dark))
    # With no room for a spread, the two levels may be the steps of 8-bit shading.
    if spread == 0:
        return None
    between = count[dark + spread + 1 : bright - spread].sum()
    if between > (1 - NEARLY_ALL) * grey.size or _has_third_level(grey, dark, bright, spread):
        return None
    shares = (np.arange(256) - dark) / (bright - dark)
    if mask_is_paper(grey > (dark + bright) // 2):
        shares = 1 - shares
    return _rise(shares, grey.shape).take(grey)


def _has_third_level(grey: NDArray[np.uint8], dark: int, bright: int, spread: int) -> bool:
    """Tell whether most of what is between two levels is one stroke, and not their soft edge.

    Coloured ink on white paper beside a black bar is such a third level; specks are none.
    """
    step = reduction(grey.shape)
    sample = grey[::step, ::step]
    is_dark, is_bright = sample <= dark + spread, sample >= bright - spread
    between = ~(is_dark | is_bright)
    edge = dilate(is_dark, 2) & dilate(is_bright, 2)
    labels = cc3d.connected_components((between & ~edge).astype(np.uint8), connectivity=8)
    largest = np.bincount(labels.ravel())[1:].max(initial=0)
    return bool(2 * largest > np.count_nonzero(between))


def _rise(shares: NDArray[np.floating[Any]], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Convert shares of contrast, (N,), to foreground for a picture of this shape; (N,) uint8."""
    is_large = max(shape) > SMALL_SIDE
    pale, full = BINARIZE.rise if is_large else BINARIZE.rise_if_small
    return ((shares - pale) * (255 / (full - pale))).clip(0, 255).astype(np.uint8)


def _without_shadow(foreground: NDArray[np.uint8], region: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Remove from paper's foreground what touches its edge, which is the paper's shadow."""
    edge = region & dilate(~region, 1)
    return np.where(touching(foreground > 0, edge), 0, foreground).astype(np.uint8)


def _extend(pixels: NDArray[np.uint8], inner: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Give each pixel, (H, W) or (H, W, 3), that is not inner paper the nearest inner one's value.

    So a sheet has no edge.
    """
    height, width = inner.shape
    rows, columns = np.arange(height), np.arange(width)
    filled = bounds(inner.max(axis=1))
    nearest = rows.clip(filled.start, filled.stop - 1)
    inner = inner[nearest]
    first, last = inner.argmax(axis=1), width - 1 - inner[:, ::-1].argmax(axis=1)
    within = columns.clip(first[:, None], last[:, None])
    extended: NDArray[np.uint8] = pixels[nearest[:, None], within]
    return extended


def _binarize_paper(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Find the foreground of a picture of paper alone, (H, W) uint8 each.

    The foreground is darker than the paper. The paper is the grey closing of the picture, which
    follows both gradual light and sharp shadows.
    """
    depth = closing(grey, find_closing_window(grey)) - grey
    found = measure_contrast(depth)
    # Rounding to 8 bits is noise too.
    if found.contrast < BINARIZE.min_contrast * max(1, found.noise):
        return np.zeros_like(grey)
    shares = (np.arange(256) - found.background) / found.contrast
    foreground = _rise(shares, grey.shape).take(depth)
    if measure_edge_step(grey, foreground) <= BINARIZE.min_edge_step:
        return np.zeros_like(grey)
    return foreground
