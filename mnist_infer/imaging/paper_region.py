"""Find the paper in a picture that shows its surroundings too, such as a desk."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import cc3d
import numpy as np

from mnist_infer.imaging.filters import borders, dilate, otsu
from mnist_infer.imaging.params import MAJORITY, NEARLY_ALL
from mnist_infer.imaging.thumbnail import reduction, thumbnail

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


@dataclass(frozen=True)
class PaperRegion:
    """A part of a picture that may be a sheet of paper."""

    mask: NDArray[np.bool_]
    """Which pixels are the sheet, bool `(H, W)`."""

    inner: NDArray[np.bool_]
    """The same without its edge, where its shade is mixed with the ground's."""


def find_paper_regions(grey: NDArray[np.uint8], *, in_shadow: bool = True) -> Iterator[PaperRegion]:
    """Find where a sheet of paper may lie on a ground of another shade.

    A note on a desk, a page on a scanner's dark bed: four straight sides, most of it of one
    shade and most of the rest of the other.

    Args:
        grey: uint8 `(H, W)`.
        in_shadow: Whether to also find sheets that a shadow or a fold lies across. Worth 12 of 300
            `held` and 2 of 150 `row-desk`.

    Yields:
        Each sheet, the largest first.
    """
    small = thumbnail(grey)
    found: list[PaperRegion] = []
    levels = _levels(small)
    for level in levels if in_shadow else islice(levels, 1):
        for region in _regions_at(small, level):
            if not any(_are_alike(region.mask, other.mask) for other in found):
                found.append(region)
    # The part of a sheet that a shadow or a fold leaves looks like a sheet, too.
    for region in sorted(found, key=lambda region: -int(region.mask.sum())):
        yield PaperRegion(_enlarge(region.mask, grey), _enlarge(region.inner, grey))


def _are_alike(mask: NDArray[np.bool_], other: NDArray[np.bool_]) -> bool:
    return bool((mask & other).sum() > NEARLY_ALL * (mask | other).sum())


def _levels(small: NDArray[np.uint8]) -> Iterator[int]:
    """Find the grey levels that divide paper from ground; then those for paper in shadow."""
    level = otsu(small)
    yield level
    is_bright = small > level
    for part in (small[is_bright], small[~is_bright]):
        if part.size and np.ptp(part):
            yield otsu(part)


def _regions_at(small: NDArray[np.uint8], level: int) -> Iterator[PaperRegion]:
    """Find a sheet in what is brighter than a grey level, and one in what is darker."""
    bright = small > level
    for shade in (bright, ~bright):
        # Most pictures end here, cheaply: paper is all around, or there is none.
        if not shade.any() or all(side.all() for side in borders(shade)):
            continue
        labels = cc3d.connected_components(shade.astype(np.uint8), connectivity=4)
        paper = labels == np.bincount(labels.ravel())[1:].argmax() + 1
        mask = _rows_filled(paper) | _rows_filled(paper.T).T
        if mask.all():
            continue
        purity = min(float(shade[mask].mean()), 1 - float(shade[~mask].mean()))
        if purity <= MAJORITY:
            continue
        region = PaperRegion(mask, mask & ~dilate(~mask, 1))
        if _has_form(region):
            yield region


def _enlarge(mask: NDArray[np.bool_], grey: NDArray[np.uint8]) -> NDArray[np.bool_]:
    step = reduction(grey.shape)
    return mask.repeat(step, axis=0).repeat(step, axis=1)[: grey.shape[0], : grey.shape[1]]


def _has_form(region: PaperRegion) -> bool:
    """Whether a region has the form of a sheet: a quadrilateral."""
    area = int(region.mask.sum())
    # A stroke would be all edge.
    if region.inner.sum() <= MAJORITY * area:
        return False
    y, x = np.nonzero(region.mask)
    # A quadrilateral's corners lie farthest along the diagonals; they determine its area.
    a, b, c, d = (int(along.argmin()) for along in (y + x, y - x, -y - x, x - y))
    across = y[c] + 1 - y[a], x[c] + 1 - x[a]
    down = y[d] + 1 - y[b], x[d] - x[b] - 1
    spanned = abs(across[0] * down[1] - across[1] * down[0]) / 2
    is_broad = 2 * area > (np.ptp(y) + 1) * (np.ptp(x) + 1)  # A stroke on a slant is not.
    # What three of the picture's borders cut off is the lit part of it.
    is_cut_off = sum(bool(side.any()) for side in borders(region.mask)) > 2
    is_quadrilateral = abs(spanned / area - 1) <= 1 - NEARLY_ALL
    return bool(is_quadrilateral and is_broad and not is_cut_off)


def _rows_filled(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Fill each row from its first pixel to its last; (H, W) bool."""
    from_left = np.logical_or.accumulate(mask, axis=1)
    from_right = np.logical_or.accumulate(mask[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(from_left & from_right)
