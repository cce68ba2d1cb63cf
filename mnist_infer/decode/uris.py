"""Find and fetch pictures by local path, or by URI of any filesystem that Apache Arrow opens.

Only URIs need `pyarrow`, which comes with the extras `ray` and `spark`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnist_infer.decode.find_images import IMAGE_SUFFIXES, image_files, is_hidden
from mnist_infer.errors import ImageError

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

_FETCHES_AT_ONCE = 32
"""URIs that are read side by side."""


def is_uri(location: str) -> bool:
    """Tell a URI (`s3://bucket/key`, `gs://...`, `file:///...`) from a path of this machine."""
    return "://" in location


def resolve(location: str) -> tuple[FileSystem, str]:
    """Find the filesystem of a path or URI, and its path there.

    Raises:
        OSError, ValueError: No such filesystem, or it cannot be reached.
    """
    from pyarrow.fs import LocalFileSystem

    if not is_uri(location):
        return LocalFileSystem(), str(Path(location).absolute())
    scheme, _, rest = location.partition("://")
    host, _, path = rest.partition("/")
    filesystem, root = _filesystem(f"{scheme}://{host}/")
    return filesystem, f"{root.rstrip('/')}/{path}"


@cache
def _filesystem(uri: str) -> tuple[Any, str]:
    from pyarrow.fs import FileSystem

    filesystem, root = FileSystem.from_uri(uri)
    return filesystem, root


def images_at(location: str) -> Iterator[str]:
    """Find the pictures at a path or URI, recursively, sorted by name within each folder."""
    if not is_uri(location):
        yield from image_files(str(Path(location).absolute()))
        return
    from pyarrow.fs import FileType

    filesystem, root = resolve(location)
    if filesystem.get_file_info(root).type != FileType.Directory:
        yield location
        return
    for path in _images_below(filesystem, root.rstrip("/")):
        yield location.rstrip("/") + path.removeprefix(root.rstrip("/"))


def _images_below(filesystem: FileSystem, folder: str) -> Iterator[str]:
    from pyarrow.fs import FileSelector, FileType

    for info in sorted(filesystem.get_file_info(FileSelector(folder)), key=lambda each: each.path):
        if is_hidden(info.base_name):
            continue
        if info.type == FileType.Directory:
            yield from _images_below(filesystem, info.path)
        elif Path(info.path).suffix.lower() in IMAGE_SUFFIXES:
            yield info.path


def fetch_each(locations: Iterable[str]) -> list[str | bytes | ImageError]:
    """Turn locations into sources for `Recognizer`, in order: local paths as they are, URIs' bytes.

    A URI that cannot be read gives its `ImageError`. URIs are read side by side, since a remote
    store makes one wait.
    """
    named = list(locations)
    if not any(map(is_uri, named)):
        return [*named]
    with ThreadPoolExecutor(_FETCHES_AT_ONCE) as pool:
        return list(pool.map(_fetch, named))


def _fetch(location: str) -> str | bytes | ImageError:
    if not is_uri(location):
        return location
    try:
        filesystem, path = resolve(location)
        with filesystem.open_input_stream(path) as stream:
            content: bytes = stream.read()
    except FileNotFoundError:
        return ImageError("no such file")
    except (OSError, ValueError) as error:
        return ImageError(f"cannot be read ({error})")
    return content
