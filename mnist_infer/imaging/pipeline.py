"""From the picture of one digit to what the networks see, each stage kept for `explain`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mnist_infer.decode.images import Picture
from mnist_infer.errors import ImageError, NoDigitError, SeveralDigitsError
from mnist_infer.imaging.binarize import binarize, binarize_two_levels, plausible_views
from mnist_infer.imaging.cell_image import cell_image
from mnist_infer.imaging.components import as_uncut
from mnist_infer.imaging.filters import crop, ink_bounds
from mnist_infer.imaging.find_digit import find_digit, inside_ring, is_blob
from mnist_infer.imaging.mnist_format import to_mnist_format, to_mnist_format_batch
from mnist_infer.imaging.normalize import SIDE, render_variants
from mnist_infer.imaging.paper import colour_contrast
from mnist_infer.imaging.params import AROUND, BINARIZE, FOREGROUND_LEVEL
from mnist_infer.imaging.row_image import row_image
from mnist_infer.imaging.rulings import remove_rulings
from mnist_infer.results import NetworkInputs, Stages

WORKING_SIDE = 320
"""Pixels of the longer side to which a picture is shrunk: a digit a sixteenth as high still has the
20 pixels of a digit in MNIST."""


def prepare(picture: Picture) -> Stages:
    """Make what the networks see of a picture of one digit, decoded at `WORKING_SIDE`.

    A picture that already is in the MNIST format passes unchanged; the negative of one is inverted.

    If no component has the shape of one digit, everything on the picture counts as the digit, the
    error becomes the `problem`, and the row network sees the whole picture.

    In a picture of two levels the digit may touch the border without being cut off there, and
    beyond the border is paper. Without this, 7 of 720 bitmaps are lost.

    Where something else may be the digit too, its stages are the alternatives: what stands in a
    ring, the other level of a two-level picture, and other guesses at the paper if after the first
    one a large part of the picture is foreground, or nothing has the shape of one digit. The last
    is worth 7 of 150 `held`; as many as before are right of seven other kinds of 150.

    Raises:
        NoDigitError: The picture is blank, or shows nothing but blobs.
        SeveralDigitsError: It shows several blobs.
    """
    if (found := to_mnist_format(picture.pixels)) is not None:
        # So small a picture has not been shrunk: its box is the original's.
        image, box = found
        return Stages(image, image, box, NetworkInputs(image[np.newaxis]))
    grey = colour_contrast(picture.pixels)
    foreground = binarize_two_levels(grey)
    is_bitmap = foreground is not None
    if foreground is None:
        foreground = binarize(picture.pixels, grey)
    first = _try_stages(picture, grey, foreground, is_cut_out=is_bitmap)
    alternatives = tuple(_alternatives(picture, grey, foreground, first, is_bitmap=is_bitmap))
    if not alternatives:
        if isinstance(first, ImageError):
            raise first
        return first
    if isinstance(first, ImageError):
        shown = alternatives[0]  # It only counts if the networks are sure, as any alternative.
        first = replace(shown, inputs=replace(shown.inputs, cell=None, problem=first))
    inputs = replace(first.inputs, alternatives=tuple(other.inputs for other in alternatives))
    return replace(first, inputs=inputs, alternatives=alternatives)


def _alternatives(
    picture: Picture,
    grey: NDArray[np.uint8],
    foreground: NDArray[np.uint8],
    first: Stages | ImageError,
    *,
    is_bitmap: bool,
) -> Iterator[Stages]:
    """Make the stages of what else the digit may be."""
    if isinstance(first, Stages) and (inside := inside_ring(first.cleaned)) is not None:
        found = _try_stages(picture, grey, inside, is_cut_out=True)
        if isinstance(found, Stages):
            yield replace(found, inputs=replace(found.inputs, is_in_ring=True))
    seen = [foreground]
    for other in _other_foregrounds(picture, grey, foreground, first, is_bitmap=is_bitmap):
        if not any(np.array_equal(other, each) for each in seen):
            seen.append(other)
            found = _try_stages(picture, grey, other, is_cut_out=is_bitmap)
            if isinstance(found, Stages):
                yield found


def _other_foregrounds(
    picture: Picture,
    grey: NDArray[np.uint8],
    foreground: NDArray[np.uint8],
    first: Stages | ImageError,
    *,
    is_bitmap: bool,
) -> Iterator[NDArray[np.uint8]]:
    """Find what else the foreground may be, each uint8 `(H, W)`."""
    share = _ink(foreground) / foreground.size
    is_clear = isinstance(first, Stages) and first.inputs.problem is None
    may_be_inverted = isinstance(first, Stages)  # What is around a blob would look like a 0.
    if is_bitmap:
        if may_be_inverted and min(share, 1 - share) >= BINARIZE.unclear_fraction:
            yield 255 - foreground
    elif not is_clear or share >= BINARIZE.unclear_fraction:
        for view in plausible_views(picture.pixels, grey):
            if may_be_inverted or not view.is_inverted:
                yield view.binarize()


def _try_stages(
    picture: Picture, grey: NDArray[np.uint8], foreground: NDArray[np.uint8], *, is_cut_out: bool
) -> Stages | ImageError:
    try:
        return _stages(picture, grey, foreground, is_cut_out=is_cut_out)
    except (NoDigitError, SeveralDigitsError) as error:
        return error


def _stages(
    picture: Picture, grey: NDArray[np.uint8], foreground: NDArray[np.uint8], *, is_cut_out: bool
) -> Stages:
    """Make what the networks see of a picture.

    Args:
        picture: The picture.
        grey: Its `colour_contrast`.
        foreground: uint8 `(H, W)`, all or some of its foreground.
        is_cut_out: The foreground is all that the networks see, and beyond it is paper. Otherwise
            they see the picture's grey levels.
    """
    beyond: Literal["constant", "edge"] = "constant" if is_cut_out else "edge"
    unruled = remove_rulings(foreground)
    if is_cut_out:
        components = as_uncut(unruled.components, unruled.foreground)
        grey = foreground
        whole = _with_paper(grey, *ink_bounds(foreground), beyond)
    else:
        components = unruled.components
        whole = grey
    seen, cell = [whole], None
    problem: ImageError | None = None
    try:
        cleaned, (rows, columns) = find_digit(unruled.foreground, components)
        seen = [_with_paper(grey, rows, columns, beyond)]
        cell = cell_image(grey, (columns.start, rows.start, columns.stop, rows.stop), beyond)
        if _ink(cleaned) < _ink(foreground):
            seen.append(whole)  # What was removed may have been the digit's.
    except (NoDigitError, SeveralDigitsError) as error:
        if not unruled.foreground.any() or is_blob(unruled.foreground):
            raise
        problem, cleaned = error, unruled.foreground
        rows, columns = ink_bounds(cleaned)
    box = picture.original_box(rows, columns)
    variants = render_variants(cleaned[rows, columns])
    inputs = NetworkInputs(variants, tuple(map(row_image, seen)), cell, problem)
    return Stages(foreground, cleaned, box, inputs)


def _ink(foreground: NDArray[np.uint8]) -> int:
    return int(np.count_nonzero(foreground > FOREGROUND_LEVEL))


def _with_paper(
    grey: NDArray[np.uint8], rows: slice, columns: slice, beyond: Literal["constant", "edge"]
) -> NDArray[np.uint8]:
    """Cut out a part of a picture with paper around it."""
    margin = round(AROUND * (rows.stop - rows.start)) + 1
    return crop(
        grey,
        slice(rows.start - margin, rows.stop + margin),
        slice(columns.start - margin, columns.stop + margin),
        beyond,
    )


def prepare_batch(
    pictures: Iterable[Picture | ImageError],
) -> list[NetworkInputs | ImageError]:
    """Prepare each picture as `prepare` does; one that cannot be prepared becomes its error.

    Pictures of 28x28 are checked for the MNIST format together.
    """
    taken = list(pictures)
    small = {
        place: picture
        for place, picture in enumerate(taken)
        if isinstance(picture, Picture) and picture.pixels.shape == (SIDE, SIDE)
    }
    ready: dict[int, NetworkInputs] = {}
    if small:
        stacked = np.concatenate([picture.pixels for picture in small.values()])
        images, are_ready = to_mnist_format_batch(stacked.reshape(-1, SIDE, SIDE))
        ready = {
            place: NetworkInputs(image[np.newaxis])
            for place, image, is_ready in zip(small, images, are_ready.tolist(), strict=True)
            if is_ready
        }
    return [ready.get(place) or _try_prepare(picture) for place, picture in enumerate(taken)]


def _try_prepare(picture: Picture | ImageError) -> NetworkInputs | ImageError:
    if isinstance(picture, ImageError):
        return picture
    try:
        return prepare(picture).inputs
    except ImageError as error:
        return error
