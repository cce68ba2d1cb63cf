"""A reading drawn on its picture: a box around each digit, and around what was not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from mnist_infer.decode.images import ImageSource, decode_picture

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

    from mnist_infer.results import Box, Reading

# Apart in hue and in lightness, so that colour-blind eyes tell them too.
_CERTAIN = (0, 110, 80)
_UNCERTAIN = (225, 110, 0)
_UNREAD = (110, 110, 120)


def annotate(image: ImageSource, reading: Reading) -> PILImage:
    """Draw a copy of a picture, in RGB, with the digits of its reading marked on it.

    Args:
        image: What `Recognizer.read` was given.
        reading: What it answered.

    Raises:
        ImageError: The picture cannot be read.
    """
    picture = Image.fromarray(decode_picture(image).pixels).convert("RGB")
    draw = ImageDraw.Draw(picture, "RGBA")
    for located in reading.digits:
        label = f"{located.digit}{'?' * located.is_uncertain} {located.confidence:.0%}"
        colour = _UNCERTAIN if located.is_uncertain else _CERTAIN
        _mark(draw, located.box, label, colour, picture.size)
    for unread in reading.unread:
        _mark(draw, unread.box, "?", _UNREAD, picture.size)
    return picture


def _mark(
    draw: ImageDraw.ImageDraw,
    box: Box,
    label: str,
    colour: tuple[int, int, int],
    size: tuple[int, int],
) -> None:
    x, y, width, height = box
    line = max(1, round(max(size) / 400))
    text_height = min(max(9, round(height * 0.2)), round(max(size) / 24) + 9)
    font = ImageFont.load_default(text_height)
    draw.rounded_rectangle(
        (x - 2 * line, y - 2 * line, x + width + 2 * line, y + height + 2 * line),
        radius=3 * line,
        outline=colour,
        width=line,
    )
    left, top, right, bottom = draw.textbbox((0, 0), label, font=font)
    tag_width, tag_height = right - left + 4 * line, bottom - top + 4 * line
    tag_x = min(max(0, x - 2 * line), max(0, size[0] - tag_width))
    above = y - 2 * line - tag_height
    tag_y = above if above >= 0 else min(y + height + 2 * line, size[1] - tag_height)
    draw.rounded_rectangle(
        (tag_x, tag_y, tag_x + tag_width, tag_y + tag_height), radius=2 * line, fill=(*colour, 225)
    )
    draw.text((tag_x + 2 * line - left, tag_y + 2 * line - top), label, font=font, fill="white")
