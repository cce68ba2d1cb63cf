"""Pictures of few bytes that cost whoever decodes them carelessly much memory or time.

`BOMBS` names them; each is made when it is called.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
from PIL import Image

from tests.pictures import drawn, encoded

SEVEN = Image.fromarray(drawn(7))


def png(*chunks: tuple[str, bytes]) -> bytes:
    """A PNG of these chunks and the one that ends it."""
    parts = (chunk(name.encode(), content) for name, content in (*chunks, ("IEND", b"")))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def chunk(kind: bytes, content: bytes = b"") -> bytes:
    """A chunk of a PNG, with its length and checksum."""
    checked = kind + content
    return struct.pack(">I", len(content)) + checked + struct.pack(">I", zlib.crc32(checked))


def png_bomb() -> bytes:
    """60,000 x 60,000 pixels in some 450 kB."""
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(7501 * 100)) for _ in range(600)) + packer.flush()
    return png(("IHDR", struct.pack(">2I5B", 60_000, 60_000, 1, 0, 0, 0, 0)), ("IDAT", rows))


def icon_bomb() -> bytes:
    """An icon of 32 x 32, it says, with 12,000 x 12,000 pixels inside."""
    rows = zlib.compress(bytes(12_001 * 12_000), 1)
    inner = png(("IHDR", struct.pack(">2I5B", 12_000, 12_000, 8, 0, 0, 0, 0)), ("IDAT", rows))
    entry = struct.pack("<4B2H2I", 32, 32, 0, 0, 1, 8, len(inner), 22)
    return struct.pack("<3H", 0, 1, 1) + entry + inner


def gif_bomb() -> bytes:
    """A canvas of 65,535 x 65,535 for a picture of one pixel."""
    content = bytearray(encoded(Image.new("L", (1, 1)), "GIF"))
    content[6:10] = b"\xff" * 4
    return bytes(content)


def comment_bomb() -> bytes:
    """A comment of 12 MB, which Pillow would put together in quadratic time."""
    content = encoded(SEVEN, "GIF")
    table = 13 + 3 * 2 ** ((content[10] & 7) + 1)
    comment = b"\x21\xfe" + (b"\xff" + b"c" * 255) * 50_000 + b"\0"
    return content[:table] + comment + content[table:]


def scan_bomb() -> bytes:
    """A progressive JPEG whose last scan comes 2,000 times."""
    content = encoded(Image.new("L", (7000, 7000), 255), "JPEG", progressive=True)
    return content[:-2] + content[content.rindex(b"\xff\xda") : -2] * 2000 + b"\xff\xd9"


def baseline_scan_bomb() -> bytes:
    """A JPEG that is not progressive, of three components in thousands of empty scans."""
    content = bytearray(encoded(Image.new("RGB", (16, 16), "white"), "JPEG", subsampling=0))
    frame = content.index(b"\xff\xc0")
    content[frame + 5 : frame + 9] = struct.pack(">2H", 5000, 5000)
    scans = [
        b"\xff\xda\0\x08\1" + bytes([component, table]) + b"\0\x3f\0\0"
        for component, table in ((1, 0), (2, 0x11), (3, 0x11))
    ]
    head = bytes(content[: content.index(b"\xff\xda")])
    return head + b"".join(scans) + scans[0] * 25_000 + b"\xff\xd9"


def tile_bomb() -> bytes:
    """A TIFF of 100 x 100 pixels in one tile of 32,000 x 32,000."""
    packer = zlib.compressobj(9)
    rows = b"\xff" * 32_000 * 100
    data = b"".join(packer.compress(rows) for _ in range(320)) + packer.flush()
    tags = [(256, 4, 100), (257, 4, 100), (258, 3, 8), (259, 3, 8), (262, 3, 1), (277, 3, 1)]
    tags += [(322, 4, 32_000), (323, 4, 32_000), (324, 4, 200), (325, 4, len(data))]
    return tiff(tags) + data


def tiff(tags: list[tuple[int, int, int]]) -> bytes:
    """A TIFF's header and only directory, in 200 bytes, of tags, their types and values."""
    header = b"II*\0" + struct.pack("<IH", 8, len(tags))
    body = b"".join(struct.pack("<2H2I", tag, kind, 1, value) for tag, kind, value in tags)
    return (header + body + bytes(4)).ljust(200, b"\0")


def page_bomb() -> bytes:
    """A TIFF of 1,000 pages whose directories, of 16,384 tags each, overlap."""
    tags, pages = 16_384, 1000
    page = [(256, 100), (257, 100), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, 100)]
    page.append((279, 10_000))
    content = struct.pack("<2sHIIH", b"II", 42, 12, 0, tags)
    for place in range(tags + pages + 1):
        number = place - tags
        if 0 <= number < pages:
            following = 12 + 12 * (number + 1) if number < pages - 1 else 0
            content += struct.pack("<I2HI", following, 1, 0, tags)
        else:
            tag, value = page[place % 9]
            content += struct.pack("<2HI2H", tag, 3, 1, value, tags)
    return content + b"\xff" * 10_000


def hidden_icon_bomb() -> bytes:
    """An icon with a PNG whose first chunk, which is not its header, says 16 x 16."""
    rows = zlib.compress(bytes(12_001 * 12_000), 1)
    header = struct.pack(">2I5B", 12_000, 12_000, 8, 0, 0, 0, 0)
    inner = png(("aaAa", struct.pack(">2I", 16, 16)), ("IHDR", header), ("IDAT", rows))
    return (
        struct.pack("<3H", 0, 1, 1)
        + struct.pack("<4B2H2I", 0, 0, 0, 0, 1, 8, len(inner), 22)
        + inner
    )


def text_comment_bomb() -> bytes:
    """A PGM in words with half a million comments among them."""
    return b"P2 100 100 255\n" + b"#\n" * 520_000


def tag_bomb() -> bytes:
    """A TIFF of one column in 3,000,000 strips."""
    count = 3_000_000
    tags = [(256, 4, 1, 1), (257, 4, 1, count), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
    tags += [(273, 4, count, 200), (277, 3, 1, 1), (278, 4, 1, 1), (279, 4, count, 200)]
    header = b"II*\0" + struct.pack("<IH", 8, len(tags))
    header += b"".join(struct.pack("<2H2I", *tag) for tag in tags) + bytes(4)
    return header.ljust(200, b"\0") + np.full(count, 200, "<u4").tobytes()


def profile_bomb() -> bytes:
    """200 MB of text in a PNG."""
    text = png(("zTXt", b"a\0\0" + zlib.compress(bytes(200_000_000), 1)))
    whole = encoded(SEVEN)
    return whole[:33] + text[8:-12] + whole[33:]


BOMBS = {
    "png": png_bomb,
    "icon": icon_bomb,
    "gif": gif_bomb,
    "comment": comment_bomb,
    "scan": scan_bomb,
    "baseline_scan": baseline_scan_bomb,
    "tile": tile_bomb,
    "page": page_bomb,
    "hidden_icon": hidden_icon_bomb,
    "text_comment": text_comment_bomb,
    "tag": tag_bomb,
    "profile": profile_bomb,
}
