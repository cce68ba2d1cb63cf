"""Parity is proved on what could go wrong, and its failures name the image."""

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from export.convert import to_onnx
from export.errors import ParityError
from export.network import open_network
from export.parity import BATCH_SIZES, image_sets, onnx_probabilities, prove
from export.report import parity_report
from export.sidecar import Exported


@pytest.fixture(scope="module")
def network(keras_file):
    return open_network(keras_file)


@pytest.fixture
def model(network) -> onnx.ModelProto:
    return to_onnx(network)


@pytest.fixture
def answers(model):
    return onnx_probabilities(model.SerializeToString())


def proved(model, network, sets):
    return prove(onnx_probabilities(model.SerializeToString()), network.probabilities, sets)


def weights(model, name):
    return next(each for each in model.graph.initializer if each.name == name)


def test_holds_for_an_honest_export(model, network, images):
    parity = proved(model, network, image_sets(images))

    assert parity.images == 2 * len(images) + 2
    assert [(row.images, row.batch_size) for row in parity.rows] == [
        (name, size) for name in ("test", "noise", "black and white") for size in BATCH_SIZES
    ]
    assert parity.label_changes == 0
    assert 0 < parity.max_abs_difference <= 1e-5


def test_names_the_worst_image(model, network, images):
    """A pixel that only image 17 inks gets another weight: only that image suffers."""
    images = images.copy()
    images[:, 0, 0] = 0
    images[17, 0, 0] = 255
    tensor = weights(model, "MatMul_0.B")
    tampered = numpy_helper.to_array(tensor).copy()
    tampered[0] += 5
    tensor.CopyFrom(numpy_helper.from_array(tampered, tensor.name))
    keras, onnx_ = (
        each(images[17:18])[0]
        for each in (network.probabilities, onnx_probabilities(model.SerializeToString()))
    )

    with pytest.raises(ParityError) as caught:
        proved(model, network, {"test": images})

    message = str(caught.value)
    assert "worst is test image 17: " in message
    assert f"Keras says {keras.argmax()} ({keras.max():.6f})" in message
    assert f"ONNX says {onnx_.argmax()} ({onnx_.max():.6f})" in message
    assert "nothing was written" in message


def test_a_repeated_set_names_its_own_image(answers):
    extremes = np.stack([np.zeros((28, 28)), np.full((28, 28), 255)]).astype(np.uint8)

    def wrong_in_large_batches(images):
        rows = answers(images)
        if len(images) == 128:
            rows[101] = np.eye(10)[0]
        return rows

    with pytest.raises(ParityError, match=r"batch size 128.*black and white image 1:"):
        prove(wrong_in_large_batches, answers, {"black and white": extremes})


def test_rows_that_do_not_sum_to_one_fail(answers, images):
    def shifted(images):
        return answers(images) + np.float32(3e-6)

    with pytest.raises(ParityError, match="sum differs from 1 by"):
        prove(shifted, answers, {"test": images})


def test_nan_is_a_failure(answers, images):
    def broken(images):
        return np.full((len(images), 10), np.nan, np.float32)

    with pytest.raises(ParityError, match="test image 0"):
        prove(broken, answers, {"test": images})


def test_the_slightest_influence_of_neighbours_is_caught(answers, images):
    """Far below every other limit: in float64, so that it is not rounded away."""

    def exact(images):
        return answers(images).astype(np.float64)

    def influenced(images):
        return exact(images) + 1e-12 * images.mean()

    with pytest.raises(ParityError, match=r"batch size 7: rows that change with what stands"):
        prove(influenced, exact, {"test": images})


def test_a_row_that_differs_alone_is_caught(answers, images):
    """Its sum stays 1: what one digit gains, another loses."""

    def uneven(images):
        rows = answers(images)
        if len(images) > 1:
            rows += np.float32([4e-6, -4e-6, *[0] * 8])
        return rows

    with pytest.raises(ParityError, match="batch size 7: alone and in a batch, a probability"):
        prove(uneven, answers, {"test": images})


def test_dynamic_quantization_is_caught(model, network, images):
    """Really, by ONNX Runtime: DynamicQuantizeLinear takes one scale over the batch."""
    graph = model.graph
    place = next(i for i, node in enumerate(graph.node) if node.name == "MatMul_1")
    activation = graph.node[place].input[0]
    graph.node[place].input[0] = "dequantized"
    parts = ["quantized", "quantized_scale", "quantized_zero"]
    graph.node.insert(place, helper.make_node("DequantizeLinear", parts, ["dequantized"]))
    graph.node.insert(place, helper.make_node("DynamicQuantizeLinear", [activation], parts))
    onnx.checker.check_model(model, full_check=True)

    with pytest.raises(ParityError, match="a probability differs from Keras'"):
        proved(model, network, {"test": images})


def test_report_has_a_row_per_set_and_batch_size(model, network, images):
    parity = proved(model, network, image_sets(images))

    text = parity_report("tiny", "python -m export model.keras", Exported(b"", 0.9789, parity))

    assert text.startswith("# Parity of tiny with its Keras model\n\n```\n$ python -m export ")
    assert (
        sum(line.startswith(("| test", "| noise", "| black")) for line in text.splitlines()) == 12
    )
    assert "97.89%" in text
