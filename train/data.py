"""MNIST, found where it lies and verified by content.

Every array is compared with the MD5 of its uncompressed IDX form, the one that Yann LeCun's page
published, so that a repacked `.npz`, the IDX files and Keras' download all count as the same data.
"""

import gzip
import hashlib
import math
import os
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from train.quiet import quiet_stderr

Array = npt.NDArray[np.uint8]


class DataError(Exception):
    """No MNIST, or not quite MNIST; the message says where, and what to do about it."""


@dataclass(frozen=True, eq=False)
class Mnist:
    """The data set in its original order, as uint8: images (N, 28, 28), labels (N,) in 0..9."""

    x_train: Array
    y_train: Array
    x_test: Array
    y_test: Array
    source: str


@dataclass(frozen=True)
class _Part:
    """One of the four arrays: its name in the `.npz`, its IDX file, its shape and its MD5."""

    array: str
    file: str
    kind: str
    shape: tuple[int, ...]
    md5: str

    @property
    def header(self) -> bytes:
        """The IDX header: two zeros, 0x08 for uint8, the number of axes, then each length."""
        axes = len(self.shape)
        return struct.pack(f">4B{axes}I", 0, 0, 0x08, axes, *self.shape)


_PARTS = (
    _Part("x_train", "train-images", "idx3", (60000, 28, 28), "6bbc9ace898e44ae57da46a324031adb"),
    _Part("y_train", "train-labels", "idx1", (60000,), "a25bea736e30d166cdddb491f175f624"),
    _Part("x_test", "t10k-images", "idx3", (10000, 28, 28), "2646ac647ad5339dbf082846283269ea"),
    _Part("y_test", "t10k-labels", "idx1", (10000,), "27ae3e4e09519cfbb04c329615203637"),
)

# What zipfile and numpy raise between them; RuntimeError stands for encryption.
_UNREADABLE = (
    OSError,
    EOFError,
    MemoryError,
    RuntimeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)

# Other types than uint8 are told apart by their names; these bound what is unpacked for that.
_MAX_BYTES_PER_VALUE, _NPY_HEADER = 8, 4096

_REMEDY = "get MNIST again, or name another copy with --data or MNIST_DATA"


def load_mnist(source: str | os.PathLike[str] | None = None) -> Mnist:
    """Load MNIST from `source`, else `MNIST_DATA`, else Keras' cache, else Keras' download.

    Args:
        source: an `.npz` as Keras has it, or a folder with the four IDX files, gzipped or not.

    Returns:
        The four arrays; `source` says in words where they came from, without naming folders.

    Raises:
        DataError: nothing was found, or the first place that has something has not quite MNIST.
    """
    if source is not None:
        return _load(Path(source), "")
    if given := os.environ.get("MNIST_DATA"):
        return _load(Path(given), " (MNIST_DATA)")
    cache = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras") / "datasets" / "mnist.npz"
    if cache.exists():
        return _load(cache, " (Keras' cache)")
    return _download()


def _load(path: Path, found_by: str) -> Mnist:
    arrays: Mapping[str, npt.NDArray[np.generic]]
    if path.is_dir():
        arrays = {part.array: _read_idx(_idx_path(path, part), part) for part in _PARTS}
    elif path.is_file():
        arrays = _read_npz(path)
    else:
        raise DataError(f"{path} does not exist; name an .npz or a folder with the four IDX files")
    return _verified(arrays, str(path), f"{path.resolve().name}{found_by}")


def _download() -> Mnist:
    with quiet_stderr():
        import keras

    try:
        (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    except Exception as error:  # Keras raises a bare Exception when the address can't be reached
        raise DataError(
            f"MNIST is not on this machine and Keras could not download it ({_line(error)}); "
            "name a copy with --data or MNIST_DATA"
        ) from error
    arrays = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    return _verified(arrays, "Keras' download", "Keras' download")


def _read_npz(path: Path) -> dict[str, npt.NDArray[np.generic]]:
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {member.filename: member.file_size for member in archive.infolist()}
        with np.load(path, allow_pickle=False) as arrays:
            for part in _PARTS:
                size = sizes.get(f"{part.array}.npy")
                if size is None:
                    raise DataError(f"{path} has no array {part.array}; {_REMEDY}")
                # 400 kB of a zip file can be 400 MB of zeros.
                if size > _MAX_BYTES_PER_VALUE * math.prod(part.shape) + _NPY_HEADER:
                    raise DataError(f"{part.array} of {path} is far too large; {_REMEDY}")
            # A member that is no .npy comes out as bytes, which have no shape to complain about.
            return {part.array: np.asarray(arrays[part.array]) for part in _PARTS}
    except _UNREADABLE as error:
        raise DataError(
            f"{path} can't be read as an .npz, it is truncated or corrupt ({_line(error)}); "
            f"{_REMEDY}"
        ) from error


def _line(error: Exception) -> str:
    return " ".join(str(error).split())


def _idx_path(folder: Path, part: _Part) -> Path:
    for joint in ("-", "."):
        for suffix in ("", ".gz"):
            path = folder / f"{part.file}{joint}{part.kind}-ubyte{suffix}"
            if path.is_file():
                return path
    raise DataError(
        f"{folder} has no {part.file}-{part.kind}-ubyte, gzipped or not; "
        "put all four IDX files into it, or name an .npz"
    )


def _read_idx(path: Path, part: _Part) -> Array:
    try:
        with path.open("rb") as file:
            # Browsers unpack .gz files silently and keep the name, so the content decides.
            gzipped = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            if not gzipped:
                return _parse_idx(file, path, part)
            with gzip.open(file) as unzipped:
                return _parse_idx(unzipped, path, part)
    except EOFError as error:
        raise DataError(f"{path} is truncated; {_REMEDY}") from error
    except (OSError, zlib.error) as error:
        raise DataError(f"{path} can't be read ({error}); {_REMEDY}") from error


def _parse_idx(file: BinaryIO | gzip.GzipFile, path: Path, part: _Part) -> Array:
    header = file.read(len(part.header))
    if len(header) < len(part.header):
        raise DataError(f"{path} is truncated; {_REMEDY}")
    if header[:4] != part.header[:4]:
        raise DataError(f"{path} is not an IDX file of {part.kind} uint8; {_REMEDY}")
    shape = struct.unpack(f">{len(part.shape)}I", header[4:])
    if shape != part.shape:
        raise DataError(f"{path} has shape {shape}, not {part.shape}; {_REMEDY}")
    size = math.prod(shape)
    body = file.read(size + 1)
    if len(body) < size:
        raise DataError(f"{path} is truncated; {_REMEDY}")
    if len(body) > size:
        raise DataError(f"{path} is longer than its header says; {_REMEDY}")
    return np.frombuffer(body, np.uint8).reshape(shape)


def _verified(arrays: Mapping[str, npt.NDArray[np.generic]], where: str, source: str) -> Mnist:
    for part in _PARTS:
        array = arrays[part.array]
        if array.shape != part.shape or array.dtype != np.uint8:
            raise DataError(
                f"{part.array} of {where} is {array.dtype} {array.shape}, "
                f"not uint8 {part.shape}; {_REMEDY}"
            )
        md5 = hashlib.md5(part.header, usedforsecurity=False)
        md5.update(array.tobytes())
        if md5.hexdigest() != part.md5:
            raise DataError(
                f"{part.array} of {where} has the right shape but not MNIST's content "
                f"(MD5 {md5.hexdigest()}, not {part.md5}); {_REMEDY}"
            )
    return Mnist(**{name: array.astype(np.uint8) for name, array in arrays.items()}, source=source)
