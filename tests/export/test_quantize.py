"""A network in int8 answers as the float32 one does, whatever its weights are."""

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from export.convert import to_onnx
from export.errors import ExportError, ParityError
from export.network import Network, open_network
from export.parity import image_sets, onnx_probabilities, prove_int8
from export.quantize import MAX_WEIGHT, quantize, round_weights
from export.report import int8_report
from export.sidecar import Exported
from mnist_infer.inference.devices import import_onnxruntime


@pytest.fixture(scope="module")
def float32(keras_file):
    return to_onnx(open_network(keras_file))


@pytest.fixture(scope="module")
def int8(float32, images):
    return quantize(float32, images)


def deep_network():
    """784-24-24-10: the second hidden layer takes int8s that the first one made."""
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


@pytest.fixture
def deep():
    return deep_network()


@pytest.fixture(scope="module")
def deep_float32():
    return to_onnx(deep_network())


@pytest.fixture(scope="module")
def deep_int8(deep_float32, images):
    return quantize(deep_float32, images)


def answers(model):
    return onnx_probabilities(model.SerializeToString())


def test_answers_as_float32_does(float32, int8, images):
    assert np.abs(answers(int8)(images) - answers(float32)(images)).max() < 0.05


def test_deep_networks_answer_as_float32_does(deep_float32, deep_int8, images):
    assert np.abs(answers(deep_int8)(images) - answers(deep_float32)(images)).max() < 0.05


def test_neurons_that_only_have_a_bias_answer_as_in_float32(deep, images):
    for layer in deep.model.layers[:2]:
        kernel, bias = layer.get_weights()
        kernel[:, :4], bias[:4] = 0, [-3, 0, 0.5, 3]
        layer.set_weights([kernel, bias])
    float32 = to_onnx(deep)
    int8 = quantize(float32, images)
    assert np.abs(answers(int8)(images) - answers(float32)(images)).max() < 0.05


def test_onnx_runtime_makes_one_kernel_of_each_layer(deep_int8, tmp_path):
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "optimized.onnx")
    options.log_severity_level = 3  # It warns that such a file is for this machine alone.
    content = deep_int8.SerializeToString()
    onnxruntime.InferenceSession(content, options, ["CPUExecutionProvider"])
    nodes = [node.op_type for node in onnx.load(tmp_path / "optimized.onnx").graph.node]
    assert nodes == ["Reshape", "QGemm", "QGemm", "QGemm", "Softmax"]


def test_runtimes_that_fuse_nothing_give_the_same_answers(deep_int8, images):
    """They compute in float what lies between DequantizeLinear and QuantizeLinear."""
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    content = deep_int8.SerializeToString()
    session = onnxruntime.InferenceSession(content, options, ["CPUExecutionProvider"])
    (unfused,) = session.run(["probabilities"], {"image": images})
    # A value on the border of two int8s may become either.
    np.testing.assert_allclose(unfused, onnx_probabilities(content)(images), atol=0.01)


class TestRounding:
    @pytest.fixture
    def kernel(self):
        return np.random.default_rng(0).normal(0, 0.2, (784, 24))

    @pytest.fixture
    def moments(self, images):
        pixels = images.reshape(-1, 784).astype(np.float64)
        return pixels.T @ pixels / len(pixels)

    def test_changes_the_outputs_less_than_rounding_to_the_nearest(self, kernel, moments):
        scale = np.float32(np.abs(kernel).max() / MAX_WEIGHT)

        weights, _ = round_weights(kernel, moments, [scale])

        def error(rounded):
            difference = rounded * scale - kernel
            return (difference * (moments @ difference)).sum()

        assert error(weights) < error(np.rint(kernel / scale)) / 2

    def test_what_a_unit_does_not_see_keeps_its_weight_of_zero(self, kernel, moments):
        hidden = np.random.default_rng(1).random(kernel.shape) < 0.5
        kernel[hidden] = 0
        weights, _ = round_weights(kernel, moments, [np.float32(0.01)])
        assert not weights[hidden].any()
        assert weights[~hidden].any()

    def test_takes_the_scale_that_changes_the_outputs_least(self, kernel, moments):
        coarse, fine = np.float32(0.1), np.float32(np.abs(kernel).max() / MAX_WEIGHT)
        assert round_weights(kernel, moments, [coarse, fine])[1] == fine


def test_units_of_unlike_ranges_are_brought_nearer_to_one_another(deep, images):
    """All share one scale: without equalization the small ones would round to nothing."""
    kernel, bias = deep.model.layers[0].get_weights()
    later, later_bias = deep.model.layers[1].get_weights()
    shares = np.geomspace(1, 0.01, 24, dtype=np.float32)
    deep.model.layers[0].set_weights([kernel * shares, bias * shares])
    deep.model.layers[1].set_weights([later / shares[:, np.newaxis], later_bias])
    float32 = to_onnx(deep)
    assert np.abs(answers(quantize(float32, images))(images) - answers(float32)(images)).max() < 0.1


def test_keeps_the_contract(float32, int8):
    assert int8.graph.input == float32.graph.input
    assert int8.graph.output == float32.graph.output
    assert (int8.ir_version, int8.opset_import) == (
        float32.ir_version,
        float32.opset_import,
    )
    assert {node.domain for node in int8.graph.node} == {""}


def test_no_pair_of_products_overflows_int16(int8):
    """CPUs without VNNI add pairs of products in int16 and cut off what does not fit."""
    kernels = [each for each in int8.graph.initializer if each.name in ("weights_0", "weights_1")]
    assert len(kernels) == 2
    for weights in kernels:
        assert weights.data_type == onnx.TensorProto.INT8
        assert np.abs(numpy_helper.to_array(weights).astype(int)).max() <= MAX_WEIGHT
    assert 2 * 255 * MAX_WEIGHT < 2**15


def test_parity_holds_and_is_reported(float32, int8, images):
    labels = answers(float32)(images).argmax(axis=1)

    parity = prove_int8(answers(int8), answers(float32), image_sets(images), labels)

    assert parity.images == 2 * len(images) + 2
    assert parity.max_abs_difference > 0
    text = int8_report("tiny", "python -m export model.keras --int8", Exported(b"", 0.9789, parity))
    assert text.startswith("# Parity of tiny in int8 with itself in float32\n")
    assert (
        sum(line.startswith(("| test", "| noise", "| black")) for line in text.splitlines()) == 12
    )


def test_lost_accuracy_is_refused(float32, images):
    labels = answers(float32)(images).argmax(axis=1)

    def worse(these):
        return np.roll(answers(float32)(these), 1, axis=1)

    with pytest.raises(ParityError, match=r"0\.00% of the test images are right, in float32 100"):
        prove_int8(worse, answers(float32), image_sets(images), labels)


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

    prove_int8(changed, exact, image_sets(images), labels)


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
        prove_int8(changed, exact, image_sets(images), labels)


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
        quantize(to_onnx(Network(model, (28, 28, 1), softmax_added=False)), images)
