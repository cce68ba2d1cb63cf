"""The tiny models that other rooms test with are what their script builds."""

import pytest

from tests.fixtures import build_tiny_onnx

MODELS = build_tiny_onnx.models()


@pytest.mark.parametrize("name", MODELS)
def test_checked_in_file_is_what_the_script_builds(name):
    path = build_tiny_onnx.FOLDER / name
    assert path.read_bytes() == MODELS[name].SerializeToString(deterministic=True)
