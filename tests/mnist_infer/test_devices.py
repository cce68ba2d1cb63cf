"""Devices: what is really used is said, and what is not available says why."""

from __future__ import annotations

import sys
from importlib import metadata
from types import ModuleType

import pytest

from mnist_infer import DeviceError, Recognizer
from mnist_infer.inference import devices
from tests.paths import SEVEN


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
        pytest.skip("needs the build of ONNX Runtime for CPUs: pip install onnxruntime")
    with pytest.raises(DeviceError, match="pip install"):
        Recognizer(device="cuda")


def test_auto_is_a_device_that_answers():
    recognizer = Recognizer(device="auto")
    assert recognizer.device in ("cpu", "cuda")
    assert recognizer.predict(SEVEN).digit == 7


class TestTheBrokenStatesOfAnInstall:
    def test_the_build_for_cpus_has_no_cuda(self, monkeypatch: pytest.MonkeyPatch):
        pretend(monkeypatch, {"onnxruntime": "1.30.0"}, ["CPUExecutionProvider"])
        with pytest.raises(DeviceError, match=r"for CPUs only.*pip install"):
            Recognizer(device="cuda")

    def test_both_builds_overwrite_each_other(self, monkeypatch: pytest.MonkeyPatch):
        both = {"onnxruntime": "1.30.0", "onnxruntime-gpu": "1.30.0"}
        pretend(monkeypatch, both, ["CPUExecutionProvider"])
        with pytest.raises(DeviceError, match=r"both builds.*pip uninstall"):
            Recognizer(device="cuda")

    def test_an_empty_folder_is_named(self, monkeypatch: pytest.MonkeyPatch):
        pretend(monkeypatch, {}, None)
        with pytest.raises(DeviceError, match="empty folder"):
            Recognizer()

    def test_without_onnx_runtime_it_says_so(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setitem(sys.modules, "onnxruntime", None)
        with pytest.raises(DeviceError, match="cannot be imported"):
            Recognizer()

    def test_a_missing_cuda_library_is_named(self, monkeypatch: pytest.MonkeyPatch):
        providers = ["CUDAExecutionProvider", "CPUExecutionProvider"]
        pretend(monkeypatch, {"onnxruntime-gpu": "1.30.0"}, providers)
        reason = devices.why_no_cuda("libcublas.so.13 is missing")
        assert "libcublas.so.13" in reason
        assert "[cuda,cudnn]" in reason
