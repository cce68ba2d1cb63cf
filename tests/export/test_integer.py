"""A network in integers stands for the float32 one, whatever its weights are."""

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from export.convert import to_onnx
from export.errors import ExportError, ParityError
from export.integer import LARGEST_WEIGHT, to_integer
from export.network import Network, open_network
from export.parity import image_sets, onnx_probabilities, prove_integer
from export.report import integer_report
from export.sidecar import Exported
from mnist_infer.inference.devices import import_onnxruntime


@pytest.fixture(scope="module")
def float32(keras_file):
    return to_onnx(open_network(keras_file))


@pytest.fixture(scope="module")
def integer(float32, images):
    return to_integer(float32, images)


@pytest.fixture
def deep():
    """784-24-24-10: the second hidden layer takes integers that the first one made."""
    import keras

    normal = keras.initializers.RandomNormal(stddev=0.2, seed=3)
    layers = [
        keras.layers.Dense(24, "relu", kernel_initializer=normal, bias_initializer=normal)
        for _ in range(2)
    ]
    model = keras.Sequential(
        [
            keras.Input((784,)),
            *layers,
            keras.layers.Dense(10, "softmax", kernel_initializer=normal, bias_initializer=normal),
        ]
    )
    return Network(model, (784,), softmax_added=False)


def answers(model):
    return onnx_probabilities(model.SerializeToString())


def test_answers_as_float32_does(float32, integer, images):
    assert np.abs(answers(integer)(images) - answers(float32)(images)).max() < 0.05


def test_deep_networks_answer_as_float32_does(deep, images):
    float32 = to_onnx(deep)
    integer = to_integer(float32, images)
    assert np.abs(answers(integer)(images) - answers(float32)(images)).max() < 0.05
    assert [node.op_type for node in integer.graph.node].count("QuantizeLinear") == 1


def test_neurons_that_only_have_a_bias_answer_as_in_float32(deep, images):
    """A sum's unit comes from the weights: without any, the bias would be beyond all integers."""
    for layer in deep.model.layers[:2]:
        kernel, bias = layer.get_weights()
        kernel[:, :4], bias[:4] = 0, [-3, 0, 0.5, 3]
        layer.set_weights([kernel, bias])
    float32 = to_onnx(deep)
    integer = to_integer(float32, images)
    assert np.abs(answers(integer)(images) - answers(float32)(images)).max() < 0.05


def test_onnx_runtime_makes_one_kernel_of_a_product_its_scales_and_its_bias(deep, images, tmp_path):
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    options.log_severity_level = 3  # It warns that such a file is for this machine alone.
    content = to_integer(to_onnx(deep), images).SerializeToString()
    onnxruntime.InferenceSession(content, options, ["CPUExecutionProvider"])
    nodes = [node.op_type for node in onnx.load(tmp_path / "optimized.onnx").graph.node]
    assert nodes.count("MatMulIntegerToFloat") == nodes.count("MatMulInteger") == 1
    assert nodes.count("Cast") == 1


def test_rounding_is_better_than_to_the_nearest(deep, images):
    """What GPTQ is for: on the images that it saw, sums are nearer the exact ones."""
    float32 = to_onnx(deep)
    integer = to_integer(float32, images)
    kernel = next(each for each in float32.graph.initializer if each.name == "MatMul_0.B")
    exact = numpy_helper.to_array(kernel).astype(np.float64)
    weights = {each.name: numpy_helper.to_array(each) for each in integer.graph.initializer}
    scales = weights["scales_0"].astype(np.float64) * 255
    pixels = images.reshape(-1, 784) / 255
    rounded = pixels @ (weights["weights_0"] * scales)
    nearest = pixels @ (np.rint(exact / scales) * scales)
    assert np.square(rounded - pixels @ exact).sum() < np.square(nearest - pixels @ exact).sum() / 2


def test_keeps_the_contract(float32, integer):
    assert integer.graph.input == float32.graph.input
    assert integer.graph.output == float32.graph.output
    assert (integer.ir_version, integer.opset_import) == (
        float32.ir_version,
        float32.opset_import,
    )
    assert {node.domain for node in integer.graph.node} == {""}


def test_no_pair_of_products_overflows_int16(integer):
    """CPUs without VNNI add pairs of products in int16 and cut off what does not fit."""
    weights = next(each for each in integer.graph.initializer if each.name == "weights_0")
    assert weights.data_type == onnx.TensorProto.INT8
    assert np.abs(numpy_helper.to_array(weights).astype(int)).max() <= LARGEST_WEIGHT
    assert 2 * 255 * LARGEST_WEIGHT < 2**15


def test_parity_holds_and_is_reported(float32, integer, images):
    labels = answers(float32)(images).argmax(axis=1)

    parity = prove_integer(answers(integer), answers(float32), image_sets(images), labels)

    assert parity.images == 2 * len(images) + 2
    assert parity.max_abs_difference > 0
    text = integer_report(
        "tiny", "python -m export model.keras --int8", Exported(b"", 0.9789, parity)
    )
    assert text.startswith("# Parity of tiny in integers with itself in float32\n")
    assert (
        sum(line.startswith(("| test", "| noise", "| black")) for line in text.splitlines()) == 12
    )


def test_lost_accuracy_is_refused(float32, images):
    labels = answers(float32)(images).argmax(axis=1)

    def worse(these):
        return np.roll(answers(float32)(these), 1, axis=1)

    with pytest.raises(ParityError, match=r"0\.00% of the test images are right, in float32 100"):
        prove_integer(worse, answers(float32), image_sets(images), labels)


def test_an_accuracy_that_differs_by_as_much_as_it_may_passes():
    """4,977 of 5,000 images are right and 4,978: as floats, the shares are further apart."""
    images = np.random.default_rng(0).integers(0, 256, (5000, 28, 28), np.uint8)
    images[:, 0, 0] = 0
    images[0, 0, 0] = 1
    labels = np.array([0] * 4978 + [1] * 22, np.uint8)

    def exact(these):
        return np.tile(np.float32([0.23, 0.21, *[0.07] * 8]), (len(these), 1))

    def changed(these):
        rows = exact(these)
        is_first = these[:, 0, 0] == 1
        rows[is_first, :2] = rows[is_first, 1::-1]
        return rows

    prove_integer(changed, exact, image_sets(images), labels)


def test_changed_labels_are_counted(images):
    """Six of the 40 images change, narrowly, and as many to right as to wrong."""
    labels = np.array([0] * 3 + [1] * 3 + [0] * 34)

    def exact(these):
        return np.tile(np.float32([0.26, 0.18, *[0.07] * 8]), (len(these), 1))

    def changed(these):
        rows = exact(these)
        for image in images[:6]:
            same = (these == image).all(axis=(1, 2))
            rows[same, :2] = rows[same, 1::-1]
        return rows

    with pytest.raises(ParityError, match="labels that differ from float32's: 6 "):
        prove_integer(changed, exact, image_sets(images), labels)


def test_other_layers_are_refused(images):
    import keras

    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            keras.layers.Conv2D(2, 3, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(10, "softmax"),
        ]
    )
    with pytest.raises(ExportError, match=r"dense layers with ReLU.*export it without --int8"):
        to_integer(to_onnx(Network(model, (28, 28, 1), softmax_added=False)), images)
