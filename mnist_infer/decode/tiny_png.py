"""Tell the PNGs that are so small and plain that decoding them needs no limits from outside."""

from __future__ import annotations

import struct

_START = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
_MAX_BYTES = 2**14
_MAX_SIDE = 64
_MAX_CHUNKS = 16
_HEADER_BYTES = 33
_CHUNK_OVERHEAD = 12
_PLAIN_CHUNKS = frozenset({b"PLTE", b"tRNS", b"gAMA", b"sRGB", b"sBIT", b"pHYs", b"IDAT", b"IEND"})
"""Pixels, their colours, and a few numbers: nothing compressed but the pixels themselves."""


def is_tiny_png(content: bytes) -> bool:
    """Tell whether this is a PNG of at most 16 KiB and 64x64 pixels, without text, profile or Exif.

    Its decoder stops at the last pixel, so it takes less than a millisecond and 64 KiB, whatever
    the bytes are.
    """
    if not _HEADER_BYTES <= len(content) <= _MAX_BYTES or not content.startswith(_START):
        return False
    if max(struct.unpack_from(">II", content, len(_START))) > _MAX_SIDE:
        return False
    place = _HEADER_BYTES
    for _ in range(_MAX_CHUNKS):
        if content[place + 4 : place + 8] not in _PLAIN_CHUNKS:
            return False
        place += int.from_bytes(content[place : place + 4], "big") + _CHUNK_OVERHEAD
        if place >= len(content):
            return place == len(content)
    return False
