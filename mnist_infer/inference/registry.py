"""The models: which are bundled, what is known of them, and whether their bytes are unchanged.

Each bundled model is an ONNX file with a JSON sidecar of the same name, written by `export/`. Some
have a second file beside it: the same network in int8, which is faster on a CPU.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from mnist_infer.config import Precision
from mnist_infer.decode.files import NotRegularError, open_regular, size_of
from mnist_infer.errors import ModelError, ModelIntegrityError

MAX_BYTES = 500_000_000
"""The largest model file that is read: nearly 200 times the largest bundled one."""

_FOLDER = Path(__file__).parents[1] / "models"

ReadingNetworkName: TypeAlias = Literal["rows", "cells"]
"""A network that is asked beside the digit network: the row network, or the cell network."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What is known of a model without opening it."""

    name: str
    path: Path
    sha256: str
    size_bytes: int
    precision: Precision | None
    """`"float32"` or `"int8"`; None for a user's model, whose file alone knows."""
    sidecar: dict[str, Any]
    """The bundled JSON: recipe, seed, test accuracy, versions, parity; empty for a user's model."""

    @property
    def recommended_threshold(self) -> float | None:
        """The confidence below which an answer is uncertain; None for a user's model.

        The export chooses it on MNIST's last 5,000 training images and as many generated pictures
        without a digit.
        """
        return self.sidecar.get("recommended_threshold")


def bundled_models() -> list[str]:
    """List the names of the models in this package."""
    return sorted(path.stem for path in _FOLDER.glob("*.json"))


def bundled_info(name: str, precision: Precision = "auto") -> ModelInfo:
    """Return what is known of a bundled model, and of its file in a precision.

    `"auto"` means float32 here.

    Raises:
        ModelError: No such model is bundled, or not in that precision.
    """
    if precision not in ("auto", "float32", "int8"):
        raise ModelError(f"no precision named {precision!r}: choose auto, float32 or int8")
    bundled = bundled_models()
    if not bundled:
        raise ModelError(
            f"the bundled models are missing: there are none in {_FOLDER}; install mnist-infer "
            "again, or have the program that packed the app collect its data files "
            "(PyInstaller: --collect-data mnist_infer)"
        )
    if name not in bundled:
        raise ModelError(
            f"no model named {name!r}: bundled are {', '.join(bundled)}; "
            "or give the path of an .onnx file"
        )
    sidecar = json.loads((_FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    if precision == "int8" and "int8" not in sidecar:
        raise ModelError(f"{name} is not bundled in int8: leave the precision out")
    file = sidecar["int8"] if precision == "int8" else sidecar
    return ModelInfo(
        name=name,
        path=_FOLDER / file["file"],
        sha256=file["sha256"],
        size_bytes=file["size_bytes"],
        precision="int8" if precision == "int8" else "float32",
        sidecar=sidecar,
    )


def has_int8(model: str | os.PathLike[str]) -> bool:
    """Tell whether a model is a bundled one with an int8 file."""
    return model in bundled_models() and "int8" in bundled_info(str(model)).sidecar


def bundled_precisions(name: str) -> tuple[Precision, ...]:
    """List the precisions in which a bundled model comes; a CPU gets the first."""
    return ("int8", "float32") if has_int8(name) else ("float32",)


def read_model(
    model: str | os.PathLike[str], precision: Precision = "auto"
) -> tuple[ModelInfo, bytes]:
    """Read a bundled model (by name) or an ONNX file (by path), and what is known of it.

    A session is made from these very bytes, so nothing can change between check and use.

    Raises:
        ModelError: Neither a bundled model nor a readable file, or not in that precision.
        ModelIntegrityError: A bundled model that is not the one that was released.
    """
    if isinstance(model, str) and not _looks_like_path(model):
        info = bundled_info(model, precision)
        return info, _checked(info.path, _read(info.path), info.sha256)
    if precision != "auto":
        raise ModelError(f"{model}: a precision chooses among the files of a bundled model")
    path = Path(model)
    content = _read(path)
    digest = hashlib.sha256(content).hexdigest()
    return ModelInfo(str(path), path, digest, len(content), None, {}), content


def reading_network_info(name: ReadingNetworkName) -> ModelInfo:
    """Return what is known of the row network or the cell network.

    Raises:
        ModelError: Its files are missing.
    """
    path = _FOLDER / name / f"{name}.json"
    sidecar = json.loads(_read(path))
    return ModelInfo(
        name=name,
        path=path.with_name(sidecar["file"]),
        sha256=sidecar["sha256"],
        size_bytes=sidecar["size_bytes"],
        precision="float32",
        sidecar=sidecar,
    )


def reading_network_bytes(name: ReadingNetworkName) -> bytes:
    """Read the bytes of the row network or the cell network.

    Raises:
        ModelError: The file is missing.
        ModelIntegrityError: It is not the one that was released.
    """
    info = reading_network_info(name)
    return _checked(info.path, _read(info.path), info.sha256)


def _checked(path: Path, content: bytes, sha256: str) -> bytes:
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ModelIntegrityError(
            f"{path}: its bytes are not those of the released model {path.stem!r}; "
            "reinstall mnist-infer"
        )
    return content


def _looks_like_path(model: str) -> bool:
    return model.endswith(".onnx") or Path(model).name != model or os.path.isfile(model)  # noqa: PTH113


def _read(path: Path) -> bytes:
    try:
        with open_regular(path) as file:
            size = size_of(file)
            if size > MAX_BYTES:
                raise ModelError(
                    f"{path}: {size:,} bytes, and a model may have {MAX_BYTES:,}; "
                    "a digit classifier needs few of them"
                )
            return file.read(size)
    except NotRegularError:
        raise ModelError(f"{path}: a pipe or device; a model is a file") from None
    except FileNotFoundError:
        raise ModelError(f"{path}: no such model file") from None
    except OSError as error:
        raise ModelError(f"{path}: the model cannot be read ({error.strerror})") from error
