"""The row network as ONNX: names, shapes, and the same answers as Keras."""

import numpy as np
import onnxruntime
import pytest

from export.rows import CLASSES, INPUT, OUTPUT, to_onnx
from mnist_infer.errors import ModelIntegrityError
from mnist_infer.imaging.row_image import ROW_HEIGHT
from mnist_infer.inference import registry
from train.rows.network import build


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
        expected = logits - np.log(np.exp(logits).sum(axis=2, keepdims=True))
        np.testing.assert_allclose(found, expected, atol=1e-4)


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
