"""Where a sheet of paper lies in a picture that shows its surroundings too."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import cc3d
import numpy as np
from PIL import Image

from mnist_infer.imaging.filters import borders, dilate, otsu
from mnist_infer.imaging.params import MOST, NEARLY_ALL, PAPER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


def find_paper_regions(
    grey: NDArray[np.uint8], *, in_shadow: bool = True
) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """Find where a sheet of paper may lie on a ground of another shade.

    A note on a desk, a page on a scanner's dark bed: four straight sides, most of it of one
    shade and most of the rest of the other, and a sharp edge between them.

    Args:
        grey: uint8 `(H, W)`.
        in_shadow: Whether to find sheets too that a shadow or a fold lies across.

    Yields:
        Of each the sheet, bool `(H, W)`, and the same without its edge, where its shade is mixed
        with the ground's.
    """
    step = -(-max(grey.shape) // (2 * PAPER.thumbnail))
    thumbnail = np.asarray(Image.fromarray(grey).reduce(step))
    sheets: list[tuple[NDArray[np.bool_], NDArray[np.bool_]]] = []
    levels = _levels(thumbnail)
    for level in levels if in_shadow else islice(levels, 1):
        for region, inner in _find_sheets(thumbnail, level):
            if not any(_are_alike(region, other) for other, _ in sheets):
                sheets.append((region, inner))
    # The largest first: what a shadow or a fold leaves of a sheet looks like one too.
    for region, inner in sorted(sheets, key=lambda sheet: -int(sheet[0].sum())):
        yield _enlarge(region, step, grey), _enlarge(inner, step, grey)


def _are_alike(region: NDArray[np.bool_], other: NDArray[np.bool_]) -> bool:
    return bool((region & other).sum() > NEARLY_ALL * (region | other).sum())


def _levels(thumbnail: NDArray[np.uint8]) -> Iterator[int]:
    """Levels between two shades: those of paper and ground; or of ground, paper, and its shadow."""
    level = otsu(thumbnail)
    yield level
    is_bright = thumbnail > level
    for part in (thumbnail[is_bright], thumbnail[~is_bright]):
        if part.size and np.ptp(part):
            yield otsu(part)


def _find_sheets(
    thumbnail: NDArray[np.uint8], level: int
) -> Iterator[tuple[NDArray[np.bool_], NDArray[np.bool_]]]:
    """What is brighter than a level and what is darker, if it is a sheet, and without its edge."""
    bright = thumbnail > level
    for shade in (bright, ~bright):
        # In most pictures a glance is enough: paper is all around, or there is none.
        if not shade.any() or all(side.all() for side in borders(shade)):
            continue
        labels = cc3d.connected_components(shade.astype(np.uint8), connectivity=4)
        paper = labels == np.bincount(labels.ravel())[1:].argmax() + 1
        region = _rows_filled(paper) | _rows_filled(paper.T).T
        if region.all():
            continue
        purity = min(float(shade[region].mean()), 1 - float(shade[~region].mean()))
        if purity <= MOST:
            continue
        inner = region & ~dilate(~region, 1)
        if _is_sheet(region, inner, thumbnail):
            yield region, inner


def _enlarge(mask: NDArray[np.bool_], step: int, grey: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return mask.repeat(step, axis=0).repeat(step, axis=1)[: grey.shape[0], : grey.shape[1]]


def _is_sheet(
    region: NDArray[np.bool_], inner: NDArray[np.bool_], thumbnail: NDArray[np.uint8]
) -> bool:
    """Whether a part of a picture has the form and the edges of a sheet.

    Args:
        region: bool `(H, W)`.
        inner: bool `(H, W)`, the region without its edge.
        thumbnail: uint8 `(H, W)`, the picture.
    """
    area = int(region.sum())
    # A stroke would be all edge.
    if inner.sum() <= MOST * area:
        return False
    y, x = np.nonzero(region)
    # A quadrilateral's corners lie farthest along the diagonals, and its area is told by them.
    a, b, c, d = (int(along.argmin()) for along in (y + x, y - x, -y - x, x - y))
    across = y[c] + 1 - y[a], x[c] + 1 - x[a]
    down = y[d] + 1 - y[b], x[d] - x[b] - 1
    spanned = abs(across[0] * down[1] - across[1] * down[0]) / 2
    fill = area / ((np.ptp(y) + 1) * (np.ptp(x) + 1))
    # What three of the picture's borders cut off is the lit part of it.
    is_cut_off = sum(bool(side.any()) for side in borders(region)) > 2
    if abs(spanned / area - 1) > PAPER.max_bulge or fill < PAPER.min_fill or is_cut_off:
        return False
    # Beside the edge, where it is blurred.
    outside = ~dilate(region, 2)
    within, beyond = inner & dilate(~inner, 1), ~outside & ~dilate(region, 1)
    if not within.any() or not beyond.any():
        return False
    step = float(np.median(thumbnail[within])) - float(np.median(thumbnail[beyond]))
    return abs(step) > PAPER.min_step * float(np.ptp(thumbnail))


def _rows_filled(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Each row filled from its first to its last; (H, W) bool."""
    from_left = np.logical_or.accumulate(mask, axis=1)
    from_right = np.logical_or.accumulate(mask[:, ::-1], axis=1)[:, ::-1]
    return np.asarray(from_left & from_right)
