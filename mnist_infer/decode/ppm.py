"""PGM and PPM whose largest value is not 255: Pillow scales these value by value in Python."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFile

CODEC = "mnist_infer_ppm"


class PpmDecoder(ImageFile.PyDecoder):
    """Decodes what Pillow's own "ppm" decoder does, to the same values."""

    _pulls_fd = True

    def decode(self, buffer: object) -> tuple[int, int]:
        """Read and scale all values at once."""
        largest = self.args[-1]
        kind = np.dtype("u1" if largest < 256 else ">u2")
        is_wide = self.mode == "I"
        count = self.state.xsize * self.state.ysize * Image.getmodebands(self.mode)
        content = self.fd.read(count * kind.itemsize)  # type: ignore[union-attr]
        top = 65_535 if is_wide else 255
        scale = np.rint(np.arange(2 ** (8 * kind.itemsize)) / largest * top).clip(max=top)
        table = scale.astype("i4" if is_wide else "u1")
        values = np.frombuffer(content, kind, len(content) // kind.itemsize)
        self.set_as_raw(table[values].tobytes(), "I;32" if is_wide else self.mode)
        return -1, 0


Image.register_decoder(CODEC, PpmDecoder)
