"""One image takes a shorter way through ONNX Runtime than a batch, to the same bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mnist_infer.config import ModelConfig
from mnist_infer.inference.registry import read_model
from mnist_infer.inference.session import Session, _OneImage

IMAGES: NDArray[np.uint8] = np.random.default_rng(0).integers(0, 256, (50, 28, 28), np.uint8)


class PublicOnly:
    """A session of ONNX Runtime that shows nothing but its public methods."""

    def __init__(self, session: Any) -> None:
        self.calls = 0
        self._session = session

    def io_binding(self) -> Any:
        return self._session.io_binding()

    def run_with_iobinding(self, binding: Any) -> None:
        self.calls += 1
        self._session.run_with_iobinding(binding)


@pytest.fixture
def session() -> Session:
    info, content = read_model("dense-512", "int8")
    return Session(content, info.name, ModelConfig(device="cpu"), is_bundled=True)


def one_by_one(session: Session) -> NDArray[np.float32]:
    return np.concatenate([session.run(IMAGES[k : k + 1]) for k in range(len(IMAGES))])


def test_images_alone_have_the_bits_of_a_batch_by_either_way(session: Session):
    shorter = one_by_one(session)
    public = PublicOnly(session._session)
    session._one_image = _OneImage(public, session._input.name, session._output)
    assert np.array_equal(shorter, one_by_one(session))
    assert public.calls == len(IMAGES)
    assert np.array_equal(shorter, session.run(IMAGES))


def test_the_shorter_way_is_taken_with_this_onnxruntime(
    session: Session, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_: object) -> None:
        raise AssertionError("the public method was called")

    monkeypatch.setattr(type(session._session), "run_with_iobinding", refuse)
    assert session.run(IMAGES[:1]).shape == (1, 10)
