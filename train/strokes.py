"""Draws vector strokes straight into the MNIST format, many at once."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mnist_infer.imaging.normalize import BOX, CENTRE, SIDE
from train.data import Array

Point = tuple[float, float]
Stroke = tuple[Point, ...]
Floats = npt.NDArray[np.float32]

_PER_UNIT = 30  # points along a stroke of length 1, which is 20 pixels at most
_CHUNK = 64  # drawings; their distances to every pixel then stay in the processor's cache

_PIXELS = np.indices((SIDE, SIDE), np.float32)[::-1].reshape(2, -1)


def write(extremes: Sequence[Sequence[Stroke]], count: int, rng: np.random.Generator) -> Array:
    """Write a sign `count` times, each by another hand and pen; uint8 (N, 28, 28).

    Hands lie between the extremes, which share the number of their strokes and of their points.
    """
    mix = rng.dirichlet(np.full(len(extremes), 0.6), count).astype(np.float32)
    strokes = [
        np.tensordot(mix, np.array(forms, np.float32), axes=1)
        for forms in zip(*extremes, strict=True)
    ]
    moved = _jitter(strokes, rng)
    curves = [spline(stroke) @ points for stroke, points in zip(extremes[0], moved, strict=True)]
    return draw(np.concatenate(curves, axis=1), draw_pens(count, rng))


def draw_pens(count: int, rng: np.random.Generator) -> Floats:
    """Pick pens, from thin to fat: widths in pixels of the MNIST format."""
    return rng.uniform(1.4, 3.4, count).astype(np.float32)


def spline(stroke: Stroke) -> Floats:
    """Return (S, K): what each of K control points weighs in S points of a smooth curve.

    The curve is a Catmull-Rom spline through the control points (Catmull and Rom, 1974).
    """
    knots = np.array(stroke)
    lengths = np.hypot(*np.diff(knots, axis=0).T)
    rows = []
    for piece, length in enumerate(lengths):
        t = np.linspace(0, 1, max(2, round(length * _PER_UNIT)), endpoint=False)
        weights = np.zeros((len(t), len(knots) + 2))
        weights[:, piece : piece + 4] = 0.5 * np.stack(
            [-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2],
            axis=1,
        )
        rows.append(weights)
    padded = np.concatenate([*rows, np.eye(len(knots) + 2)[-2:-1]])
    # A curve ends where its first and last points do: each counts twice.
    padded[:, 1] += padded[:, 0]
    padded[:, -2] += padded[:, -1]
    return padded[:, 1:-1].astype(np.float32)


def _jitter(strokes: Sequence[Floats], rng: np.random.Generator) -> list[Floats]:
    """Move each stroke's control points (N, K, 2) a little, slant and stretch the whole."""
    count = len(strokes[0])
    lean = rng.normal(0.05, 0.2, (count, 1))
    width = np.exp(rng.normal(0, 0.15, (count, 1)))
    moved = []
    for points in strokes:
        x, y = np.moveaxis(points + rng.normal(0, 0.025, points.shape), -1, 0)
        moved.append(np.stack([width * x - lean * y, y], axis=-1).astype(np.float32))
    return moved


def draw(curves: Floats, pens: Floats) -> Array:
    """Draw curves (N, S, 2), x and y, with pens (N,) that many pixels wide; uint8 (N, 28, 28).

    The drawing fills a box of 20 pixels and has its centre of mass in the middle.
    """
    low, high = curves.min(axis=1), curves.max(axis=1)
    scale = (BOX - pens) / (high - low).max(axis=1).clip(1e-3)
    curves = (curves - curves.mean(axis=1, keepdims=True)) * scale[:, np.newaxis, np.newaxis]
    # A long tail reaches beyond the frame where the mass lies far from the middle of the box.
    reach = CENTRE - pens[:, np.newaxis] / 2
    curves += np.maximum(0, -reach - curves.min(axis=1))[:, np.newaxis]
    curves -= np.maximum(0, curves.max(axis=1) - (reach - 1))[:, np.newaxis]
    images = np.empty((len(curves), SIDE, SIDE), np.uint8)
    for start in range(0, len(curves), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        ink = (pens[chunk, np.newaxis] + 1) / 2 - _distances(curves[chunk] + np.float32(CENTRE))
        images[chunk] = np.rint(255 * ink.clip(0, 1)).reshape(-1, SIDE, SIDE)
    return images


def _distances(curves: Floats) -> Floats:
    """Return (N, 784): how far each pixel is from the nearest point of its curve."""
    squared = curves @ (-2 * _PIXELS)
    squared += (curves**2).sum(axis=2)[:, :, np.newaxis]
    nearest = squared.min(axis=1) + (_PIXELS**2).sum(axis=0)
    return np.asarray(np.sqrt(nearest.clip(0)))
