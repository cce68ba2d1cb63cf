"""Pictures that the command line writes."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from mnist_infer.atomic import write_files

if TYPE_CHECKING:
    from PIL.Image import Image as PILImage

    from mnist_infer.decode.find_images import Name
    from mnist_infer.results import Explanation

# File systems take names of up to 255 bytes: this leaves room for a number and a stage's name.
_MAX_NAME_BYTES = 200


def save_image(image: PILImage, path: Path) -> None:
    """Write an image file, whole or not at all, in the format that its suffix names.

    Raises:
        OSError: The file cannot be written, or its folder is missing.
        ValueError: The suffix names no image format, or the format cannot hold the image.
    """
    suffix = path.suffix.lower()
    if suffix not in Image.registered_extensions():
        found = f"{suffix} is no picture format" if suffix else "its name has no ending"
        raise ValueError(f"{found}; use .png or .jpg")
    content = io.BytesIO()
    image.save(content, Image.registered_extensions()[suffix])
    write_files({path: content.getvalue()})


class StageFolder:
    """A folder for the stages of many pictures, each with file names of its own."""

    def __init__(self, folder: Path) -> None:
        """Make the folder, and those above it.

        Raises:
            OSError: It cannot be made.
            ValueError: A file has its name.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise ValueError("it is a file; name a folder, which need not exist") from None
        self._folder = folder
        self._taken: set[str] = set()

    def paths(self, name: Name, explanation: Explanation) -> dict[Path, PILImage]:
        """Name a PNG file for each picture of an explanation, after the image and the picture."""
        stem = self._take(_flat_name(name))
        return {
            self._folder / f"{stem}-{stage}.png": Image.fromarray(pixels)
            for stage, pixels in explanation.pictures().items()
        }

    def _take(self, name: str) -> str:
        """Take a name, with a number if another picture has it already: `a_b`, then `a_b-2`."""
        stem, number = name, 1
        # On some file systems names that differ only in case are the same.
        while stem.casefold() in self._taken:
            number += 1
            stem = f"{name}-{number}"
        self._taken.add(stem.casefold())
        return stem


def _flat_name(name: Name) -> str:
    """Make one name of a path, without its suffix; of a long path, keep the end."""
    path, page = (name, "") if isinstance(name, str) else (str(name.file), f"-page-{name.number}")
    plain = Path(path).with_suffix("")
    flat = "_".join(part for part in plain.parts if part != plain.anchor) + page
    while len(os.fsencode(flat)) > _MAX_NAME_BYTES:
        flat = flat[1:]
    return flat
