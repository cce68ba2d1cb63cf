"""Whether CUDA is among what the other benchmarks measure."""

from __future__ import annotations

import pytest

from benchmarks.conftest import WHY_NO_CUDA
from benchmarks.contenders import load
from benchmarks.cuda import runs_wholly_on_cuda
from mnist_infer.config import DEFAULT_MODEL


def test_cuda() -> None:
    """Skipped once, with the reason, where CUDA does not work."""
    if WHY_NO_CUDA is not None:
        pytest.skip(WHY_NO_CUDA)
    recognizer = load(DEFAULT_MODEL, "cuda")
    assert recognizer.device == "cuda"
    assert runs_wholly_on_cuda(recognizer.model.path)
