"""From ink to 28x28, made as MNIST was made.

LeCun et al. (1998) fit each digit into 20x20 pixels, keeping its aspect ratio, and put its
centre of mass at the centre of 28x28. NIST's writers used much the same pens, so that strokes
there are alike in width; people's own pens are not, and so the width is brought in line too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from mnist_infer.filters import framed, stroke_width

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 28
BOX = 20
CENTRE = SIDE // 2
# Strokes of MNIST's training set: mean width 2.45 pixels (5 % below 1.63, 95 % below 3.58).
MNIST_STROKE = 2.45
# Working pixels per final pixel while strokes are widened: steps of half a final pixel.
FINE = 4
# Enough to widen a hairline to MNIST's; a felt pen thinned further would break.
MOST_STEPS = 6
# Where a soft edge counts as ink.
EDGE = 64
# Just below the thinnest strokes in MNIST (1.09 pixels).
THINNEST = 1.08
# Between these is the centre of mass of every image in MNIST.
_LOW, _HIGH = 13.4, 14.6
# Times the pixels of a 28x28 image: their sum, and their sums times y and times x, all exact.
_MOMENTS = np.stack(
    [np.ones(SIDE * SIDE), np.repeat(np.arange(SIDE), SIDE), np.tile(np.arange(SIDE), SIDE)]
).astype(np.float32)


def is_mnist_form(image: NDArray[np.uint8]) -> bool:
    """Whether a 28x28 image is white on black, sized, centred and drawn as MNIST's are.

    Of MNIST's 60,000 training images every one has its brightest pixel at 254 or 255, its
    centre of mass between 13.48 and 14.50 in both directions, a longest side of 20 pixels (19
    in 13 of them), and strokes of at least 1.16 pixels.
    """
    return mnist_box(image) is not None


def mnist_box(image: NDArray[np.uint8]) -> tuple[int, int, int, int] | None:
    """x, y, width and height of the digit on an image in MNIST's form; None in any other form."""
    # Half the time of a prediction went here: bytes and one product are quicker than reductions.
    rows = image.tobytes()
    if image.shape != (SIDE, SIDE) or (b"\xff" not in rows and b"\xfe" not in rows):
        return None
    top, bottom = _run_of_ink(rows)
    left, right = _run_of_ink(image.T.tobytes())
    if max(bottom - top, right - left) not in (BOX - 1, BOX):
        return None
    # With rows and columns to spare, a way round the picture meets the same steps as one over a
    # rim: so the picture can be one long line, its start behind its end.
    line = np.frombuffer(rows + rows[: SIDE + 1], np.uint8).astype(np.float32)
    shade = line[: SIDE * SIDE]
    total, y, x = (_MOMENTS @ shade).tolist()
    if not (_LOW * total < y < _HIGH * total and _LOW * total < x < _HIGH * total):
        return None
    steps, across = line[SIDE:-1] - shade, line[1 : len(shade) + 1] - shade
    steps *= steps
    across *= across
    steps += across
    outline = float(np.add.reduce(np.sqrt(steps, out=steps)))
    if 2 * total < THINNEST * outline:
        return None
    return left, top, right - left, bottom - top


def _run_of_ink(lines: bytes) -> tuple[int, int]:
    """Of lines of 28 pixels, not all of them 0: the first with ink, and one beyond the last."""
    return (len(lines) - len(lines.lstrip(b"\0"))) // SIDE, -(-len(lines.rstrip(b"\0")) // SIDE)


def normalize(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """One digit's ink as MNIST would hold it: (H, W) uint8 -> (28, 28) uint8.

    The ink must not be empty.
    """
    drawn = _fit(_crop(_set_stroke(_crop(ink))), BOX)
    drawn = np.rint(drawn * (255 / drawn.max())).astype(np.uint8)
    height, width = drawn.shape
    y, x = _centre_of_mass(drawn)
    # The shift that brings the centre of mass nearest to (14, 14), as far as the frame allows.
    top = min(max(round(CENTRE - y), 0), SIDE - height)
    left = min(max(round(CENTRE - x), 0), SIDE - width)
    image = np.zeros((SIDE, SIDE), np.uint8)
    image[top : top + height, left : left + width] = drawn
    return image


def _set_stroke(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The digit with strokes as wide, against its size, as MNIST's; on a finer grid."""
    large = _fit(ink, BOX * FINE)
    share = MNIST_STROKE / BOX
    # A step widens stroke and digit by two pixels: (stroke + 2n) / (side + 2n) = share, for n.
    steps = (share * BOX * FINE - stroke_width(large)) / (2 - 2 * share)
    steps = max(-MOST_STEPS, min(steps, MOST_STEPS))
    room = framed(large, MOST_STEPS + 1)
    return _widen(room, steps) if steps > 0 else 255 - _widen(255 - room, -steps)


def _widen(ink: NDArray[np.uint8], steps: float) -> NDArray[np.uint8]:
    """Grey dilation by an octagon: diamond and square in turn; a part step is a blend."""
    whole = int(steps)
    for step in range(whole + 1):
        narrower, tall = ink, ink.copy()
        tall[1:] = np.maximum(tall[1:], ink[:-1])
        tall[:-1] = np.maximum(tall[:-1], ink[1:])
        beside = tall if step % 2 else ink
        ink = tall.copy()
        ink[:, 1:] = np.maximum(ink[:, 1:], beside[:, :-1])
        ink[:, :-1] = np.maximum(ink[:, :-1], beside[:, 1:])
    part = steps - whole
    return (narrower * (1 - part) + ink * part).astype(np.uint8)


def _fit(ink: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Resize so that the longer side is as given, area-averaging when it shrinks."""
    longest = max(ink.shape)
    height, width = (max(1, round(n * side / longest)) for n in ink.shape)
    method = Image.Resampling.BOX if longest >= side else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(ink).resize((width, height), method))


def _bounds(ink: NDArray[np.uint8], threshold: int) -> tuple[int, int, int, int]:
    """Box around the ink above the threshold: top, left, bottom, right."""
    rows = np.flatnonzero(ink.max(axis=1) > threshold)
    columns = np.flatnonzero(ink.max(axis=0) > threshold)
    return int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1


def _crop(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    top, left, bottom, right = _bounds(ink, min(EDGE, int(ink.max()) - 1))
    return ink[top:bottom, left:right]


def _centre_of_mass(ink: NDArray[np.uint8]) -> tuple[float, float]:
    total = ink.sum(dtype=np.float64)
    y = ink.sum(axis=1, dtype=np.float64) @ np.arange(ink.shape[0]) / total
    x = ink.sum(axis=0, dtype=np.float64) @ np.arange(ink.shape[1]) / total
    return float(y), float(x)
