"""The MNIST format: an image that is in it passes to the network bit-identical.

Of MNIST's 60,000 training images every one has its brightest pixel at 254 or 255, its centre of
mass between 13.48 and 14.50 in both directions, a longest side of 20 pixels (19 in 13 of them), and
strokes of at least 1.16 pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mnist_infer.imaging.normalize import BOX, CENTRE, SIDE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mnist_infer.results import Box

MIN_STROKE = 1.08
"""Pixels, just below the thinnest strokes of all 70,000 images (1.09, a test image)."""

MAX_OFF_CENTRE = 0.6
"""Pixels between the centre of mass and the image's: just beyond all in MNIST."""

_PIXELS = SIDE * SIDE
# Times the pixels of a 28x28 image: their sum, and their sums times y and times x, all exact.
_MOMENTS = np.stack(
    [np.ones(_PIXELS), np.repeat(np.arange(SIDE), SIDE), np.tile(np.arange(SIDE), SIDE)]
).astype(np.float32)


def to_mnist_format(
    pixels: NDArray[np.uint8],
) -> tuple[NDArray[np.uint8], Box] | None:
    """Return a picture, or its negative, with its digit's box, if it is in the MNIST format."""
    if pixels.shape != (SIDE, SIDE):
        return None
    image = pixels
    if box := mnist_box(image) or mnist_box(image := 255 - image):
        return image, box
    return None


def to_mnist_format_batch(
    images: NDArray[np.uint8],
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Do as `to_mnist_format` does, for many images at once.

    Args:
        images: uint8 `(N, 28, 28)`.

    Returns:
        What the digit network sees; and bool `(N,)`, whether it is in the MNIST format.
    """
    are_ready = are_mnist_format(images)
    if are_ready.all():
        return images, are_ready
    seen, others = images.copy(), np.flatnonzero(~are_ready)
    seen[others] = 255 - images[others]
    are_ready[others] = are_mnist_format(seen[others])
    return seen, are_ready


def mnist_box(image: NDArray[np.uint8]) -> Box | None:
    """Find the digit on an image in the MNIST format; None for any other image.

    Args:
        image: uint8 `(H, W)`. In the format it is 28x28, white on black, and its digit sized,
            centred and drawn as MNIST's are.
    """
    rows = image.tobytes()
    if image.shape != (SIDE, SIDE) or (b"\xff" not in rows and b"\xfe" not in rows):
        return None
    top, bottom = _run_of_ink(rows)
    left, right = _run_of_ink(image.T.tobytes())
    if max(bottom - top, right - left) not in (BOX - 1, BOX):
        return None
    line = np.frombuffer(rows + rows[: SIDE + 1], np.uint8).astype(np.float32)
    total, y, x = _MOMENTS.dot(line[:_PIXELS]).tolist()
    if max(abs(y - CENTRE * total), abs(x - CENTRE * total)) >= MAX_OFF_CENTRE * total:
        return None
    if 2 * total < MIN_STROKE * float(_outline(line)):
        return None
    return left, top, right - left, bottom - top


def are_mnist_format(images: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Tell for many images at once which `mnist_box` would accept.

    Args:
        images: uint8 `(N, 28, 28)`.

    Returns:
        bool `(N,)`.
    """
    pixels = images.reshape(-1, _PIXELS)
    lines = np.concatenate([pixels, pixels[:, : SIDE + 1]], axis=1, dtype=np.float32)
    total, y, x = _MOMENTS @ lines[:, :_PIXELS].T
    off_centre = np.maximum(np.abs(y - CENTRE * total), np.abs(x - CENTRE * total))
    height, width = (_length_of_ink(np.bitwise_or.reduce(images, axis=axis)) for axis in (2, 1))
    longest = np.maximum(height, width)
    is_form: NDArray[np.bool_] = (
        (pixels.max(axis=1) >= 254)
        & ((longest == BOX - 1) | (longest == BOX))
        & (off_centre < MAX_OFF_CENTRE * total)
        & (2 * total >= MIN_STROKE * _outline(lines))
    )
    return is_form


def _run_of_ink(lines: bytes) -> tuple[int, int]:
    """Find the first line of 28 pixels with ink, and one past the last; there must be some ink."""
    return (len(lines) - len(lines.lstrip(b"\0"))) // SIDE, -(-len(lines.rstrip(b"\0")) // SIDE)


def _length_of_ink(lines: NDArray[np.uint8]) -> NDArray[np.int_]:
    """Count the lines from the first with ink to the last: `(N, 28)` -> `(N,)`, 0 without ink."""
    has_ink = lines > 0
    length: NDArray[np.int_] = SIDE - has_ink.argmax(axis=1) - has_ink[:, ::-1].argmax(axis=1)
    return length


def _outline(lines: NDArray[np.float32]) -> NDArray[np.float32]:
    """Measure the outlines' lengths as `stroke_width` does: float32 `(..., 813)` -> `(...)`.

    Each image is one line of pixels, with its first 29 repeated at the end. The digit leaves rows
    and columns empty, so going around the ends takes the same steps as crossing an empty rim.
    """
    here = lines[..., :_PIXELS]
    steps, across = lines[..., SIDE:-1] - here, lines[..., 1 : _PIXELS + 1] - here
    steps *= steps
    across *= across
    steps += across
    # The product with ones is their sum, by code that the moments have just run.
    length: NDArray[np.float32] = np.sqrt(steps, out=steps).dot(_MOMENTS[0])
    return length
