"""One ONNX Runtime session of a network that is asked beside the digit network."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mnist_infer.inference.devices import CPU
from mnist_infer.inference.fork_safety import ForkSafe
from mnist_infer.inference.open_session import create_session

_MOST_AT_ONCE = 256
"""More images than this go through the network in several calls, which bounds its memory."""


class ReadingSession(ForkSafe):
    """The row network or the cell network, on the CPU. Safe to share between threads."""

    def __init__(self, content: bytes, threads: int) -> None:
        """Load the network.

        Args:
            content: The bytes of the bundled ONNX file.
            threads: Threads for one call; 0: all processors.
        """
        super().__init__(create_session(content, threads, [CPU]))
        self._input = self._session.get_inputs()[0].name

    def run(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Run the network on images of one size.

        Args:
            images: uint8 `(N, H, W)`: rows as `mnist_infer.imaging.row_image` makes them, or cells
                as `mnist_infer.imaging.cell_image` does.

        Returns:
            Natural logarithms of probabilities, float32: of a row `(N, W / 4, 11)`, for each step
            of CTC's blank and the ten digits; of a cell `(N, 11)`, of the ten digits and of what is
            no digit.
        """
        parts = [
            self._session.run(None, {self._input: images[start : start + _MOST_AT_ONCE]})[0]
            for start in range(0, len(images), _MOST_AT_ONCE)
        ]
        return np.concatenate(parts)
