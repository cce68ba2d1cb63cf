"""From a digit's foreground to 28x28, made as MNIST was made.

LeCun et al. (1998) fit each digit into 20x20 pixels, keeping its aspect ratio, and put its
centre of mass at the centre of 28x28. NIST's writers used much the same pens, so MNIST's strokes
are alike in width. People's own pens differ, so the stroke width is normalised too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from mnist_infer.imaging.filters import ink_bounds, pad, stroke_width
from mnist_infer.imaging.params import FOREGROUND_LEVEL

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE = 28
"""Pixels of a side of an MNIST image."""

BOX = 20
"""Pixels of a digit's longer side in it."""

CENTRE = SIDE // 2
"""Row and column, from 0, of the digit's centre of mass."""

MNIST_STROKE = 2.45
"""Pixels: the mean stroke width of MNIST's training set."""

STROKE_RANGE = (1.63, 3.58)
"""Pixels: 5 % of these strokes are thinner than the first, and 5 % wider than the second."""

FINE = 4
"""Working pixels per final pixel while strokes are widened: steps of half a final pixel."""

MAX_STEPS = 6
"""The most steps in either direction: enough to widen a hairline to MNIST's width. Wide strokes
would break if they were thinned further."""


def normalize(digit: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Render one digit as MNIST would hold it: uint8 `(H, W)`, not empty -> uint8 `(28, 28)`."""
    large = _enlarge(digit)
    return _render(large, stroke_width(large), MNIST_STROKE)


def render_variants(digit: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Render one digit for test-time augmentation: uint8 `(H, W)` -> uint8 `(K, 28, 28)`.

    The first variant is `normalize`'s, at MNIST's mean stroke width. Widening thin strokes that far
    may close the gap that tells a 6 from an 8, and thinning fat ones may break them. So if the
    width changes noticeably, a second variant has the original width, clipped to MNIST's range.
    """
    large = _enlarge(digit)
    width = stroke_width(large)
    strokes = [MNIST_STROKE]
    # Changed by less than a step, the digit is the same.
    if abs(_steps(width, MNIST_STROKE)) >= 1:
        strokes.append(min(max(width / FINE, STROKE_RANGE[0]), STROKE_RANGE[1]))
    return np.stack([_render(large, width, stroke) for stroke in strokes])


def _enlarge(digit: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return _fit(_crop(digit), BOX * FINE)


def _render(large: NDArray[np.uint8], width: float, stroke: float) -> NDArray[np.uint8]:
    """Render the 28x28 image of a digit on the fine grid, with another stroke width."""
    return _place(_set_stroke(large, _steps(width, stroke)))


def _place(digit: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Fit a digit into MNIST's frame: 20 pixels of 28, its centre of mass in the middle."""
    drawn = _fit(_crop(digit), BOX)
    drawn = np.rint(drawn * (255 / drawn.max())).astype(np.uint8)
    height, width = drawn.shape
    y, x = _centre_of_mass(drawn)
    # The shift that brings the centre of mass nearest to (14, 14), as far as the frame allows.
    top = min(max(round(CENTRE - y), 0), SIDE - height)
    left = min(max(round(CENTRE - x), 0), SIDE - width)
    image = np.zeros((SIDE, SIDE), np.uint8)
    image[top : top + height, left : left + width] = drawn
    return image


def _steps(width: float, stroke: float) -> float:
    """Steps of `_widen` from a stroke width on the fine grid to another one in final pixels."""
    share = stroke / BOX
    # A step widens stroke and digit by two pixels: (width + 2n) / (side + 2n) = share, for n.
    steps = (share * BOX * FINE - width) / (2 - 2 * share)
    return max(-MAX_STEPS, min(steps, MAX_STEPS))


def _set_stroke(large: NDArray[np.uint8], steps: float) -> NDArray[np.uint8]:
    room = pad(large, MAX_STEPS + 1)
    return _widen(room, steps) if steps > 0 else 255 - _widen(255 - room, -steps)


def _widen(digit: NDArray[np.uint8], steps: float) -> NDArray[np.uint8]:
    """Grey dilation by an octagon: diamond and square in turn; a part step is a blend."""
    whole = int(steps)
    for step in range(whole + 1):
        narrower, tall = digit, digit.copy()
        tall[1:] = np.maximum(tall[1:], digit[:-1])
        tall[:-1] = np.maximum(tall[:-1], digit[1:])
        beside = tall if step % 2 else digit
        digit = tall.copy()
        digit[:, 1:] = np.maximum(digit[:, 1:], beside[:, :-1])
        digit[:, :-1] = np.maximum(digit[:, :-1], beside[:, 1:])
    part = steps - whole
    return (narrower * (1 - part) + digit * part).astype(np.uint8)


def _fit(digit: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Resize so that the longer side is as given, area-averaging when it shrinks."""
    longest = max(digit.shape)
    height, width = (max(1, round(n * side / longest)) for n in digit.shape)
    method = Image.Resampling.BOX if longest >= side else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(digit).resize((width, height), method))


def _crop(digit: NDArray[np.uint8]) -> NDArray[np.uint8]:
    threshold = min(FOREGROUND_LEVEL, int(digit.max()) - 1)
    return digit[ink_bounds(digit > threshold)]


def _centre_of_mass(digit: NDArray[np.uint8]) -> tuple[float, float]:
    total = digit.sum(dtype=np.float64)
    y = digit.sum(axis=1, dtype=np.float64) @ np.arange(digit.shape[0]) / total
    x = digit.sum(axis=0, dtype=np.float64) @ np.arange(digit.shape[1]) / total
    return float(y), float(x)
