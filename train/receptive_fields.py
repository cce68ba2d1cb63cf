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


def receptive_fields(units: int, side: int | None, seed: int) -> Floats:
    """Draw a mask of the kernel, (784, units): 1 where a unit sees the pixel, 0 elsewhere.

    `side` is that of the squares, in pixels; None: a unit sees all, but for the outermost pixels.
    Those no unit sees. Few digits have ink there, one in a hundred, so that training would leave
    their weights to chance; a picture that is no digit and fills the image would activate them all.
    """
    inner = SIDE - 2 * _RIM
    side = side or inner
    corners = np.random.default_rng(seed).integers(0, inner - side, (2, units, 1), endpoint=True)
    pixels = np.arange(SIDE) - _RIM
    rows, columns = (corners <= pixels) & (pixels < corners + side)
    mask: npt.NDArray[np.bool_] = rows.T[:, None] & columns.T[None]
    return mask.reshape(-1, units).astype(np.float32)


def mask_kernel(first_layer: Any, mask: Floats) -> None:
    """Keep the kernel of `first_layer` zero where `mask` is 0, while the network is fitted."""
    first_layer.kernel.assign(first_layer.kernel * mask)
    first_layer.kernel.constraint = lambda kernel: kernel * mask
