"""Local receptive fields for the first layer of a dense network.

Each unit sees one square of the image, as in a locally connected layer (LeCun, "Generalization and
Network Design Strategies", 1989), and its weights for all other pixels stay zero. The network that
comes out is an ordinary dense one.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from mnist_infer.imaging.normalize import SIDE

Floats = npt.NDArray[np.float32]

_RIM = 1


def windows(units: int, side: int | None, seed: int) -> Floats:
    """Draws where each unit sees: 1 there and 0 elsewhere, (784, units).

    `side` is that of the squares, in pixels; None: a unit sees all, but for the outermost pixels.
    Those no unit sees: one digit in a hundred reaches there, with the end of a tail, so that
    training leaves their weights to chance; but whatever is no digit and fills the image makes all
    of them speak.
    """
    inner = SIDE - 2 * _RIM
    side = side or inner
    corners = np.random.default_rng(seed).integers(0, inner - side, (2, units, 1), endpoint=True)
    pixels = np.arange(SIDE) - _RIM
    rows, columns = (corners <= pixels) & (pixels < corners + side)
    seen: npt.NDArray[np.bool_] = rows.T[:, None] & columns.T[None]
    return seen.reshape(-1, units).astype(np.float32)


def look_through(first_layer: Any, seen: Floats) -> None:
    """Makes `first_layer` of a network see through the windows `seen` only, while it is fitted."""
    first_layer.kernel.assign(first_layer.kernel * seen)
    first_layer.kernel.constraint = lambda kernel: kernel * seen
