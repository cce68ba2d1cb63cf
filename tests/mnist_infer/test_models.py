"""Models: the bundled ones are what they say, and any digit classifier in ONNX will do."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from mnist_infer import ModelError, ModelIntegrityError, Recognizer, bundled_models, registry

from .conftest import FIXTURES

IMAGES = np.random.default_rng(0).integers(0, 256, (7, 28, 28), dtype=np.uint8)


class TestBundled:
    def test_both_networks_are_there_robust_and_as_documented(self):
        names = {"dense-512", "dense-512x2", "dense-512-documented", "dense-512x2-documented"}
        assert names <= set(bundled_models())

    @pytest.mark.parametrize("name", bundled_models())
    def test_the_sidecar_tells_the_truth(self, name: str):
        info = Recognizer(name).model
        content = info.path.read_bytes()
        assert info.sha256 == hashlib.sha256(content).hexdigest()
        assert info.size_bytes == len(content)
        assert info.sidecar["labels"] == [str(digit) for digit in range(10)]

    @pytest.mark.parametrize("name", bundled_models())
    def test_rows_are_probabilities_that_neighbours_do_not_change(self, name: str):
        recognizer = Recognizer(name)
        rows = recognizer.probabilities(IMAGES)
        np.testing.assert_allclose(rows.sum(axis=1), 1, atol=1e-6)
        beside_others = IMAGES.copy()
        beside_others[1:] = 255 - IMAGES[1:]
        np.testing.assert_array_equal(rows[0], recognizer.probabilities(beside_others)[0])
        np.testing.assert_allclose(rows[0], recognizer.probabilities(IMAGES[0])[0], atol=1e-6)

    def test_one_flipped_bit_is_found(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        folder = tmp_path / "models"
        shutil.copytree(registry._FOLDER, folder)
        monkeypatch.setattr(registry, "_FOLDER", folder)
        path = folder / "dense-512.onnx"
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        with pytest.raises(ModelIntegrityError, match="reinstall"):
            Recognizer("dense-512")

    def test_an_unknown_name_lists_the_known_ones(self):
        with pytest.raises(ModelError, match="dense-512"):
            Recognizer("dense-513")


class TestOwn:
    @pytest.mark.parametrize(
        ("file", "input_range"),
        [
            ("logits_nchw_float255.onnx", "0..255"),
            ("flat_float01.onnx", "0..1"),
            ("nhwc_float01.onnx", "0..1"),
        ],
    )
    def test_every_input_shape_gives_the_same_answers(self, file: str, input_range: str):
        expected = Recognizer(FIXTURES / "tiny.onnx").probabilities(IMAGES)
        own = Recognizer(FIXTURES / file, input_range=input_range)
        answers = own.probabilities(IMAGES)
        assert answers.shape == (7, 10)
        assert answers.dtype == np.float32
        np.testing.assert_allclose(answers, expected, atol=1e-5)
        assert own.probabilities(IMAGES[:0]).shape == (0, 10)

    def test_a_float_input_must_say_its_range(self):
        with pytest.raises(ModelError, match="--input-range"):
            Recognizer(FIXTURES / "logits_nchw_float255.onnx")

    @pytest.mark.parametrize(
        ("file", "says"), [("wrong_inputs.onnx", "2 inputs"), ("wrong_outputs.onnx", "10 classes")]
    )
    def test_what_is_no_digit_classifier_is_refused(self, file: str, says: str):
        with pytest.raises(ModelError, match=says):
            Recognizer(FIXTURES / file, input_range="0..1")

    def test_what_is_no_onnx_file_is_refused(self, tmp_path: Path):
        path = tmp_path / "not.onnx"
        path.write_text(json.dumps({"not": "onnx"}))
        with pytest.raises(ModelError, match="cannot load"):
            Recognizer(path)

    def test_a_file_that_is_not_there(self, tmp_path: Path):
        with pytest.raises(ModelError, match="no such model file"):
            Recognizer(tmp_path / "none.onnx")
