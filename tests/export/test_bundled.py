"""The models in the wheel are what their sidecars say, and still answer MNIST as they say."""

import hashlib
import json
from pathlib import Path

import onnx
import pytest

from export.parity import onnx_probabilities

MODELS = Path(__file__).parents[2] / "mnist_infer" / "models"


@pytest.fixture(params=sorted(path.stem for path in MODELS.glob("*.onnx")))
def name(request):
    return request.param


@pytest.fixture
def sidecar(name):
    return json.loads((MODELS / f"{name}.json").read_text())


@pytest.fixture
def content(sidecar):
    return (MODELS / sidecar["file"]).read_bytes()


def test_every_model_has_its_sidecar():
    models = {path.stem for path in MODELS.glob("*.onnx")}
    assert models == {path.stem for path in MODELS.glob("*.json")}


def test_sidecar_is_of_this_file(name, sidecar, content):
    assert sidecar["name"] == name
    assert sidecar["sha256"] == hashlib.sha256(content).hexdigest()
    assert sidecar["size_bytes"] == len(content)
    assert sidecar["parity"]["label_changes"] == 0
    assert sidecar["parity"]["max_abs_difference"] <= 1e-5


def test_sidecar_and_metadata_agree(sidecar, content):
    model = onnx.load_from_string(content)
    metadata = {each.key: each.value for each in model.metadata_props}

    assert json.loads(metadata["labels"]) == sidecar["labels"]
    assert metadata["input_polarity"] == sidecar["input"]["polarity"]
    assert metadata["input_range"] == "{}..{}".format(*sidecar["input"]["range"])
    for key in (
        "preprocessing",
        "recipe",
        "seed",
        "dataset",
        "test_accuracy",
        "keras_sha256",
        "version",
        "licence",
    ):
        assert metadata[key] == str(sidecar[key])
    assert metadata.get("temperature") == _said(sidecar.get("temperature"))


def _said(value):
    return None if value is None else str(value)


def test_graph_keeps_the_contract(sidecar, content):
    model = onnx.load_from_string(content)
    onnx.checker.check_model(model, full_check=True)

    assert model.ir_version == sidecar["ir_version"] == 7
    assert [(each.domain, each.version) for each in model.opset_import] == [("", sidecar["opset"])]
    for value, said in zip(
        (*model.graph.input, *model.graph.output),
        (sidecar["input"], sidecar["output"]),
        strict=True,
    ):
        tensor = value.type.tensor_type
        assert value.name == said["name"]
        assert onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type).name == said["dtype"]
        assert [axis.dim_param or axis.dim_value for axis in tensor.shape.dim] == said["shape"]


def test_accuracy_is_what_the_sidecar_says(sidecar, content, mnist):
    answers = onnx_probabilities(content)(mnist.x_test).argmax(axis=1)
    assert (answers == mnist.y_test).mean() == sidecar["test_accuracy"]
