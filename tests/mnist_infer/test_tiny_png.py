"""Which PNGs are decoded without a worker process: those whose cost their size alone bounds."""

from __future__ import annotations

import os
import sys
import zlib

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from mnist_infer import ImageError
from mnist_infer.decode.images import decode_picture
from mnist_infer.decode.isolated import IsolatedDecoder
from mnist_infer.decode.tiny_png import is_tiny_png
from tests.bombs import chunk
from tests.pictures import drawn, encoded
from tests.processes import descendants

SMALL = encoded(Image.fromarray(drawn(7, 28)))
END = SMALL[-12:]
ROTATED = Image.Exif()
ROTATED[0x0112] = 3


def with_text() -> bytes:
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "a", zip=True)
    return encoded(Image.fromarray(drawn(7, 28)), pnginfo=text)


@pytest.mark.parametrize(
    "image",
    [Image.fromarray(drawn(7, size)) for size in (28, 64)]
    + [Image.new(mode, (28, 28)) for mode in ("1", "P", "LA", "RGB", "RGBA", "I;16")],
    ids=lambda image: f"{image.mode} {image.width}",
)
def test_small_pictures_of_pixels_alone_are_tiny(image: Image.Image):
    content = encoded(image)
    assert is_tiny_png(content)
    assert decode_picture(content).size == image.size


@pytest.mark.parametrize(
    "content",
    {
        "nothing": b"",
        "only a signature": SMALL[:16],
        "a header of no pixels": SMALL[:33],
        "cut short": SMALL[:-1],
        "more behind its end": SMALL + b"a",
        "65 pixels wide": encoded(Image.new("L", (65, 1))),
        "65 pixels high": encoded(Image.new("L", (1, 65))),
        "compressed text": with_text(),
        "a colour profile": encoded(Image.new("L", (28, 28)), icc_profile=b"profile"),
        "Exif": encoded(Image.new("L", (28, 28)), exif=ROTATED),
        "many chunks": SMALL[:-12] + chunk(b"IDAT") * 20 + END,
        "many bytes": SMALL[:-12] + chunk(b"IDAT", bytes(2**14)) + END,
        "an animation": encoded(
            Image.new("L", (28, 28)), save_all=True, append_images=[Image.new("L", (28, 28), 9)]
        ),
        "another format": encoded(Image.new("L", (28, 28)), "GIF"),
    }.items(),
    ids=lambda item: item[0],
)
def test_all_else_is_not(content: tuple[str, bytes]):
    assert not is_tiny_png(content[1])


def test_what_lies_behind_the_last_pixel_is_never_unpacked():
    def picture(rows: int) -> bytes:
        packer = zlib.compressobj()
        pixels = packer.compress(bytes(29 * rows)) + packer.flush(zlib.Z_SYNC_FLUSH)
        return SMALL[:33] + chunk(b"IDAT", pixels + b"\xff" * 1000) + END

    assert is_tiny_png(picture(40))
    assert decode_picture(picture(40)).size == (28, 28)
    with pytest.raises(ImageError):
        decode_picture(picture(27))


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's /proc")
def test_a_tiny_picture_starts_no_process():
    decoder = IsolatedDecoder(max_pixels=1000)
    before = descendants(os.getpid())
    np.testing.assert_array_equal(decoder.decode(SMALL).pixels, drawn(7, 28))
    assert descendants(os.getpid()) == before
