"""Parameters of the path from a picture to its digit, each with its unit and what it is worth.

"Worth N of M" means that N more of M pictures get a wrong answer without the rule, or with the
other value that is named. Kinds of pictures, such as `photo`, are those of `benchmarks.generated`;
empty pictures are paper with light, shadow, noise, stripes or dots. What defines the MNIST format
stands in `normalize` and `mnist_format`.
"""

from __future__ import annotations

from dataclasses import dataclass

FOREGROUND_LEVEL = 64
"""Grey level above which a pixel is foreground; below, it is the soft edge of what it touches."""

MAJORITY = 0.75
"""Part of something that counts as most of it: of a sheet that is paper of one shade, of a
component's outline that lies on the border, of a digit's height that makes what stands beside it
another digit, of a component's pixels in one digit's cell. Each of these had a value of its own
between 0.6 and 0.75; with one for all, none of 2,792 pictures of one digit gets another answer."""

SMALL_SIDE = 64
"""Pixels of the longer side of a picture whose strokes may be a pixel or two wide: it has no room
for a shadow, nor for a blur of more than a pixel. Worth 119 of 500 `filled-tiny`, and 3 of 500
`filled-small`."""

NEARLY_ALL = 0.95
"""Part that counts as all but for a few pixels: of a picture that is at two levels, of a row or
column of it that is at one, of the edges that a window brings out, of a sheet that is within its
four corners."""

AROUND = 0.14
"""Paper around the digits of a row, as a part of their height. With 0.2, 5 of 631 real rows and 7
of 1,050 generated ones are lost, with 0.1, 3 and 8; without any, 30 of the real ones."""


@dataclass(frozen=True)
class BinarizeParams:
    """Which grey levels are foreground."""

    level_spread: float = 1 / 16
    """Part of the contrast that counts as one level. With 1/10, 7 of 100 `sheet` are lost. Treating
    pictures of two levels apart from others is worth 179 of 2,400 generated digits."""

    unclear_fraction: float = 0.25
    """Part of the picture. If each of two levels, or the foreground of any other picture, has as
    much, it may be the paper, and the networks judge: 13 more of 2,800 bitmaps are right and none
    less; 11 more of 200 `held`, 4 of 200 `sheet`, and no other of 2,525 pictures changes. With 0.2,
    2 of 400 empty table cells have an answer."""

    windows: tuple[int, ...] = (16, 12, 8, 6, 4, 3, 2)
    """Windows to try: the picture's longer side divided by these. Half of it holds any stroke."""

    min_edges: float = 0.5
    """A window that brings out this part of the edges may have all strokes, if the rest are a
    shadow's. Worth 4 of 100 `sheet` and 5 of 160 empty pictures."""

    window_margin: float = 1.5
    """Strokes are wider where they cross. With 2, 5 of 560 generated digits are lost, with 1, 7."""

    min_contrast: float = 5.0
    """Contrast in standard deviations of the noise. The few peaks of pure noise beyond three lie
    3.3 deep on average. With 3, 31 of 160 empty pictures have a digit."""

    min_edge_step: float = 2.0
    """Grey levels between neighbours on a thumbnail where the foreground begins, beyond the
    picture's slope: light that falls off, rounded to 8 bits or packed as JPEG, has no more."""

    rise: tuple[float, float] = (0.25, 0.75)
    """Parts of the contrast between which the foreground rises from 0 to 255: noise goes, soft
    edges stay."""

    rise_if_small: tuple[float, float] = (0.1, 1.0)
    """The same in pictures of at most `SMALL_SIDE` pixels, where grey tells how much of a
    pixel is foreground."""


@dataclass(frozen=True)
class RulingParams:
    """What is a ruled line, a box or a table, and no digit."""

    max_slope: float = 0.05
    """Rows a column: photos of forms tilt by up to 3 degrees."""

    min_cover: float = 5 / 6
    """Part of a line that is foreground: it may be faint. With 3/4, 4 of 20 pictures of black and
    white noise lose so much that a digit is seen in the rest."""

    min_aspect: float = 20.0
    """Length in thicknesses of a line from border to border: the bar of a 7 is shorter. With 10, 7
    of 560 bitmaps are lost."""

    @property
    def min_inner_aspect(self) -> float:
        """The same of a line between other lines: it is shorter, and little else is as straight."""
        return self.min_aspect / 2

    border_band: float = 0.15
    """Width of the zone along the border in which a form's rulings lie, as a part of the picture.
    Finding them is worth 73 of 2,400 generated digits, and leaving them out where a picture's
    polarity is found, 10 of 100 `cell-ruled`."""


@dataclass(frozen=True)
class DigitParams:
    """Which connected components are one digit."""

    min_height: float = 3.0
    """In stroke widths: what is lower is a dash or a blob. MNIST's digits are 3.3 or more."""

    max_stroke_length: float = 6.0
    """Length of all strokes over the longer side: 1 to 4.3 in digits, many times more in a texture
    or a photo's outlines. Worth 2 of 160 empty pictures, and 7 of 64 real ones without a digit."""

    stroke_ratio: float = 2.0
    """Ratio of stroke widths from which two strokes are not the same writing, such as a thin line
    beside or around a digit. Worth 5 of 100 `scribble`."""

    min_height_in_ring: float = 0.25
    """Part of a ring's height: what is lower in it is no digit. To read the inside of rings too is
    worth 61 of 150 `circled`. With 0.35, 27 of 270 drawings with rings are lost."""


BINARIZE = BinarizeParams()
RULINGS = RulingParams()
DIGITS = DigitParams()
