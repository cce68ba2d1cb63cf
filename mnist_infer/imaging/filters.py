"""Image operations that numpy lacks, on small grey pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def pad(image: NDArray[Any], rim: int) -> NDArray[Any]:
    """Pad a picture with zeros on all sides."""
    height, width = image.shape
    frame = np.zeros((height + 2 * rim, width + 2 * rim), image.dtype)
    frame[rim : rim + height, rim : rim + width] = image
    return frame


def crop(
    grey: NDArray[np.uint8], rows: slice, columns: slice, beyond: Literal["constant", "edge"]
) -> NDArray[np.uint8]:
    """Cut out a part of a picture; the part may reach over the picture's border.

    Args:
        grey: uint8 `(H, W)`.
        rows: From and to, which may lie outside.
        columns: The same.
        beyond: Beyond its border the picture is black (`"constant"`), or goes on as it ends there.

    Returns:
        uint8, as large as the slices say.
    """
    places = [np.arange(side.start, side.stop) for side in (rows, columns)]
    nearest = [at.clip(0, length - 1) for at, length in zip(places, grey.shape, strict=True)]
    part: NDArray[np.uint8] = grey[np.ix_(*nearest)]
    if beyond == "constant":
        part = part * np.outer(places[0] == nearest[0], places[1] == nearest[1])
    return part


def bounds(is_filled: NDArray[Any]) -> slice:
    """Find where rows, or columns, that are not empty begin and end; `slice(0, 1)` without any.

    Args:
        is_filled: `(N,)`, 0 or False for an empty one.
    """
    lines = np.flatnonzero(is_filled)
    return slice(int(lines[0]), int(lines[-1]) + 1) if lines.size else slice(0, 1)


def ink_bounds(foreground: NDArray[Any]) -> tuple[slice, slice]:
    """Find the rows and the columns that foreground fills: `(H, W)`, 0 or False is paper."""
    return bounds(foreground.max(axis=1)), bounds(foreground.max(axis=0))


def closing(image: NDArray[np.uint8], window: int) -> NDArray[np.uint8]:
    """Close a grey picture: dark things narrower than the window take the shade around them.

    The window is square, centred, and clipped to the picture.
    """
    # Row by row is fast: the picture is turned twice, and not at each of the four passes.
    turned = _running(np.maximum, _running(np.maximum, image, window, 0).T, window, 0)
    return _running(np.minimum, _running(np.minimum, turned, window, 255).T, window, 255)


def _running(
    extreme: np.ufunc, rows: NDArray[np.uint8], window: int, outside: int
) -> NDArray[np.uint8]:
    """Running maximum or minimum of each column.

    Each step joins two stretches found before, so that n pixels take log2(n) steps.
    """
    # Beyond this radius every window holds the whole column.
    radius = min(window // 2, len(rows) - 1)
    padded = np.full((len(rows) + 2 * radius, rows.shape[1]), outside, np.uint8)
    padded[radius : radius + len(rows)] = rows
    reach, size = 1, 2 * radius + 1
    while reach < size:
        hop = min(reach, size - reach)
        padded = extreme(padded[:-hop], padded[hop:])
        reach += hop
    return padded


def dilate_rows(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Grow a mask by one pixel up and down; (H, W) bool."""
    grown = mask.copy()
    grown[1:] |= mask[:-1]
    grown[:-1] |= mask[1:]
    return grown


def dilate(mask: NDArray[np.bool_], times: int) -> NDArray[np.bool_]:
    """Grow a mask by a number of pixels on all sides; (H, W) bool."""
    for _ in range(times):
        mask = dilate_rows(dilate_rows(mask).T).T
    return mask


def borders(picture: NDArray[Any]) -> tuple[NDArray[Any], ...]:
    """Return the top and bottom row, (W,) each, and the left and right column, (H,) each."""
    return picture[0], picture[-1], picture[:, 0], picture[:, -1]


def otsu(grey: NDArray[np.uint8]) -> int:
    """Find Otsu's threshold (1979): the grey level that best divides a picture into two shades."""
    count = np.bincount(grey.ravel(), minlength=256).astype(np.float64)
    below = np.cumsum(count)
    above = below[-1] - below
    shade = np.cumsum(count * np.arange(256))
    between = (shade * below[-1] - shade[-1] * below) ** 2 / np.maximum(below * above, 1)
    return int(between.argmax())


def median(levels: NDArray[np.integer[Any]]) -> int:
    """Find the lower median of small whole numbers from 0 on; 0 if there are none.

    np.median takes up to twenty times the time where most of them are alike, and imports numpy.ma,
    a tenth of the command's start.
    """
    below = np.bincount(levels.ravel(), minlength=1).cumsum()
    return int(below.searchsorted(below[-1] / 2))


def edge_energy(grey: NDArray[np.uint8]) -> float:
    """Sum the squared steps between neighbours: sharp edges count, slow shading does not."""
    shade = grey.astype(np.float32)
    down, across = shade[1:] - shade[:-1], shade[:, 1:] - shade[:, :-1]
    return float(np.vdot(down, down) + np.vdot(across, across))


def stroke_width(foreground: NDArray[np.uint8]) -> float:
    """Measure the mean width of strokes in pixels: twice their area over their outline's length.

    The outline's length is the total variation of the grey picture, so that soft edges and
    sub-pixel widths count rightly; exact for long strokes of even width.
    """
    height, width = foreground.shape
    shade = np.zeros((height + 2, width + 2), np.float32)
    shade[1:-1, 1:-1] = foreground
    # As one long line, which is quicker: a step from a row's end to the next is from rim to rim.
    line = shade.ravel()
    steps = line[width + 2 :] - line[: -width - 2]
    across = line[1 : len(steps) + 1] - line[: len(steps)]
    steps *= steps
    across *= across
    steps += across
    outline = float(np.sqrt(steps, out=steps).sum())
    return 2 * float(shade.sum()) / outline if outline else 0.0
