"""Collect what `mnist-infer info` shows: versions, models, and the device that is really used."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import Any, get_args

from mnist_infer import __version__
from mnist_infer.config import DEFAULT_MODEL, ModelConfig
from mnist_infer.errors import MnistInferError
from mnist_infer.inference import devices
from mnist_infer.inference.registry import (
    ModelInfo,
    ReadingNetworkName,
    bundled_info,
    bundled_models,
    bundled_precisions,
    reading_network_info,
)


def describe(config: ModelConfig) -> dict[str, Any]:
    """Collect what a bug report needs, as JSON types; a broken install does not raise."""
    install = devices.runtime_install()
    return {
        "version": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: metadata.version(name) for name in ("numpy", "pillow")}
        | install.packages,
        "models": [_model(name) for name in bundled_models()],
        "reading_networks": [_reading_network(name) for name in get_args(ReadingNetworkName)],
        "providers": list(install.providers),
        "cuda": _cuda_state(),
        "session": _session(config),
    }


def format_info(info: dict[str, Any]) -> str:
    """Write the description of `describe` as text for people."""
    packages = ", ".join(f"{name} {version}" for name, version in info["packages"].items())
    session = info["session"]
    precision = session["precision"]
    lines = [
        f"mnist-infer {info['version']}, Python {info['python']}, {info['platform']}",
        f"packages  {packages}",
        "models (accuracy on MNIST's test set)",
        *(line for entry in info["models"] for line in _model_lines(entry)),
        *(_reading_network_line(entry) for entry in info["reading_networks"]),
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


def _model_lines(entry: dict[str, Any]) -> list[str]:
    """Write a line for each precision of a model."""
    name = f"{entry['name']} (default)" if entry["default"] else entry["name"]
    return [
        f"  {name:<23} {precision:<7} {file['test_accuracy']:7.2%} "
        f"{file['size_bytes'] / 1e6:4.1f} MB  sha256 {file['sha256'][:12]}"
        for precision, file in entry["precisions"].items()
    ]


def _reading_network_line(entry: dict[str, Any]) -> str:
    if entry["error"]:
        return f"  {entry['error']}"
    return (
        f"  {'network for ' + entry['name']:<23} {'float32':<15} "
        f"{entry['size_bytes'] / 1e6:4.1f} MB  sha256 {entry['sha256'][:12]}"
    )


def _model(name: str) -> dict[str, Any]:
    info = bundled_info(name)
    return {
        "name": name,
        "default": name == DEFAULT_MODEL,
        "precisions": {
            precision: _precision(bundled_info(name, precision))
            for precision in bundled_precisions(name)
        },
        "recommended_threshold": info.recommended_threshold,
        "recipe": info.sidecar["recipe"],
    }


def _precision(info: ModelInfo) -> dict[str, Any]:
    measured = info.sidecar["int8"] if info.precision == "int8" else info.sidecar
    return {
        "test_accuracy": measured["test_accuracy"],
        "size_bytes": info.size_bytes,
        "sha256": info.sha256,
    }


def _reading_network(name: ReadingNetworkName) -> dict[str, Any]:
    try:
        info = reading_network_info(name)
    except MnistInferError as error:
        return {"name": name, "error": str(error)}
    return {
        "name": info.name,
        "sha256": info.sha256,
        "size_bytes": info.size_bytes,
        "version": info.sidecar["version"],
        "exact_generated": info.sidecar["exact_generated"],
        "error": None,
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
