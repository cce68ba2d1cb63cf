"""Writes several files as one, with their folders."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from export.errors import ExportError
from mnist_infer.atomic import write_files

if TYPE_CHECKING:
    from pathlib import Path


def write_all(files: dict[Path, bytes]) -> None:
    """Write all files or none, and replace each at once: no reader sees a half of it.

    Raises:
        ExportError: A file cannot be written.
    """
    try:
        for path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
        write_files(files)
    except OSError as error:
        raise ExportError(f"cannot write {error.filename}: {error.strerror}") from error


def json_bytes(fields: dict[str, Any]) -> bytes:
    """Return the content of a model's JSON file."""
    return f"{json.dumps(fields, indent=2)}\n".encode()
