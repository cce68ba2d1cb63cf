"""Models: the bundled ones are what they say, and any digit classifier in ONNX will do."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from mnist_infer import (
    DeviceError,
    ModelError,
    Recognizer,
    bundled_models,
)
from mnist_infer.inference import registry
from mnist_infer.inference.ensemble import SURE
from tests.paths import FIXTURES
from tests.pictures import drawn

if TYPE_CHECKING:
    from train.data import Mnist

IMAGES = np.random.default_rng(0).integers(0, 256, (7, 28, 28), dtype=np.uint8)


class TestBundled:
    def test_both_networks_are_there_robust_and_as_documented(self):
        names = {"dense-512", "dense-512x2", "dense-512-documented", "dense-512x2-documented"}
        assert names <= set(bundled_models())

    def test_where_none_is_bundled_the_error_says_what_is_missing(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(registry, "_FOLDER", tmp_path)
        with pytest.raises(ModelError, match=r"models are missing.*--collect-data mnist_infer"):
            Recognizer()

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

    def test_a_cpu_takes_int8_where_it_is_bundled(self):
        assert Recognizer("dense-512", device="cpu").model.precision == "int8"
        assert Recognizer("dense-512", device="cpu", precision="float32").model.precision == (
            "float32"
        )
        assert Recognizer("dense-512-documented", device="cpu").model.precision == "float32"

    def test_int8_answers_as_float32_does(self, mnist: Mnist):
        for name in ("dense-512", "dense-512x2"):
            rows = [
                Recognizer(name, device="cpu", precision=precision).probabilities(mnist.x_test)
                for precision in ("float32", "int8")
            ]
            assert (rows[0].argmax(axis=1) != rows[1].argmax(axis=1)).sum() <= 5

    def test_one_image_gets_the_answer_of_a_batch(self):
        """One image alone goes its own way, without a batch's allocations."""
        images = np.stack([Recognizer().explain(drawn(digit)).image for digit in range(10)])
        for precision in ("float32", "int8"):
            recognizer = Recognizer(device="cpu", precision=precision)
            alone = np.concatenate([recognizer.probabilities(image) for image in images])
            assert np.abs(alone - recognizer.probabilities(images)).max() <= 1e-6

    def test_a_result_is_the_callers_own(self):
        recognizer = Recognizer(device="cpu")
        first = recognizer.probabilities(np.zeros((1, 28, 28), np.uint8))
        kept = first.copy()
        recognizer.probabilities(np.full((1, 28, 28), 255, np.uint8))
        assert (first == kept).all()

    def test_int8_is_refused_where_there_is_none(self):
        with pytest.raises(ModelError, match="not bundled in int8"):
            Recognizer("dense-512-documented", precision="int8")
        with pytest.raises(ModelError, match="a precision chooses among"):
            Recognizer(FIXTURES / "tiny.onnx", precision="int8")
        with pytest.raises(DeviceError, match="int8 is for CPUs"):
            Recognizer("dense-512", precision="int8", device="cuda")

    def test_a_name_longer_than_any_file_system_allows_is_refused(self):
        with pytest.raises(ModelError, match="no model named 'xxx"):
            Recognizer("x" * 5000)

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

    def test_the_other_networks_have_no_say_in_its_answers(self, monkeypatch):
        own = Recognizer(FIXTURES / "tiny.onnx", device="cpu")
        for name in ("_read_row", "_classify_cells"):
            monkeypatch.setattr(own, name, lambda _: pytest.fail("was asked"))
        explanation = own.explain(drawn(1))
        alone = own.probabilities(explanation.inputs.variants).mean(axis=0)
        assert own.predict(drawn(1)).probabilities == pytest.approx(alone, abs=1e-6)
        assert alone.max() < SURE

    def test_a_float_input_must_say_its_range(self):
        with pytest.raises(ModelError, match="--input-range"):
            Recognizer(FIXTURES / "logits_nchw_float255.onnx")

    @pytest.mark.parametrize(
        ("file", "says"), [("wrong_inputs.onnx", "2 inputs"), ("wrong_outputs.onnx", "10 classes")]
    )
    def test_what_is_no_digit_classifier_is_refused(self, file: str, says: str):
        with pytest.raises(ModelError, match=says):
            Recognizer(FIXTURES / file)

    def test_what_is_no_onnx_file_is_refused(self, tmp_path: Path):
        path = tmp_path / "not.onnx"
        path.write_text(json.dumps({"not": "onnx"}))
        with pytest.raises(ModelError, match="not an ONNX file"):
            Recognizer(path)

    def test_a_file_that_is_not_there_is_named(self, tmp_path: Path):
        with pytest.raises(ModelError, match="no such model file"):
            Recognizer(tmp_path / "none.onnx")
