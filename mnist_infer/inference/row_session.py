"""One ONNX Runtime session of the row network: uint8 `(32, W)` -> float32 `(T, 11)`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mnist_infer.inference.devices import CPU
from mnist_infer.inference.session import ForkSafe, create_session

_INPUT, _OUTPUT = "row", "log_probabilities"


class RowSession(ForkSafe):
    """The loaded row network, on the CPU. Safe to share between threads."""

    def __init__(self, content: bytes, threads: int = 1) -> None:
        """Load the network.

        Args:
            content: The bytes of the bundled ONNX file.
            threads: Threads for one call; 0 lets ONNX Runtime choose.
        """
        super().__init__(create_session(content, threads, [CPU]))

    def run(self, row: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Read one row.

        Args:
            row: uint8 `(32, W)`, as `mnist_infer.imaging.row_image` makes it.

        Returns:
            float32 `(W / 4, 11)`: for each step the natural logarithms of the probabilities of
            CTC's blank and of the ten digits.
        """
        steps: NDArray[np.float32] = self._session.run([_OUTPUT], {_INPUT: row[None]})[0][0]
        return steps
