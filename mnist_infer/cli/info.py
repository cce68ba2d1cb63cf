"""What `mnist-infer --info` tells: versions, models, and the device that a session really gets."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import Any

from mnist_infer import __version__
from mnist_infer.config import DEFAULT_MODEL, ModelConfig
from mnist_infer.errors import MnistInferError
from mnist_infer.inference import devices
from mnist_infer.inference.registry import bundled_info, bundled_models, has_int8


def describe(config: ModelConfig) -> dict[str, Any]:
    """Everything that a bug report needs, as JSON types; nothing broken here raises."""
    install = devices.runtime_install()
    return {
        "version": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: metadata.version(name) for name in ("numpy", "pillow")}
        | install.packages,
        "models": [_model(name) for name in bundled_models()],
        "providers": list(install.providers),
        "cuda": _cuda_state(),
        "session": _session(config),
    }


def format_info(info: dict[str, Any]) -> str:
    """The same for people."""
    packages = ", ".join(f"{name} {version}" for name, version in info["packages"].items())
    session = info["session"]
    precision = session["precision"]
    lines = [
        f"mnist-infer {info['version']}, Python {info['python']}, {info['platform']}",
        f"packages  {packages}",
        "models",
        *(
            f"  {entry['name']:<24}{entry['test_accuracy']:>8.2%} on MNIST's test set"
            f"{entry['size_bytes'] / 1e6:>6.1f} MB  {', '.join(entry['precisions']):<15}"
            f"sha256 {entry['sha256'][:16]}"
            f"{'  (default)' if entry['default'] else ''}"
            for entry in info["models"]
        ),
        "devices",
        "  cpu   always",
        f"  cuda  {'works' if info['cuda']['works'] else info['cuda']['reason']}",
        "session",
        f"  {session['error']}"
        if session["error"]
        else f"  {session['model']}{f' in {precision}' if precision else ''} runs on "
        f"{session['device']}, {session['threads']} thread(s)",
    ]
    return "\n".join(lines)


def _model(name: str) -> dict[str, Any]:
    info = bundled_info(name)
    return {
        "name": name,
        "default": name == DEFAULT_MODEL,
        "sha256": info.sha256,
        "size_bytes": info.size_bytes,
        "test_accuracy": info.sidecar["test_accuracy"],
        "precisions": ["float32", "int8"] if has_int8(name) else ["float32"],
        "recipe": info.sidecar["recipe"],
    }


def _cuda_state() -> dict[str, Any]:
    from mnist_infer.recognizer import Recognizer

    try:
        Recognizer(device="cuda")
    except MnistInferError as error:
        return {"works": False, "reason": str(error)}
    return {"works": True, "reason": None}


def _session(config: ModelConfig) -> dict[str, Any]:
    from mnist_infer.recognizer import Recognizer

    session = {
        "model": config.model,
        "precision": None,
        "device": None,
        "threads": config.threads,
        "error": None,
    }
    try:
        recognizer = Recognizer.from_config(config)
    except MnistInferError as error:
        return session | {"error": str(error)}
    return session | {"precision": recognizer.model.precision, "device": recognizer.device}
