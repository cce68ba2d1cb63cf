"""Generated pictures of one digit.

Each kind of picture has its own random numbers, so that a kind stays the same whatever other kinds
are added.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from benchmarks.generated import corruptions

BITMAP_SIDES = (16, 20, 24, 32, 48, 64, 96)
# Added to each side of a stroke, as a part of the digit's longer side; MNIST's strokes are 0.12.
FAT, THIN = 0.04, -0.02
# Pixels of the longer side on which strokes are widened.
FINE = 160

Picture = NDArray[np.uint8]
Draw = Callable[[Picture, np.random.Generator], Picture]


def pictures(
    kind: str, images: Picture, labels: Picture, count: int, seed: int = 0
) -> Iterator[tuple[Picture, int | None]]:
    """Pictures of one kind with their labels; the label of a picture without a digit is None.

    Args:
        kind: One of `KINDS`.
        images: uint8 `(N, 28, 28)`, white on black.
        labels: uint8 `(N,)`.
        count: How many at most.
        seed: Of all random numbers.
    """
    rng = np.random.default_rng((seed, zlib.crc32(kind.encode())))
    for place in rng.permutation(len(images))[:count]:
        label = None if kind.endswith("empty") else int(labels[place])
        yield KINDS[kind](images[place], rng), label


def digit_mask(image: Picture, side: int, widened: float = 0.0) -> Picture:
    """A digit's ink, cropped, its longer side as given: uint8 (H, W), antialiased.

    Args:
        image: uint8 (28, 28).
        side: In pixels.
        widened: Added to each side of a stroke, as a part of the longer side.
    """
    rows, columns = (np.flatnonzero((image > 0).any(axis=axis)) for axis in (1, 0))
    ink = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = (max(1, round(n * FINE / max(ink.shape))) for n in ink.shape)
    large = Image.fromarray(ink).resize((width, height), Image.Resampling.BICUBIC)
    # Room for what is widened, and for a soft edge all around.
    room = FINE // 10
    page = Image.new("L", (width + 2 * room, height + 2 * room))
    page.paste(large.point(lambda level: 255 * (level > 127)), (room, room))
    # Many small filters: the time of one large one grows with its area.
    for _ in range(round(abs(widened) * FINE)):
        page = page.filter(ImageFilter.MaxFilter(3) if widened > 0 else ImageFilter.MinFilter(3))
    page = page.crop(page.getbbox())
    height, width = (max(1, round(n * side / max(page.size))) for n in (page.height, page.width))
    return np.asarray(page.resize((width, height), Image.Resampling.BOX))


def _in_either_polarity(picture: Picture, rng: np.random.Generator) -> Picture:
    """Return a picture, or half of the time its negative."""
    return picture if rng.integers(2) else 255 - picture


def _bitmap(side: int, widened: float) -> Draw:
    """A black-and-white picture that its digit fills up to 0 or 1 pixels."""

    def draw(image: Picture, rng: np.random.Generator) -> Picture:
        margin = int(rng.integers(2))
        # Half of a pixel would be too much: thin strokes would vanish from the smallest pictures.
        bitmap = np.where(digit_mask(image, side - 2 * margin, widened) > 80, 255, 0)
        framed = np.pad(bitmap, margin).astype(np.uint8)
        return _in_either_polarity(framed, rng)

    return draw


def _filled(sides: tuple[int, int]) -> Draw:
    """Grey pixels, as bright as ink covers them, in a frame that the digit fills or stretches to.

    Args:
        sides: The least and the greatest longer side, in pixels.
    """

    def draw(image: Picture, rng: np.random.Generator) -> Picture:
        side, margin = int(rng.integers(sides[0], sides[1] + 1)), int(rng.integers(2))
        inner = side - 2 * margin
        mask = digit_mask(image, inner)
        if rng.integers(2):
            mask = np.asarray(Image.fromarray(mask).resize((inner, inner), Image.Resampling.BOX))
        framed = np.pad(mask, margin)
        return _in_either_polarity(framed, rng)

    return draw


def _transparent(image: Picture, rng: np.random.Generator) -> Picture:
    """Hard-edged strokes of one colour on nothing, which fill their frame."""
    widened = float(rng.uniform(THIN, FAT))
    mask = digit_mask(image, int(rng.integers(20, 200)), widened) > 127
    mask = np.pad(mask, int(rng.integers(2)))
    colour = rng.choice([0, 255]) if rng.integers(2) else rng.integers(0, 256, 3)
    picture = np.zeros((*mask.shape, 4), np.uint8)
    picture[mask, :3], picture[mask, 3] = colour, 255
    return picture


def _write(page: NDArray[np.float64], mask: Picture, pen: float, top: int, left: int) -> None:
    """Write a mask on a page, in place, in the pen's grey."""
    place = page[top : top + mask.shape[0], left : left + mask.shape[1]]
    place += (pen - place) * (mask / 255)


def _cell(has_digit: bool) -> Draw:
    """A form's box, cut 0 to 3 pixels outside its rules, of which one to four sides stand."""

    def draw(image: Picture, rng: np.random.Generator) -> Picture:
        height, width = (int(n) for n in rng.integers(40, 121, 2))
        paper, pen, rule = rng.uniform(200, 255), rng.uniform(0, 80), rng.uniform(0, 130)
        page = np.full((height, width), paper, np.float64)
        thickness, outside = int(rng.integers(1, 5)), int(rng.integers(4))
        line = slice(outside, outside + thickness)
        sides = rng.permutation(4)[: rng.integers(1, 5)]
        for side in sides:
            np.rot90(page, side)[line] = rule
        # Where two rules meet they end, as at the corner of a box.
        for side in sides:
            np.rot90(page, side)[:outside] = paper
        if has_digit:
            inner = min(height, width) - 2 * (outside + thickness + 2)
            mask = digit_mask(image, max(12, round(inner * rng.uniform(0.6, 1.0))))
            top, left = (
                int(rng.integers((whole - part) // 2 - 1, (whole - part) // 2 + 2))
                for whole, part in zip(page.shape, mask.shape, strict=True)
            )
            _write(page, mask, pen, top, left)
        if rng.integers(2):
            return np.where(page < (paper + max(pen, rule)) / 2, 0, 255).astype(np.uint8)
        return np.rint(page + rng.normal(0, 2, page.shape)).clip(0, 255).astype(np.uint8)

    return draw


def _shared_cell(has_digit: bool) -> Draw:
    """A box of a form or a table that shares its rules with its empty neighbours.

    The picture goes on into up to half of each neighbour, or ends beyond the outermost rule.
    """

    def draw(image: Picture, rng: np.random.Generator) -> Picture:
        cell = rng.integers(40, 121, 2)
        thickness = int(rng.integers(1, 4))
        # Above, below, left and right of the box: a neighbour, or nothing but paper.
        has_neighbour = rng.random(4) < 0.7
        has_neighbour[rng.integers(4)] = True
        room = [int(n) for n in rng.integers(thickness + 2, cell.repeat(2) // 2)]
        paper, pen, rule = rng.uniform(200, 255), rng.uniform(0, 80), rng.uniform(0, 130)
        height, width = cell[0] + room[0] + room[1], cell[1] + room[2] + room[3]
        page = np.full((height, width), paper, np.float64)
        stops = (height - room[1], width - room[3])
        ends = [
            slice(0 if before else start, None if after else stop + thickness)
            for before, after, start, stop in zip(
                has_neighbour[::2], has_neighbour[1::2], room[::2], stops, strict=True
            )
        ]
        for y in (room[0], stops[0]):
            page[y : y + thickness, ends[1]] = rule
        for x in (room[2], stops[1]):
            page[ends[0], x : x + thickness] = rule
        if has_digit:
            mask = digit_mask(image, max(12, round((min(cell) - 8) * rng.uniform(0.5, 1.0))))
            top, left = (
                start + thickness + int(rng.integers(0, max(1, whole - thickness - part)))
                for start, whole, part in zip(room[::2], cell, mask.shape, strict=True)
            )
            _write(page, mask, pen, top, left)
        return np.rint(page + rng.normal(0, 2, page.shape)).clip(0, 255).astype(np.uint8)

    return draw


def _crossed_cell(image: Picture, rng: np.random.Generator) -> Picture:
    """A box with all its sides and paper around it, and a digit that crosses one of them."""
    height, width = (int(n) for n in rng.integers(60, 161, 2))
    paper, pen, rule = rng.uniform(200, 255), rng.uniform(0, 80), rng.uniform(0, 130)
    thickness, room = int(rng.integers(1, 5)), max(height, width) // 2
    page = np.full((height + 2 * room, width + 2 * room), paper, np.float64)
    box = page[room:-room, room:-room]
    for side in range(4):
        np.rot90(box, side)[:thickness] = rule
    mask = digit_mask(image, max(16, round(min(height, width) * rng.uniform(0.4, 0.75))))
    # Upwards; the whole is turned so that it may be any side.
    turned = np.rot90(mask, side := int(rng.integers(4)))
    turned_page = np.rot90(page, side)
    top = room - round(float(rng.uniform(0.05, 0.3)) * len(turned))
    across = (height, width)[side % 2 == 0] - turned.shape[1]
    _write(turned_page, turned, pen, top, room + int(rng.uniform(0.2, 0.8) * across))
    return np.rint(page + rng.normal(0, 2, page.shape)).clip(0, 255).astype(np.uint8)


def _page(
    image: Picture, rng: np.random.Generator, paper: float, pen: float
) -> NDArray[np.float64]:
    """A page of 100 to 400 pixels a side with a digit somewhere on it."""
    height, width = (int(n) for n in rng.integers(100, 401, 2))
    page = np.full((height, width), paper, np.float64)
    side = round(min(height, width) * rng.uniform(0.4, 0.85))
    mask = digit_mask(image, side, float(rng.uniform(THIN, FAT)))
    top, left = (
        int(rng.integers(3, max(4, whole - part - 3)))
        for whole, part in zip(page.shape, mask.shape, strict=True)
    )
    _write(page, mask, pen, top, left)
    return page


def _canvas(image: Picture, rng: np.random.Generator) -> Picture:
    """A smooth drawing on one level of paper, in either polarity."""
    drawn = np.rint(_page(image, rng, 255, float(rng.uniform(0, 60)))).astype(np.uint8)
    return _in_either_polarity(drawn, rng)


def _window(image: Picture, rng: np.random.Generator) -> Picture:
    """A drawing in an app's window: bars of one shade along one to four sides of the canvas."""
    levels = np.array((255.0, 0.0, 0.0)) if rng.integers(2) else rng.uniform(0, 255, 3)
    paper, bar, pen = levels
    if abs(paper - pen) < 60:
        pen = (paper + 128) % 256
    canvas = _page(image, rng, float(paper), float(pen))
    width = round(min(canvas.shape) * rng.uniform(0.05, 0.35))
    has_bar = rng.random(4) < 0.5
    has_bar[rng.integers(4)] = True
    sides = np.where(has_bar, width, 0).reshape(2, 2)
    drawn = np.rint(np.pad(canvas, sides, constant_values=bar)).astype(np.uint8)
    return _in_either_polarity(drawn, rng)


def _photo(image: Picture, rng: np.random.Generator) -> Picture:
    """Paper in light that falls off, slightly out of focus, with sensor noise."""
    page = _page(image, rng, float(rng.uniform(170, 250)), float(rng.uniform(20, 110)))
    y, x = np.mgrid[-1 : 1 : page.shape[0] * 1j, -1 : 1 : page.shape[1] * 1j]
    angle = rng.uniform(0, 2 * np.pi)
    light = 1 - rng.uniform(0, 0.5) * (1 + (np.cos(angle) * x + np.sin(angle) * y) / 1.42) / 2
    blurred = Image.fromarray((page * light).clip(0, 255).astype(np.uint8)).filter(
        ImageFilter.GaussianBlur(float(rng.uniform(0, 1.5)))
    )
    noisy = np.asarray(blurred) + rng.normal(0, rng.uniform(1, 10), page.shape)
    return np.rint(noisy).clip(0, 255).astype(np.uint8)


def _taken(
    scene: Image.Image, blur: float, noise: tuple[float, float], rng: np.random.Generator
) -> Picture:
    """Photograph a scene: blurred by so many pixels, with sensor noise of some grey levels."""
    blurred = np.asarray(scene.filter(ImageFilter.GaussianBlur(blur)))
    noisy = blurred + rng.normal(0, rng.uniform(*noise), blurred.shape)
    return np.rint(noisy).clip(0, 255).astype(np.uint8)


def _sheet(image: Picture, rng: np.random.Generator) -> Picture:
    """A sheet of paper, turned a little, on ground of another shade that the picture shows too."""
    paper, ground = rng.permutation([rng.uniform(190, 250), rng.uniform(20, 150)])
    pen = rng.uniform(20, 60) if paper > ground else rng.uniform(200, 250)
    sheet = Image.fromarray(_page(image, rng, float(paper), float(pen)).astype(np.uint8))
    margins = [round(max(sheet.size) * share) for share in rng.uniform(0.05, 0.3, 2)]
    size = (sheet.width + 2 * margins[0], sheet.height + 2 * margins[1])
    outline = Image.new("L", size)
    outline.paste(255, (margins[0], margins[1], size[0] - margins[0], size[1] - margins[1]))
    page = Image.new("L", size, round(paper))
    page.paste(sheet, tuple(margins))
    angle = float(rng.uniform(-12, 12))
    page, outline = (
        part.rotate(angle, Image.Resampling.BICUBIC, fillcolor=fill)
        for part, fill in ((page, round(paper)), (outline, 0))
    )
    picture = Image.composite(page, Image.new("L", size, round(ground)), outline)
    return _taken(picture, 1, (1, 6), rng)


def _held(image: Picture, rng: np.random.Generator) -> Picture:
    """A card that two fingers hold in front of a room that is out of focus; in colour."""
    paper = float(rng.uniform(180, 250))
    card = _page(image, rng, paper, float(rng.uniform(20, 90)))
    grip = round(len(card) * rng.uniform(0.12, 0.25))  # where fingers hide nothing
    card = np.pad(card, ((0, grip), (0, 0)), constant_values=paper)
    top, left = (round(side * rng.uniform(0.15, 0.5)) for side in card.shape)
    size = (card.shape[1] + 2 * left, card.shape[0] + 2 * top)
    patches = rng.uniform(20, 230, (*rng.integers(3, 9, 2), 1)) + rng.normal(0, 25, (1, 1, 3))
    patches = (patches + rng.normal(0, 15, patches.shape)).clip(0, 255).astype(np.uint8)
    room = Image.fromarray(patches).resize(size, Image.Resampling.BICUBIC)
    tint = rng.uniform(0.88, 1, 3)
    front, outline = room.copy(), Image.new("L", size)
    front.paste(Image.fromarray((card[..., np.newaxis] * tint).astype(np.uint8)), (left, top))
    outline.paste(255, (left, top, left + card.shape[1], top + card.shape[0]))
    angle = float(rng.uniform(-12, 12))
    front, outline = (part.rotate(angle, Image.Resampling.BICUBIC) for part in (front, outline))
    room.paste(front, mask=outline)
    light = rng.uniform(0.3, 1)
    skin = tuple(round(light * level) for level in (235, 190, 165))
    thickness = round(0.12 * card.shape[1])
    for share in rng.uniform((0.15, 0.6), (0.4, 0.85)):
        x, y = left + share * card.shape[1], top + card.shape[0] - grip * rng.uniform(0.3, 0.7)
        tip = (x - thickness / 2, y - thickness / 2, x + thickness / 2, y + thickness / 2)
        ImageDraw.Draw(room).ellipse(tip, fill=skin)
        ImageDraw.Draw(room).line((x, y, x, size[1]), fill=skin, width=thickness)
    return _taken(room, float(rng.uniform(0.5, 1.5)), (1, 6), rng)


def _paper(_: Picture, rng: np.random.Generator) -> Picture:
    """Bare paper: light that falls off, a soft shadow, sensor noise."""
    height, width = (int(n) for n in rng.integers(28, 321, 2))
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    angle, share = rng.uniform(0, 2 * np.pi), rng.uniform(0.3, 1)
    across = np.cos(angle) * x + np.sin(angle) * y
    light = rng.uniform(90, 255) * (1 - rng.uniform(0, 0.4) * (across + 1.42) / 2.84)
    light[across > rng.uniform(-0.5, 0.5)] *= share
    shaded = Image.fromarray(light.clip(0, 255).astype(np.uint8)).filter(
        ImageFilter.GaussianBlur(float(rng.uniform(0.1, 0.3)) * max(height, width) / 2)
    )
    noisy = np.asarray(shaded) + rng.normal(0, rng.uniform(0, 12), light.shape)
    return np.asarray(np.rint(noisy).clip(0, 255), np.uint8)


def _noise(_: Picture, rng: np.random.Generator) -> Picture:
    """Nothing but noise: of pixels or of blocks, sharp or blurred, grey or black and white."""
    height, width = (int(n) for n in rng.integers(16, 321, 2))
    block = int(rng.integers(1, 9))
    levels = rng.normal(size=(-(-height // block), -(-width // block)))
    noise = levels.repeat(block, 0).repeat(block, 1)[:height, :width]
    if rng.integers(2):
        noise = np.where(noise > rng.uniform(-1.5, 1.5), 2.0, -2.0)
    picture = Image.fromarray((128 + 60 * noise).clip(0, 255).astype(np.uint8))
    blurred = picture.filter(ImageFilter.GaussianBlur(float(rng.choice((0.0, 1.0, 3.0)))))
    return np.asarray(blurred, np.uint8)


def _texture(_: Picture, rng: np.random.Generator) -> Picture:
    """A surface of one pattern: waves, a weave, dots or bricks, grey or black and white."""
    height, width = (int(n) for n in rng.integers(16, 321, 2))
    y, x = np.mgrid[:height, :width].astype(np.float64)
    angle, period = rng.uniform(0, np.pi), rng.uniform(4, max(height, width) / 3)
    along = (np.cos(angle) * x + np.sin(angle) * y) * 2 * np.pi / period
    across = (np.cos(angle) * y - np.sin(angle) * x) * 2 * np.pi / period
    pattern = rng.choice(4)
    if pattern == 0:
        surface = np.sin(along + rng.uniform(0, 2) * np.sin(across))
    elif pattern == 1:
        surface = np.sin(along) + np.sin(across)
    elif pattern == 2:
        surface = np.sin(along) * np.sin(across) - rng.uniform(0, 0.5)
    else:
        row = np.floor(along / np.pi)
        surface = np.minimum(np.abs(np.sin(along)), np.abs(np.sin(across / 2 + row * np.pi / 2)))
        surface = surface / max(1e-9, surface.max()) - 0.3
    if rng.integers(2):
        surface = np.sign(surface)
    picture = 128 + rng.uniform(20, 120) * surface + rng.normal(0, rng.uniform(0, 8), surface.shape)
    return np.asarray(np.rint(picture).clip(0, 255), np.uint8)


def _scribble(image: Picture, rng: np.random.Generator) -> Picture:
    """A drawing with one line across, thinner than the digit's strokes."""
    picture = Image.fromarray(_canvas(image, rng))
    corner = np.asarray(picture)[0, 0]
    width, height = picture.size
    ends = [(0, int(rng.integers(height))), (width - 1, int(rng.integers(height)))]
    thickness = max(1, round(min(picture.size) * rng.uniform(0.01, 0.025)))
    ImageDraw.Draw(picture).line(ends, fill=255 - int(corner), width=thickness)
    return np.asarray(picture)


def _circled(image: Picture, rng: np.random.Generator) -> Picture:
    """A digit in a ring drawn by hand, as numbers of lists and questions are."""
    paper, pen = float(rng.uniform(170, 255)), float(rng.uniform(0, 110))
    side = int(rng.integers(60, 200))
    mask = digit_mask(image, side, float(rng.uniform(THIN, FAT)))
    radii = np.hypot(*mask.shape) / 2 * rng.uniform(1.1, 1.5) * np.exp(rng.normal(0, 0.08, 2))
    margin = round(side * rng.uniform(0.15, 1))
    height, width = (round(2 * radius) + 2 * margin for radius in radii)
    page = np.full((height, width), paper, np.float64)
    top, left = ((whole - part) // 2 for whole, part in zip(page.shape, mask.shape, strict=True))
    _write(page, mask, pen, top, left)
    start, turns = rng.uniform(0, 2 * np.pi), rng.uniform(0.97, 1.15)
    angles = start + np.linspace(0, 2 * np.pi * turns, 60)
    reach = 1 + 0.05 * np.sin(angles + start) + rng.uniform(-0.06, 0.06) * np.linspace(0, 1, 60)
    ring = Image.new("L", (2 * width, 2 * height))
    points = [
        (width + 2 * radii[1] * r * np.cos(a), height + 2 * radii[0] * r * np.sin(a))
        for a, r in zip(angles.tolist(), reach.tolist(), strict=True)
    ]
    ImageDraw.Draw(ring).line(points, fill=255, width=max(2, round(side * rng.uniform(0.06, 0.16))))
    _write(page, np.asarray(ring.resize((width, height), Image.Resampling.BOX)), pen, 0, 0)
    return _taken(Image.fromarray(page.astype(np.uint8)), float(rng.uniform(0, 1.5)), (0, 6), rng)


KINDS: dict[str, Draw] = {
    **{
        f"bitmap-{side}-{name}": _bitmap(side, widened)
        for side in BITMAP_SIDES
        for name, widened in (("thin", THIN), ("fat", FAT))
    },
    "bitmap-transparent": _transparent,
    "filled-tiny": _filled((8, 15)),
    "filled-small": _filled((16, 64)),
    "filled-large": _filled((65, 200)),
    "cell-ruled": _cell(has_digit=True),
    "cell-empty": _cell(has_digit=False),
    "cell-crossed": _crossed_cell,
    "cell-shared": _shared_cell(has_digit=True),
    "cell-shared-empty": _shared_cell(has_digit=False),
    "sheet": _sheet,
    "held": _held,
    "canvas": _canvas,
    "window": _window,
    "photo": _photo,
    "scribble": _scribble,
    "circled": _circled,
    "paper-empty": _paper,
    "noise-empty": _noise,
    "texture-empty": _texture,
    **corruptions.KINDS,
}
"""Each kind of picture by name: from a digit (28, 28) and random numbers."""
