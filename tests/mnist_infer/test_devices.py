"""Devices: what is really used is said, and what is not available says why."""

from __future__ import annotations

import sys
from importlib import metadata
from types import ModuleType

import pytest

from mnist_infer import DeviceError, Recognizer
from mnist_infer.inference import devices


def pretend(monkeypatch: pytest.MonkeyPatch, packages: dict[str, str], providers: list[str] | None):
    """An install of ONNX Runtime that has these packages and providers; None: an empty folder."""

    def version(name: str) -> str:
        if name not in packages:
            raise metadata.PackageNotFoundError(name)
        return packages[name]

    module = ModuleType("onnxruntime")
    if providers is not None:
        module.__version__ = "1.30.0"
        module.InferenceSession = object
        module.get_available_providers = lambda: providers
    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.setitem(sys.modules, "onnxruntime", module)


def test_the_device_that_is_used_can_be_read():
    assert Recognizer(device="cpu").device == "cpu"


def test_an_unknown_device_is_refused():
    with pytest.raises(DeviceError, match="tpu"):
        Recognizer(device="tpu")


def test_cuda_is_real_or_an_error_that_says_what_to_do():
    if devices.CUDA in devices.runtime_install().providers:
        pytest.skip("this is the CUDA build of ONNX Runtime")
    with pytest.raises(DeviceError, match="pip install"):
        Recognizer(device="cuda")


def test_auto_works_everywhere():
    assert Recognizer(device="auto").device in ("cpu", "cuda")


class TestTheBrokenStatesOfAnInstall:
    def test_the_cpu_build(self, monkeypatch: pytest.MonkeyPatch):
        pretend(monkeypatch, {"onnxruntime": "1.30.0"}, ["CPUExecutionProvider"])
        assert "for CPUs only" in devices.why_no_cuda()

    def test_both_builds(self, monkeypatch: pytest.MonkeyPatch):
        both = {"onnxruntime": "1.30.0", "onnxruntime-gpu": "1.30.0"}
        pretend(monkeypatch, both, ["CPUExecutionProvider"])
        assert "both builds" in devices.why_no_cuda()

    def test_an_empty_folder(self, monkeypatch: pytest.MonkeyPatch):
        pretend(monkeypatch, {}, None)
        with pytest.raises(DeviceError, match="empty folder"):
            Recognizer()
        assert "broken" in devices.why_no_cuda()

    def test_nothing_installed(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setitem(sys.modules, "onnxruntime", None)
        with pytest.raises(DeviceError, match="cannot be imported"):
            Recognizer()

    def test_cuda_libraries_missing(self, monkeypatch: pytest.MonkeyPatch):
        providers = ["CUDAExecutionProvider", "CPUExecutionProvider"]
        pretend(monkeypatch, {"onnxruntime-gpu": "1.30.0"}, providers)
        reason = devices.why_no_cuda("libcublas.so.13 is missing")
        assert "libcublas.so.13" in reason
        assert "[cuda,cudnn]" in reason
