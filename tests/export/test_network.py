"""What cannot be exported is refused in one sentence: what was found, and what to do."""

import keras
import numpy as np
import pytest

from export.errors import ExportError
from export.network import open_network

layers = keras.layers


def refusal(path):
    with pytest.raises(ExportError) as caught:
        open_network(path)
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_missing_file_is_named(tmp_path):
    assert "no file" in refusal(tmp_path / "model.keras")


@pytest.mark.parametrize("name", ["model.keras", "model.h5", "model.txt"])
def test_what_is_no_keras_model_is_refused(tmp_path, name):
    (tmp_path / name).write_text("not a model")
    assert "Keras does not open" in refusal(tmp_path / name)


@pytest.mark.filterwarnings("ignore:You are saving a model that has not yet been built")
def test_an_unbuilt_model_is_refused(tmp_path):
    keras.Sequential([layers.Dense(10, "softmax")]).save(tmp_path / "model.keras")
    assert "before it was built" in refusal(tmp_path / "model.keras")


def test_built_on_data_is_fine(tmp_path):
    model = keras.Sequential([layers.Dense(10, "softmax")])
    model(np.zeros((2, 784), np.float32))
    model.save(tmp_path / "model.keras")
    assert open_network(tmp_path / "model.keras").image_shape == (784,)


@pytest.mark.parametrize(
    ("shape", "found"), [((32, 32), "[batch, 32, 32]"), ((28, 28, 3), "[batch, 28, 28, 3]")]
)
def test_a_wrong_input_shape_is_named(build, tmp_path, shape, found):
    build(shape).save(tmp_path / "model.keras")
    message = refusal(tmp_path / "model.keras")
    assert f"takes {found}" in message
    assert "28 x 28 x 1" in message


def test_two_inputs_are_refused(tmp_path):
    inputs = [keras.Input((784,)), keras.Input((784,))]
    keras.Model(inputs, layers.Dense(10, "softmax")(layers.Add()(inputs))).save(
        tmp_path / "model.keras"
    )
    assert "takes [batch, 784] and [batch, 784]" in refusal(tmp_path / "model.keras")


def test_a_wrong_number_of_classes_is_named(build, tmp_path):
    build(classes=26).save(tmp_path / "model.keras")
    assert "gives [batch, 26]" in refusal(tmp_path / "model.keras")


def test_sigmoid_is_neither_probabilities_nor_logits(build, tmp_path):
    build(activation="sigmoid").save(tmp_path / "model.keras")
    assert "sigmoid" in refusal(tmp_path / "model.keras")


def test_weights_that_are_not_finite_are_refused(build, tmp_path):
    model = build()
    model.set_weights([np.full_like(each, np.nan) for each in model.get_weights()])
    model.save(tmp_path / "model.keras")
    assert "not finite" in refusal(tmp_path / "model.keras")


@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_code_in_a_file_is_not_run(tmp_path, ending):
    path = tmp_path / f"model{ending}"
    keras.Sequential(
        [keras.Input((784,)), layers.Lambda(lambda x: x * 2), layers.Dense(10, "softmax")]
    ).save(path)
    assert "Lambda" in refusal(path)
