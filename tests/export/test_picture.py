"""A picture in, a digit out, by one ONNX file: it answers as `predict` does, wherever it runs."""

from __future__ import annotations

import hashlib
import json
from typing import NamedTuple

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper
from PIL import Image

from export.drawings import draw_all
from export.errors import ExportError, ParityError
from export.picture import OPSETS, picture_model
from export.picture_export import default_network
from export.picture_parity import Drawing, prove_picture
from mnist_infer import Recognizer
from tests.glyphs import digit_mask
from tests.paths import ROOT

FOLDER = ROOT / "mnist_infer" / "models" / "picture"
BUNDLED = FOLDER / "digit.onnx"


class Answer(NamedTuple):
    probabilities: np.ndarray
    image: np.ndarray
    box: np.ndarray

    @property
    def digit(self) -> int:
        return int(self.probabilities.argmax())


@pytest.fixture(scope="module")
def network():
    return onnx.load(default_network())


@pytest.fixture(scope="module")
def run(network):
    session = onnxruntime.InferenceSession(
        picture_model(network).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return lambda picture: Answer(*session.run(None, {"picture": picture}))


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer(default_network(), device="cpu")


def drawing(digit: int, height: int, width: int, size: int, *, dark: bool, pen=0.1) -> np.ndarray:
    """A digit of our own, nearer to the bottom right corner of its canvas."""
    sheet = Image.new("L", (width, height), 255 if dark else 0)
    mask = digit_mask(digit, size, pen)
    place = (width - mask.width) * 2 // 3, (height - mask.height) * 2 // 3
    sheet.paste(0 if dark else 255, place, mask)
    return np.asarray(sheet)


@pytest.mark.parametrize("dark", [True, False], ids=["dark on bright", "bright on dark"])
@pytest.mark.parametrize(
    ("height", "width", "size"), [(40, 40, 28), (150, 100, 60), (280, 280, 180), (900, 1200, 500)]
)
def test_has_the_digit_that_predict_gives(run, recognizer, height, width, size, dark):
    for digit in range(10):
        for pen in (0.06, 0.16):
            picture = drawing(digit, height, width, size, dark=dark, pen=pen)

            assert run(picture).digit == recognizer.predict(picture).digit


def test_sees_what_predict_sees(run, recognizer):
    picture = drawing(5, 280, 200, 120, dark=True)
    expected = recognizer.explain(picture)

    answer = run(picture)

    assert answer.box.tolist() == list(expected.box)
    np.testing.assert_allclose(answer.image, expected.image, atol=48)
    np.testing.assert_allclose(answer.probabilities, expected.prediction.probabilities, atol=0.05)


@pytest.mark.parametrize("negative", [False, True])
def test_mnists_own_images_reach_the_network_unchanged(run, recognizer, negative):
    image = recognizer.explain(drawing(3, 160, 160, 90, dark=True)).image

    answer = run(255 - image if negative else image)

    np.testing.assert_array_equal(answer.image, image)
    np.testing.assert_array_equal(answer.probabilities, recognizer.probabilities(image)[0])


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_a_blank_canvas_has_ten_equal_probabilities(run, shade):
    answer = run(np.full((280, 280), shade, np.uint8))

    np.testing.assert_allclose(answer.probabilities, 0.1)
    assert not answer.box.any()
    assert not answer.image.any()


@pytest.mark.parametrize("shape", [(8, 8), (8, 300), (3000, 9), (4096, 4096)])
def test_any_size_has_finite_probabilities(run, shape):
    picture = np.full(shape, 255, np.uint8)
    picture[shape[0] // 4 : shape[0] // 2, shape[1] // 2] = 0

    probabilities = run(picture).probabilities

    assert np.isfinite(probabilities).all()
    assert probabilities.sum() == pytest.approx(1, abs=1e-4)


def test_noise_has_finite_probabilities(run):
    noise = np.random.default_rng(0).integers(0, 256, (64, 90), np.uint8)

    assert run(noise).probabilities.sum() == pytest.approx(1, abs=1e-4)


def test_adds_standard_operators_and_few_bytes(network):
    model = picture_model(network)

    assert {node.domain for node in model.graph.node} == {""}
    assert [each.version for each in model.opset_import] == [network.opset_import[0].version]
    assert model.opset_import[0].version in OPSETS
    assert model.ByteSize() - network.ByteSize() < 60_000


def test_takes_networks_in_float32_too(recognizer):
    model = picture_model(onnx.load(Recognizer("dense-512", precision="float32").model.path))
    session = onnxruntime.InferenceSession(model.SerializeToString())
    picture = drawing(7, 200, 200, 120, dark=True)

    (probabilities,) = session.run(["probabilities"], {"picture": picture})

    assert probabilities.argmax() == 7


def test_refuses_a_network_of_a_newer_opset(network):
    newer = onnx.ModelProto()
    newer.CopyFrom(network)
    newer.opset_import[0].version = 21

    with pytest.raises(ExportError, match="opset 13 to 17"):
        picture_model(newer)


def test_refuses_what_is_no_digit_network(network):
    identity = helper.make_graph(
        [helper.make_node("Identity", ["image"], ["same"])],
        "identity",
        [network.graph.input[0]],
        [helper.make_tensor_value_info("same", onnx.TensorProto.UINT8, ["batch", 28, 28])],
    )
    model = helper.make_model(identity, opset_imports=network.opset_import)

    with pytest.raises(ExportError, match="float32"):
        picture_model(model)


def test_parity_is_refused_where_digits_differ(recognizer):
    pictures = [drawing(digit, 100, 100, 60, dark=True) for digit in range(10)]
    drawings = [Drawing(each, each, digit) for digit, each in enumerate(pictures)]

    with pytest.raises(ParityError, match=r"10 drawings 10\.00% have the digit"):
        prove_picture(lambda _: 0, recognizer, [("ours", drawings)])


def test_drawings_are_the_same_at_each_call_and_differ_in_size():
    images = np.stack([np.asarray(digit_mask(4, 28).resize((28, 28)))] * 20)

    first, again = list(draw_all(images, 1)), list(draw_all(images, 1))

    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
    assert len({each.shape for each in first}) > 10


def test_the_bundled_file_is_the_bundled_network_with_preprocessing():
    record = json.loads(BUNDLED.with_suffix(".json").read_text())
    network = default_network()
    content = BUNDLED.read_bytes()

    assert record["sha256"] == hashlib.sha256(content).hexdigest()
    assert record["size_bytes"] == len(content)
    assert record["network"]["sha256"] == hashlib.sha256(network.read_bytes()).hexdigest(), (
        "the network has changed: python -m export picture --name digit --drawings DIR "
        "--output mnist_infer/models/picture"
    )


def test_the_package_takes_the_file_as_a_model():
    ours = Recognizer(BUNDLED, device="cpu")
    pictures = [drawing(digit, 120, 120, 80, dark=True) for digit in range(10)]

    digits = [answer.digit for answer in ours.predict_batch(pictures)]

    assert digits == [answer.digit for answer in Recognizer().predict_batch(pictures)]
    assert ours.probabilities(np.zeros((0, 28, 28), np.uint8)).shape == (0, 10)
