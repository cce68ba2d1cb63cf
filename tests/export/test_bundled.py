"""The models in the wheel are what their sidecars say, and still answer MNIST as they say."""

import hashlib
import json

import onnx
import pytest

from export.parity import onnx_probabilities
from export.threshold import measure_threshold
from tests.paths import ROOT

MODELS = ROOT / "mnist_infer" / "models"


SIDECARS = {path.stem: json.loads(path.read_text()) for path in MODELS.glob("*.json")}
FILES = {
    (name, precision): file
    for name, sidecar in sorted(SIDECARS.items())
    for precision, file in (("float32", sidecar), ("int8", sidecar.get("int8")))
    if file
}


@pytest.fixture(params=FILES, ids=" ".join)
def key(request):
    return request.param


@pytest.fixture
def sidecar(key):
    return SIDECARS[key[0]]


@pytest.fixture
def file(key):
    return FILES[key]


@pytest.fixture
def content(file):
    return (MODELS / file["file"]).read_bytes()


def test_every_file_has_its_sidecar():
    assert {path.name for path in MODELS.glob("*.onnx")} == {
        file["file"] for file in FILES.values()
    }


def test_sidecar_is_of_this_file(key, sidecar, file, content):
    assert sidecar["name"] == key[0]
    assert file["sha256"] == hashlib.sha256(content).hexdigest()
    assert file["size_bytes"] == len(content)
    if key[1] == "float32":
        assert file["parity"]["label_changes"] == 0
        assert file["parity"]["max_abs_difference"] <= 1e-5
    else:
        assert round(abs(file["test_accuracy"] - sidecar["test_accuracy"]), 6) <= 0.0002


def test_sidecar_and_metadata_agree(key, sidecar, file, content):
    model = onnx.load_from_string(content)
    metadata = {each.key: each.value for each in model.metadata_props}

    assert json.loads(metadata["labels"]) == sidecar["labels"]
    assert metadata["input_polarity"] == sidecar["input"]["polarity"]
    assert metadata["input_range"] == "{}..{}".format(*sidecar["input"]["range"])
    for field in (
        "preprocessing",
        "recipe",
        "seed",
        "dataset",
        "keras_sha256",
        "version",
        "licence",
    ):
        assert metadata[field] == str(sidecar[field])
    assert metadata["test_accuracy"] == str(file["test_accuracy"])
    assert metadata["precision"] == key[1]
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


def test_accuracy_is_what_the_sidecar_says(file, content, mnist):
    answers = onnx_probabilities(content)(mnist.x_test).argmax(axis=1)
    assert (answers == mnist.y_test).mean() == file["test_accuracy"]


@pytest.mark.parametrize("name", SIDECARS)
def test_the_threshold_is_the_one_that_the_export_measures(name, mnist):
    measured = measure_threshold(onnx_probabilities((MODELS / f"{name}.onnx").read_bytes()), mnist)
    assert measured.fields().items() <= SIDECARS[name].items()
