"""What is written keeps the contract, whatever shape of Keras model it comes from."""

import hashlib
import subprocess
import sys

import numpy as np
import onnx
import pytest

from export.convert import to_onnx
from export.errors import ExportError
from export.network import open_network
from export.parity import onnx_probabilities
from tests.paths import ROOT


def export(path):
    network = open_network(path)
    return network, to_onnx(network)


def described(value):
    tensor = value.type.tensor_type
    return (
        value.name,
        onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type).name,
        [axis.dim_param or axis.dim_value for axis in tensor.shape.dim],
    )


def test_inputs_outputs_and_opset_are_those_of_the_contract(keras_file):
    _, model = export(keras_file)

    assert [described(each) for each in model.graph.input] == [
        ("image", "uint8", ["batch", 28, 28])
    ]
    assert [described(each) for each in model.graph.output] == [
        ("probabilities", "float32", ["batch", 10])
    ]
    assert [(each.domain, each.version) for each in model.opset_import] == [("", 13)]
    assert model.ir_version == 7
    assert {node.domain for node in model.graph.node} == {""}
    onnx.checker.check_model(model, full_check=True)


def test_names_are_readable(keras_file):
    _, model = export(keras_file)

    assert [node.name for node in model.graph.node][:4] == [
        "Cast_0",
        "Mul_0",
        "Reshape_0",
        "MatMul_0",
    ]
    assert [each.name for each in model.graph.initializer] == [
        "Mul_0.B",
        "Reshape_0.shape",
        "MatMul_0.B",
        "Add_0.B",
        "MatMul_1.B",
        "Add_1.B",
    ]


@pytest.mark.parametrize("ending", [".keras", ".h5"])
@pytest.mark.parametrize("shape", [(784,), (28, 28), (28, 28, 1)])
def test_every_accepted_input_gives_keras_answers(build, images, tmp_path, shape, ending):
    built = build(shape)
    path = tmp_path / f"model{ending}"
    built.save(path)

    network, model = export(path)

    assert network.image_shape == shape
    expected = built.predict(images.reshape(-1, *shape) / np.float32(255), verbose=0)
    actual = onnx_probabilities(model.SerializeToString())(images)
    assert len(set(expected.argmax(axis=1))) > 1
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-6)


def test_logits_get_a_softmax(build, images, tmp_path):
    build(activation=None).save(tmp_path / "logits.keras")
    build(activation="softmax").save(tmp_path / "softmax.keras")

    network, model = export(tmp_path / "logits.keras")
    _, expected = export(tmp_path / "softmax.keras")

    assert network.softmax_added
    np.testing.assert_allclose(
        onnx_probabilities(model.SerializeToString())(images),
        onnx_probabilities(expected.SerializeToString())(images),
        rtol=0,
        atol=1e-6,
    )


def test_convolutions_are_exported(images, tmp_path):
    import keras

    layers = keras.layers
    built = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(10, "softmax"),
        ]
    )
    built.save(tmp_path / "model.keras")

    network, model = export(tmp_path / "model.keras")

    actual = onnx_probabilities(model.SerializeToString())(images)
    np.testing.assert_allclose(actual, network.probabilities(images), rtol=0, atol=1e-5)


@pytest.mark.slow
def test_same_weights_same_bytes(keras_file, build):
    script = (
        "import sys, hashlib; from pathlib import Path; from export.network import open_network; "
        "from export.convert import to_onnx; model = to_onnx(open_network(Path(sys.argv[1]))); "
        "print(hashlib.sha256(model.SerializeToString(deterministic=True)).hexdigest())"
    )
    _, first = export(keras_file)
    build(seed=9)
    _, second = export(keras_file)
    elsewhere = subprocess.run(
        [sys.executable, "-c", script, keras_file],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()

    content = first.SerializeToString(deterministic=True)
    assert second.SerializeToString(deterministic=True) == content
    assert hashlib.sha256(content).hexdigest() == elsewhere


def test_loops_are_refused(tmp_path):
    import keras

    class Looping(keras.layers.Layer):
        def call(self, x):
            import tensorflow as tf

            return tf.while_loop(
                lambda i, _: i < tf.cast(tf.reduce_max(x), tf.int32) + 2,
                lambda i, y: (i + 1, y * 0.5),
                (0, x),
            )[1]

        def compute_output_shape(self, shape):
            return shape

    from export.network import Network

    inputs = keras.Input((784,))
    outputs = keras.layers.Dense(10, "softmax")(Looping()(inputs))
    network = Network(keras.Model(inputs, outputs), (784,), softmax_added=False)

    with pytest.raises(ExportError, match="control flow of Loop"):
        to_onnx(network)
