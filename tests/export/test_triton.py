"""The model repository is one by Triton's own definition, and says what the ONNX files are."""

import numpy as np
import onnx
import pytest
from typer.testing import CliRunner

from export.cli import app
from export.errors import ExportError
from export.files import write_all
from mnist_infer import Recognizer, bundled_models
from mnist_infer.inference.registry import bundled_info

DTYPES = {
    "TYPE_UINT8": onnx.TensorProto.UINT8,
    "TYPE_FP32": onnx.TensorProto.FLOAT,
}


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    folder = tmp_path_factory.mktemp("triton") / "models"
    result = CliRunner().invoke(
        app, ["triton", str(folder), "--instances", "3", "--storage-uri", "gs://bucket/models"]
    )
    assert result.exit_code == 0, result.output
    return folder


@pytest.fixture(params=bundled_models())
def name(request):
    return request.param


@pytest.fixture
def config(repository, name):
    """The configuration, read as Triton reads it: an unknown field or a wrong type is an error."""
    pytest.importorskip("grpc", reason="Triton's schema: pip install 'tritonclient[http]' grpcio")
    from google.protobuf import text_format
    from tritonclient.grpc.model_config_pb2 import ModelConfig

    return text_format.Parse((repository / name / "config.pbtxt").read_text(), ModelConfig())


def test_every_bundled_model_is_there(repository):
    assert sorted(path.name for path in repository.iterdir() if path.is_dir()) == bundled_models()


def test_the_version_folder_holds_the_released_bytes(repository, name):
    info = bundled_info(name)
    versions = [path.name for path in (repository / name).iterdir() if path.is_dir()]

    assert versions == [info.sidecar["version"].split(".")[0]]
    assert (repository / name / versions[0] / "model.onnx").read_bytes() == info.path.read_bytes()


def test_the_tensors_are_those_of_the_onnx_file(config, repository, name):
    (file,) = (repository / name).glob("*/model.onnx")
    graph = onnx.load(file).graph

    def said(tensor):
        data_type = type(tensor).DESCRIPTOR.fields_by_name["data_type"].enum_type
        return (
            tensor.name,
            DTYPES[data_type.values_by_number[tensor.data_type].name],
            [
                "batch",
                *tensor.dims,
            ],
        )

    def real(value):
        tensor = value.type.tensor_type
        shape = [axis.dim_param or axis.dim_value for axis in tensor.shape.dim]
        return value.name, tensor.elem_type, shape

    assert [said(each) for each in config.input] == [real(each) for each in graph.input]
    assert [said(each) for each in config.output] == [real(each) for each in graph.output]


def test_the_model_takes_the_largest_batch_that_triton_may_make(config, name):
    images = np.zeros((config.max_batch_size, 28, 28), np.uint8)

    assert Recognizer(name, device="cpu").probabilities(images).shape == (1024, 10)


def test_batching_instances_and_labels(config, repository, name):
    assert (config.name, config.backend) == (name, "onnxruntime")
    assert config.WhichOneof("scheduling_choice") == "dynamic_batching"
    assert [group.count for group in config.instance_group] == [3]
    labels = repository / name / config.output[0].label_filename
    assert labels.read_text().split() == list("0123456789")
    assert config.parameters["sha256"].string_value == bundled_info(name).sha256


def test_the_manifest_is_one_by_kserves_own_definition(repository):
    kserve = pytest.importorskip("kserve", reason="needs KServe's package: pip install kserve")
    import kubernetes.client
    import yaml

    plain = {"str": str, "int": int, "bool": bool}

    def check(value, type_name, place):
        model = getattr(kserve, type_name, None) or getattr(kubernetes.client, type_name, None)
        if model is None:
            assert isinstance(value, plain.get(type_name.partition("(")[0], dict)), place
            return
        attributes = {said: name for name, said in model.attribute_map.items()}
        assert value.keys() <= attributes.keys(), place
        for key, inner in value.items():
            check(inner, model.openapi_types[attributes[key]], f"{place}.{key}")

    manifest = yaml.safe_load((repository / "inference-service.yaml").read_text())
    check(manifest, "V1beta1InferenceService", "manifest")


def test_the_manifest_names_the_storage(repository):
    manifest = (repository / "inference-service.yaml").read_text()
    assert 'storageUri: "gs://bucket/models"' in manifest


def test_nothing_is_written_where_a_file_cannot_be(tmp_path):
    (tmp_path / "blocked").write_text("a file where a folder is needed")

    result = CliRunner().invoke(app, ["triton", str(tmp_path / "blocked")])

    assert result.exit_code == 1
    assert result.stderr.startswith("error: cannot write")
    with pytest.raises(ExportError):
        write_all({tmp_path / "blocked" / "x": b""})


def test_help_names_both_ways():
    shown = CliRunner().invoke(app, ["--help"]).stdout
    assert "keras" in shown
    assert "triton" in shown
