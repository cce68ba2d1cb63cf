"""Connected pieces of ink: their boxes, their size, their strokes, and the gaps between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cc3d
import numpy as np

from mnist_infer.imaging.filters import bounds, stroke_width

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Ink above this connects; softer ink is the edge of what it touches.
EDGE = 64
# With this much of its outline on the border, as a part of its box's height and width, a piece is
# no stroke but the title bar of an app, the edge of a sheet, the corner of a shadow.
MIN_ALONG_BORDER = 0.75
# In a picture of fewer pixels a side, what touches the border is the digit, which fills it.
SMALL_PICTURE = 28


@dataclass(frozen=True)
class Components:
    """Connected pieces of ink.

    labels: (H, W), 0 = none and i + 1 = piece i. boxes: (N, 4) top, left, bottom, right.
    mass: (N,) number of pixels. at_border: (N,) whether the picture's border cuts it.
    along_border: (N,) whether it lies along the border.
    """

    labels: NDArray[np.unsignedinteger]
    boxes: NDArray[np.intp]
    mass: NDArray[np.intp]
    at_border: NDArray[np.bool_]
    along_border: NDArray[np.bool_]

    @property
    def heights(self) -> NDArray[np.intp]:
        """Rows of each box, (N,)."""
        return self.boxes[:, 2] - self.boxes[:, 0]

    @property
    def widths(self) -> NDArray[np.intp]:
        """Columns of each box, (N,)."""
        return self.boxes[:, 3] - self.boxes[:, 1]

    @property
    def lengths(self) -> NDArray[np.intp]:
        """The longer side of each box, (N,)."""
        return np.maximum(self.heights, self.widths)


def find_components(ink: NDArray[np.uint8]) -> Components:
    """Label the ink, 8-connected."""
    # uint8: of a boolean picture, cc3d 4.1 now and then labels a pixel of the background.
    mask = (ink > EDGE).astype(np.uint8)
    # Most of a drawing is paper, on which cc3d would spend most of its time.
    rows, columns = (bounds(mask.max(axis=axis)) for axis in (1, 0))
    inked, count = cc3d.connected_components(mask[rows, columns], connectivity=8, return_N=True)
    labels = np.zeros(ink.shape, inked.dtype)
    labels[rows, columns] = inked
    found = cc3d.statistics(inked, no_slice_conversion=True)
    inclusive = found["bounding_boxes"][1 : count + 1].astype(np.intp)
    top, left = rows.start, columns.start
    boxes = inclusive[:, [0, 2, 1, 3]] + np.array([top, left, top + 1, left + 1])
    mass = found["voxel_counts"][1 : count + 1].astype(np.intp)
    at_border = ((boxes[:, :2] == 0) | (boxes[:, 2:] == ink.shape)).any(axis=1)
    return Components(labels, boxes, mass, at_border, _along_border(labels, boxes))


def _along_border(
    labels: NDArray[np.unsignedinteger], boxes: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Which pieces lie along the border; (N,) bool."""
    border = np.concatenate((labels[0], labels[-1], labels[:, 0], labels[:, -1]))
    on_border = np.bincount(border, minlength=len(boxes) + 1)[1:]
    sides = boxes[:, 2:] - boxes[:, :2]
    edging: NDArray[np.bool_] = on_border > MIN_ALONG_BORDER * sides.sum(axis=1)
    edging &= (sides < labels.shape).any(axis=1)
    edging &= max(labels.shape) >= SMALL_PICTURE
    return edging


def keep_components(
    pieces: Components, chosen: NDArray[np.bool_], ink: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """The ink of the chosen pieces, (N,) bool, without all else; (H, W) uint8."""
    is_kept = np.concatenate(([False], chosen))
    return is_kept.take(pieces.labels) * ink


def component_ink(pieces: Components, piece: int, ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The ink of one piece alone, in its box."""
    top, left, bottom, right = pieces.boxes[piece]
    own = pieces.labels[top:bottom, left:right] == piece + 1
    return np.where(own, ink[top:bottom, left:right], 0).astype(np.uint8)


def component_stroke_width(pieces: Components, piece: int, ink: NDArray[np.uint8]) -> float:
    """Mean width of a piece's strokes in pixels."""
    return stroke_width(component_ink(pieces, piece, ink))


def gaps(
    box: NDArray[np.intp], boxes: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Free rows and free columns between a box (4,) and each of the boxes (N, 4)."""
    apart = np.maximum(boxes[:, :2] - box[2:], box[:2] - boxes[:, 2:]).clip(min=0)
    return apart[:, 0], apart[:, 1]
