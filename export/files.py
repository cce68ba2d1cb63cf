"""Writing several files as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from export.errors import ExportError

if TYPE_CHECKING:
    from pathlib import Path


def write_all(files: dict[Path, bytes]) -> None:
    """Write all files or none, and replace each at once: no reader sees a half of it.

    Raises:
        ExportError: A file cannot be written.
    """
    staged: dict[Path, Path] = {}
    try:
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            staged[path] = path.with_name(f".{path.name}.partial")
            staged[path].write_bytes(content)
        for path, partial in staged.items():
            partial.replace(path)
    except OSError as error:
        raise ExportError(f"cannot write {error.filename}: {error.strerror}") from error
    finally:
        for partial in staged.values():
            partial.unlink(missing_ok=True)
