"""The models: which are bundled, what is known of them, and whether their bytes are the right ones.

Each bundled model is an ONNX file with a JSON sidecar of the same name, written by `export/`.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnist_infer.errors import ModelError, ModelIntegrityError

DEFAULT_MODEL = "dense-512x2"

_FOLDER = Path(__file__).with_name("models")


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What is known of a model without opening it."""

    name: str
    path: Path
    sha256: str
    size_bytes: int
    sidecar: dict[str, Any]
    """The bundled JSON: recipe, seed, test accuracy, versions, parity; empty for a user's model."""


def bundled_models() -> list[str]:
    """The names of the models in this package."""
    return sorted(path.stem for path in _FOLDER.glob("*.json"))


def bundled_info(name: str) -> ModelInfo:
    """What the sidecar of a bundled model says of it.

    Raises:
        ModelError: No such model is bundled.
    """
    sidecar_path = _FOLDER / f"{name}.json"
    if name not in bundled_models():
        raise ModelError(
            f"no model named {name!r}: bundled are {', '.join(bundled_models())}; "
            "or give the path of an .onnx file"
        )
    sidecar = json.loads(sidecar_path.read_text(encoding="utf-8"))
    return ModelInfo(
        name=name,
        path=_FOLDER / sidecar["file"],
        sha256=sidecar["sha256"],
        size_bytes=sidecar["size_bytes"],
        sidecar=sidecar,
    )


def read_model(model: str | os.PathLike[str]) -> tuple[ModelInfo, bytes]:
    """The bytes of a bundled model (by name) or of an ONNX file (by path), and what is known of it.

    A session is made from these very bytes, so nothing can change between check and use.

    Raises:
        ModelError: Neither a bundled model nor a readable file.
        ModelIntegrityError: A bundled model that is not the one that was released.
    """
    if isinstance(model, str) and not _looks_like_path(model):
        info = bundled_info(model)
        content = _read(info.path)
        if hashlib.sha256(content).hexdigest() != info.sha256:
            raise ModelIntegrityError(
                f"{info.path}: its bytes are not those of the released model {info.name!r}; "
                "reinstall mnist-infer"
            )
        return info, content
    path = Path(model)
    content = _read(path)
    digest = hashlib.sha256(content).hexdigest()
    return ModelInfo(str(path), path, digest, len(content), {}), content


def _looks_like_path(model: str) -> bool:
    return model.endswith(".onnx") or Path(model).name != model or Path(model).is_file()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise ModelError(f"{path}: no such model file") from None
    except OSError as error:
        raise ModelError(f"{path}: the model cannot be read ({error.strerror})") from error
