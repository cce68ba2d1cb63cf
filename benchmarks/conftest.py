"""What is measured: every bundled model, on every device that really works here."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from benchmarks.contenders import load, variants
from mnist_infer import DeviceError, Recognizer
from mnist_infer.config import DEFAULT_MODEL, Device
from mnist_infer.inference.registry import bundled_info, bundled_models
from tests.conftest import mnist, mnist_path

if TYPE_CHECKING:
    from benchmarks.peers import Peers

__all__ = ["mnist", "mnist_path"]


@pytest.fixture(
    scope="session", params=[each for name in bundled_models() for each in variants(name)]
)
def variant(request: pytest.FixtureRequest) -> str:
    """A bundled model in one of its arithmetics."""
    return str(request.param)


@pytest.fixture(scope="session", params=["cpu", "cuda"])
def device(request: pytest.FixtureRequest) -> Device:
    """A device; `recognizer` skips where it does not work."""
    chosen: Device = request.param
    return chosen


@pytest.fixture(scope="session")
def recognizer(variant: str, device: Device) -> Recognizer:
    """The model on the device, with one CPU thread."""
    try:
        return load(variant, device)
    except DeviceError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def peers() -> Peers:
    """Other ways to run the default model's network."""
    from benchmarks.keras_reference import keras_reference
    from benchmarks.peers import find_peers

    network, _ = keras_reference(bundled_info(DEFAULT_MODEL))
    noise = np.random.default_rng(0).integers(0, 256, (100, 28, 28), np.uint8)
    return find_peers(network, noise)


@pytest.fixture(scope="session")
def picture() -> NDArray[np.uint8]:
    """A seven of our own, dark on light paper, uint8 (200, 200)."""
    image = Image.new("L", (200, 200), 235)
    ImageDraw.Draw(image).line([(60, 50), (140, 50), (90, 160)], fill=30, width=14, joint="curve")
    return np.asarray(image)


@pytest.fixture(scope="session")
def picture_path(picture: NDArray[np.uint8], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same seven as a PNG."""
    path = tmp_path_factory.mktemp("pictures") / "seven.png"
    Image.fromarray(picture).save(path)
    return path
