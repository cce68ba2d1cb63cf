"""The networks that read a picture together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Network: TypeAlias = Callable[[NDArray[np.uint8]], NDArray[np.float32]]

NO_DIGIT = 10
"""The cell network's class for anything but a digit; the classes before it are the digits."""


@dataclass(frozen=True)
class Networks:
    """The networks that read a picture together, each as a function of its images."""

    classify: Network
    """The digit network: uint8 `(N, 28, 28)` -> float32 `(N, 10)` probabilities."""

    read_row: Network
    """The row network: uint8 `(32, W)` as `row_image` makes it -> float32 `(W / 4, 11)`
    log-probabilities, for each step of CTC's blank and the digits."""

    classify_cells: Network
    """The cell network: uint8 `(N, 32, 32)` as `cell_image` makes them -> float32 `(N, 11)`
    log-probabilities."""
