"""Write files so that a reader sees the whole new content or the old, never a part."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

# Windows would write a line feed as two bytes, and a child process would inherit the open file.
_FLAGS = (
    os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
)


def write_files(files: Mapping[Path, bytes]) -> None:
    """Write each file, or none of them where one cannot be written.

    Each content goes to a new file of a random name in the same folder, and takes the place of the
    old file in one step, in the order given. So two writers of one name never mix their bytes, and
    no symbolic link is followed. A process that is killed leaves at most files that are called
    `.mnist-infer-RANDOM.partial`.

    Raises:
        OSError: A folder is missing, or a file cannot be written; `filename` says which.
    """
    partials: dict[Path, Path] = {}
    try:
        for path, content in files.items():
            with _naming(path):
                partials[path] = _write_partial(path.parent, content)
        for path, partial in partials.items():
            with _naming(path):
                partial.replace(path)
    finally:
        for partial in partials.values():
            partial.unlink(missing_ok=True)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Let an error name the file that the caller knows."""
    try:
        yield
    except OSError as error:
        error.filename, error.filename2 = str(path), None
        raise


def _write_partial(folder: Path, content: bytes) -> Path:
    partial = folder / f".mnist-infer-{secrets.token_hex(8)}.partial"
    number = os.open(partial, _FLAGS, 0o666)
    try:
        with os.fdopen(number, "wb") as file:
            file.write(content)
    except BaseException:
        partial.unlink()
        raise
    return partial
