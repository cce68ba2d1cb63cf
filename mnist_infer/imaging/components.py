"""Connected components of the foreground: boxes, areas, stroke widths, and gaps between them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cc3d
import numpy as np

from mnist_infer.imaging.filters import borders, ink_bounds, stroke_width
from mnist_infer.imaging.params import DIGITS, FOREGROUND_LEVEL, MAJORITY

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Components:
    """Connected components of the foreground.

    labels: (H, W), 0 = none and i + 1 = component i. boxes: (N, 4) top, left, bottom, right.
    area: (N,) number of pixels. at_border: (N,) whether the picture's border cuts it.
    along_border: (N,) whether it lies along the border.
    """

    labels: NDArray[np.unsignedinteger]
    boxes: NDArray[np.intp]
    area: NDArray[np.intp]
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

    @property
    def main(self) -> int:
        """The number of the largest component that does not lie along the border."""
        return int((self.area * ~self.along_border).argmax())


def find_components(foreground: NDArray[np.uint8]) -> Components:
    """Label the foreground, 8-connected."""
    # uint8: of a boolean picture, cc3d 4.1 now and then labels a pixel of the background.
    mask = (foreground > FOREGROUND_LEVEL).astype(np.uint8)
    # Most of a drawing is background, on which cc3d would spend most of its time.
    rows, columns = ink_bounds(mask)
    part = mask[rows, columns]
    found_labels, count = cc3d.connected_components(part, connectivity=8, return_N=True)
    labels = np.zeros(foreground.shape, found_labels.dtype)
    labels[rows, columns] = found_labels
    found = cc3d.statistics(found_labels, no_slice_conversion=True)
    inclusive = found["bounding_boxes"][1 : count + 1].astype(np.intp)
    top, left = rows.start, columns.start
    boxes = inclusive[:, [0, 2, 1, 3]] + np.array([top, left, top + 1, left + 1])
    area = found["voxel_counts"][1 : count + 1].astype(np.intp)
    at_border = ((boxes[:, :2] == 0) | (boxes[:, 2:] == foreground.shape)).any(axis=1)
    return Components(labels, boxes, area, at_border, _along_border(labels, boxes))


def as_uncut(components: Components, foreground: NDArray[np.uint8]) -> Components:
    """Return the same components as if the picture's border cut none of them.

    A bar along the border, far thicker than the strokes of what else may be a digit, still lies
    along it: the side of an app's window, or of a video. Worth 31 of 400 `window`, with what tells
    such bars from the levels of a bitmap (`binarize_two_levels`).
    """
    none = np.zeros_like(components.at_border)
    return replace(components, at_border=none, along_border=_are_bars(components, foreground))


def _are_bars(components: Components, foreground: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Tell which components along the border are bars beside what else may be a digit; (N,)."""
    bars = np.zeros_like(components.along_border)
    if not components.along_border.any() or components.along_border.all():
        return bars
    main = components.main
    stroke = component_stroke_width(components, main, foreground)
    if components.lengths[main] < DIGITS.min_height * stroke:
        return bars
    for number in np.flatnonzero(components.along_border).tolist():
        width = component_stroke_width(components, number, foreground)
        bars[number] = width > DIGITS.stroke_ratio * stroke
    return bars


def _along_border(
    labels: NDArray[np.unsignedinteger], boxes: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Which components lie along the border, as a page's dark margin does; (N,) bool."""
    on_border = np.bincount(np.concatenate(borders(labels)), minlength=len(boxes) + 1)[1:]
    sides = boxes[:, 2:] - boxes[:, :2]
    # What reaches all four sides is a digit that fills the picture, or a frame along all of them.
    reaches_all = (sides == labels.shape).all(axis=1)
    return np.asarray(on_border > MAJORITY * sides.sum(axis=1) * np.where(reaches_all, 2, 1))


def touching(mask: NDArray[np.bool_], place: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Find the components of a mask, (H, W) bool, that touch a place, (H, W) bool."""
    labels = cc3d.connected_components(mask.astype(np.uint8), connectivity=8)
    is_touching = np.zeros(int(labels.max()) + 1, bool)
    is_touching[labels[place]] = True
    is_touching[0] = False
    found: NDArray[np.bool_] = is_touching[labels]
    return found


def keep_components(
    components: Components, chosen: NDArray[np.bool_], foreground: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Keep the foreground of the chosen components, (N,) bool, and no other; (H, W) uint8."""
    is_kept = np.concatenate(([False], chosen))
    return is_kept.take(components.labels) * foreground


def component_image(
    components: Components, number: int, foreground: NDArray[np.uint8]
) -> NDArray[np.uint8]:
    """Cut out the foreground of one component alone, in its box."""
    top, left, bottom, right = components.boxes[number]
    own = components.labels[top:bottom, left:right] == number + 1
    return np.where(own, foreground[top:bottom, left:right], 0).astype(np.uint8)


def component_stroke_width(
    components: Components, number: int, foreground: NDArray[np.uint8]
) -> float:
    """Measure the mean width of a component's strokes in pixels."""
    return stroke_width(component_image(components, number, foreground))


def bounding_box(boxes: NDArray[np.intp]) -> NDArray[np.intp]:
    """Find the box (4,) around boxes (N, 4): top, left, bottom and right."""
    return np.concatenate((boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)))


def gaps(
    box: NDArray[np.intp], boxes: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Count the free rows and free columns between a box (4,) and each of the boxes (N, 4)."""
    apart = np.maximum(boxes[:, :2] - box[2:], box[:2] - boxes[:, 2:]).clip(min=0)
    return apart[:, 0], apart[:, 1]
