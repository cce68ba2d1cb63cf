"""Distorts digits as hands, pens, papers and an imperfect normalisation would.

Affine and elastic distortion follow Simard, Steinkraus and Platt, "Best Practices for Convolutional
Neural Networks Applied to Visual Document Analysis" (ICDAR 2003). What they make is put back into
the MNIST format, longest side 20 and centre of mass in the middle, because that is what the network
gets from `mnist_infer`: it need not learn what normalising takes away.
"""

import numpy as np
import numpy.typing as npt

from mnist_infer.imaging.normalize import BOX, CENTRE, SIDE
from train.data import Array
from train.recipes import Distortion

Floats = npt.NDArray[np.float32]

_PIXELS = SIDE * SIDE
_CHUNK = 256  # images; what is computed on the way then stays in the processor's cache
_MARGIN = 8  # paper around an image, so that a sample never falls outside
_VISIBLE = 96  # grey level from which a pixel counts for the box of a distorted digit


def distort(images: Array, rng: np.random.Generator, distortion: Distortion) -> Array:
    """Distort each of the images, uint8 (N, 28, 28), in its own way; the same `rng`, the same way.

    Every image must hold some ink.
    """
    distorted = np.empty_like(images)
    for start in range(0, len(images), _CHUNK):
        chunk = images[start : start + _CHUNK]
        written = _repen(chunk, _draw_normal(rng, len(chunk), distortion.pen).clip(-0.7, 1))
        ink = _warp(written, rng, distortion)
        _break(ink, rng, distortion.broken)
        ink = _retone(ink, _draw_normal(rng, len(chunk), distortion.tone))
        ink *= 255 / ink.max(axis=1, keepdims=True).clip(1)
        _fade(ink, rng, distortion.faint)
        _soil(ink, rng, distortion.soiled)
        distorted[start : start + _CHUNK] = np.rint(ink).clip(0, 255).reshape(-1, SIDE, SIDE)
    return distorted


def _draw_normal(rng: np.random.Generator, count: int, deviation: float) -> Floats:
    return rng.standard_normal(count, np.float32) * np.float32(deviation)


def _draw_uniform(rng: np.random.Generator, count: int, width: float) -> Floats:
    return (2 * rng.random(count, np.float32) - 1) * np.float32(width)


def _pick(rng: np.random.Generator, count: int, share: float) -> npt.NDArray[np.intp]:
    return np.flatnonzero(rng.random(count) < share)


def _repen(images: Array, growth: Floats) -> Array:
    """Grow (above 0) or thin (below 0) the strokes: grey morphology, blended in by its amount."""
    result = images.copy()
    for sign, extreme in ((1, np.maximum), (-1, np.minimum)):
        rows = np.flatnonzero(sign * growth > 0)
        ink = images[rows]
        padded = np.pad(ink, ((0, 0), (1, 1), (1, 1)))
        sideways = extreme(padded[:, 1:-1, :-2], padded[:, 1:-1, 2:])
        upright = extreme(padded[:, :-2, 1:-1], padded[:, 2:, 1:-1])
        far = extreme(extreme(sideways, upright), ink).astype(np.float32)
        amount = np.abs(growth[rows])[:, np.newaxis, np.newaxis]
        result[rows] = ink + amount * (far - ink)
    return result


def _smooth_basis() -> Floats:
    """Return (K, 784): Gaussians of sigma 4 on a grid, scaled to make normal draws unit fields."""
    centres = np.arange(-4, SIDE + 4, 5)
    bumps = np.exp(-((np.arange(SIDE) - centres[:, np.newaxis]) ** 2) / (2 * 4**2))
    bumps /= np.sqrt((bumps**2).sum(axis=0))
    return np.kron(bumps, bumps).astype(np.float32)


_BASIS = _smooth_basis()
_ROW, _COLUMN = np.indices((SIDE, SIDE), np.float32).reshape(2, _PIXELS) - np.float32(CENTRE)
_COARSE = np.arange(_PIXELS).reshape(SIDE, SIDE)[::2, ::2].ravel()


def _warp(images: Array, rng: np.random.Generator, distortion: Distortion) -> Floats:
    """Distort the plane of each image and put the digit back into the MNIST format; (N, 784)."""
    count = len(images)
    inverse = _affine(rng, count, distortion)
    field = rng.standard_normal((2, count, len(_BASIS)), np.float32) @ _BASIS
    field *= np.float32(distortion.elastic)
    neighbours = _neighbours(images)

    # A first look, at every other pixel, finds where the distorted digit lies and how large it is.
    where = _source(inverse, field[:, :, _COARSE], _ROW[_COARSE], _COLUMN[_COARSE])
    coarse = _bilinear(neighbours, *where)
    row, column = _centre_of_mass(coarse)
    zoom = _longest_side(coarse) / BOX * np.exp(_draw_normal(rng, count, distortion.missized))
    shift = rng.standard_normal((2, count, 1), np.float32) * np.float32(distortion.misplaced)
    zoom = zoom[:, np.newaxis].astype(np.float32)
    placed_row = (_ROW - shift[0]) * zoom + row[:, np.newaxis]
    placed_column = (_COLUMN - shift[1]) * zoom + column[:, np.newaxis]
    return _bilinear(neighbours, *_source(inverse, field, placed_row, placed_column))


def _affine(rng: np.random.Generator, count: int, distortion: Distortion) -> Floats:
    """Draw (N, 2, 2): from a place in the distorted image to one in the original."""
    angle = np.deg2rad(_draw_uniform(rng, count, distortion.rotation))
    shear = _draw_uniform(rng, count, distortion.shear)
    tall = 1 + _draw_uniform(rng, count, distortion.scale)
    wide = 1 + _draw_uniform(rng, count, distortion.scale)
    sine, cosine = np.sin(angle), np.cos(angle)
    rows = (cosine / tall, sine / tall, (shear * cosine - sine) / wide)
    return np.stack([*rows, (cosine + shear * sine) / wide], axis=1).reshape(count, 2, 2)


def _source(inverse: Floats, field: Floats, row: Floats, column: Floats) -> tuple[Floats, Floats]:
    """Return where in the original image each place of the distorted one comes from."""
    matrix = inverse[:, :, :, np.newaxis]
    source_row = matrix[:, 0, 0] * row + matrix[:, 0, 1] * column + field[0]
    source_column = matrix[:, 1, 0] * row + matrix[:, 1, 1] * column + field[1]
    return source_row, source_column


_WIDTH = SIDE + 2 * _MARGIN


def _neighbours(images: Array) -> npt.NDArray[np.uint32]:
    """Pack each pixel with those to its right, below, and diagonally below: one look-up for all.

    Bilinear sampling spends its time on look-ups; this makes it three times as fast.
    """
    padded = np.pad(images, ((0, 0), (_MARGIN, _MARGIN + 1), (_MARGIN, _MARGIN + 1)))
    corners = (padded[:, i : i + _WIDTH, j : j + _WIDTH] for i in (0, 1) for j in (0, 1))
    return np.stack(list(corners), axis=-1).view(np.uint32)[..., 0]


def _bilinear(neighbours: npt.NDArray[np.uint32], row: Floats, column: Floats) -> Floats:
    """Sample each image at places (N, P), in pixels from its centre; beyond it there is paper."""
    row = np.clip(row + np.float32(CENTRE + _MARGIN), 0, _WIDTH - 1)
    column = np.clip(column + np.float32(CENTRE + _MARGIN), 0, _WIDTH - 1)
    top, left = row.astype(np.int32), column.astype(np.int32)
    first = np.arange(len(row), dtype=np.int32)[:, np.newaxis] * np.int32(_WIDTH * _WIDTH)
    packed = neighbours.reshape(-1).take(first + top * np.int32(_WIDTH) + left)
    corner = packed.view(np.uint8).reshape(*packed.shape, 4)
    down, right = row - top, column - left
    above = corner[..., 0] + right * (corner[..., 1].astype(np.float32) - corner[..., 0])
    below = corner[..., 2] + right * (corner[..., 3].astype(np.float32) - corner[..., 2])
    return np.asarray(above + down * (below - above), np.float32)


def _centre_of_mass(coarse: Floats) -> tuple[Floats, Floats]:
    mass = coarse.sum(axis=1).clip(1)
    return coarse @ _ROW[_COARSE] / mass, coarse @ _COLUMN[_COARSE] / mass


def _longest_side(coarse: Floats) -> Floats:
    """Return the longer side of each digit's box in pixels, from every other pixel."""
    images = coarse.reshape(-1, SIDE // 2, SIDE // 2)
    sides = []
    for axis in (1, 2):
        line = images.max(axis=axis) >= _VISIBLE
        last = line.shape[1] - line[:, ::-1].argmax(axis=1)
        sides.append(2 * (last - line.argmax(axis=1)))
    # Where a stroke is too faint to be seen here, blowing it up would leave nothing in the frame.
    return np.asarray(np.maximum(*sides).clip(BOX - 6, SIDE), np.float32)


def _break(ink: Floats, rng: np.random.Generator, share: float) -> None:
    """Rub a small round gap into a share of the images."""
    rows = _pick(rng, len(ink), share)
    row, column = rng.normal(0, 5, (2, len(rows), 1)).astype(np.float32)
    radius = rng.uniform(0.8, 1.8, (len(rows), 1)).astype(np.float32)
    ink[rows] *= np.clip(np.hypot(_ROW - row, _COLUMN - column) - radius, 0, 1)


def _retone(ink: Floats, amount: Floats) -> Floats:
    """Harden edges (above 0) or softens them (below 0) against a 3 x 3 binomial blur."""
    padded = np.pad(ink.reshape(-1, SIDE, SIDE), ((0, 0), (1, 1), (1, 1)))
    upright = padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]
    blurred = (upright[..., :-2] + 2 * upright[..., 1:-1] + upright[..., 2:]) / 16
    edges = ink - blurred.reshape(ink.shape)
    return np.asarray(ink + amount.clip(-1, 2)[:, np.newaxis] * edges)


def _fade(ink: Floats, rng: np.random.Generator, share: float) -> None:
    """Let a share of the images grow fainter towards one side, as a dry pen or bad light does."""
    rows = _pick(rng, len(ink), share)
    angle = rng.uniform(0, 2 * np.pi, (len(rows), 1)).astype(np.float32)
    loss = rng.uniform(0, 0.6, (len(rows), 1)).astype(np.float32)
    along = (np.sin(angle) * _ROW + np.cos(angle) * _COLUMN) / BOX
    ink[rows] *= 1 - loss * np.clip(along + 0.5, 0, 1)


def _soil(ink: Floats, rng: np.random.Generator, share: float) -> None:
    """Leave grain of paper behind a share of the digits."""
    rows = _pick(rng, len(ink), share)
    depth = rng.uniform(8, 64, (len(rows), 1)).astype(np.float32)
    grain = depth * rng.random((len(rows), _PIXELS), np.float32)
    ink[rows] = np.maximum(ink[rows], grain)
