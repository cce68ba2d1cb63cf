"""The row network as ONNX: names, shapes, and the same answers as Keras."""

import keras
import numpy as np
import onnxruntime
import pytest

from export.rows import CLASSES, INPUT, OUTPUT, to_onnx
from mnist_infer.errors import ModelIntegrityError
from mnist_infer.imaging.row_image import ROW_HEIGHT
from mnist_infer.inference import registry
from mnist_infer.inference.softmax import softmax
from train.rows.network import BLANK, SIGN, build


def test_gives_what_keras_gives_for_rows_of_any_width():
    network = build()
    session = onnxruntime.InferenceSession(
        to_onnx(network).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    rng = np.random.default_rng(0)
    for count, width in ((1, 40), (3, 128)):
        rows = rng.integers(0, 256, (count, ROW_HEIGHT, width), np.uint8)
        (found,) = session.run([OUTPUT], {INPUT: rows})
        logits = np.asarray(network(rows.astype(np.float32), training=False))
        assert found.shape == (count, width // 4, CLASSES)
        expected = softmax(logits)
        # A sign between digits is a blank.
        expected[..., BLANK] += expected[..., SIGN]
        np.testing.assert_allclose(np.exp(found), expected[..., :SIGN], atol=1e-5)


def test_a_sure_sign_is_a_blank_and_no_digit_becomes_impossible():
    network = build()
    logits = network.get_layer("logits").output
    sure = keras.Model(network.input, logits + 1000.0 * np.eye(SIGN + 1, dtype=np.float32)[SIGN])
    session = onnxruntime.InferenceSession(
        to_onnx(sure).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    (found,) = session.run([OUTPUT], {INPUT: np.zeros((1, ROW_HEIGHT, 8), np.uint8)})
    np.testing.assert_allclose(found[..., BLANK], 0, atol=1e-5)
    assert np.isfinite(found).all()


def test_the_bundled_row_network_is_checked_by_its_hash(monkeypatch, tmp_path):
    content = registry.read_row_model()
    assert onnxruntime.InferenceSession(content).get_inputs()[0].name == INPUT
    folder = tmp_path / "rows"
    folder.mkdir()
    bundled = registry._FOLDER / "rows"
    (folder / "rows.json").write_bytes((bundled / "rows.json").read_bytes())
    (folder / "rows.onnx").write_bytes(content + b"\0")
    monkeypatch.setattr(registry, "_FOLDER", tmp_path)
    with pytest.raises(ModelIntegrityError, match="reinstall"):
        registry.read_row_model()
