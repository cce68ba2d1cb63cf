"""The command writes all files or none, says what it assumed, and exits as it should."""

import hashlib
import inspect
import json
from importlib.metadata import version

import numpy as np
import onnx
import pytest
from typer.testing import CliRunner

from export.cli import app
from export.network import open_network
from export.parity import onnx_probabilities
from train.data import DataError, Mnist


@pytest.fixture
def stand_in(images, monkeypatch):
    """40 images in the place of MNIST."""
    labels = np.arange(40, dtype=np.uint8) % 10
    stand_in = Mnist(images, labels, images, labels, "40 images")
    monkeypatch.setattr("train.data.load_mnist", lambda _: stand_in)


@pytest.fixture
def run(stand_in, tmp_path):
    def run(path, *options):
        arguments = [str(path), "--name", "tiny", "--output", str(tmp_path / "out"), *options]
        return CliRunner().invoke(app, arguments)

    return run


def test_writes_model_sidecar_and_report(run, keras_file, tmp_path, images):
    report = tmp_path / "results" / "parity.md"

    result = run(keras_file, "--report", str(report))

    assert result.exit_code == 0, result.output
    assert "float values in 0..1, white ink on black, are assumed" in result.stdout
    assert "parity holds on 82 images" in result.stdout
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["tiny.json", "tiny.onnx"]
    assert f"--name tiny --report {report}" in report.read_text()

    content = (tmp_path / "out" / "tiny.onnx").read_bytes()
    sidecar = json.loads((tmp_path / "out" / "tiny.json").read_text())
    parity = sidecar.pop("parity")
    accuracy = sidecar.pop("test_accuracy")
    keras_sha256 = hashlib.sha256(keras_file.read_bytes()).hexdigest()
    assert parity.keys() == {"images", "max_abs_difference", "label_changes"}
    assert parity["label_changes"] == 0
    threshold = sidecar.pop("recommended_threshold")
    rejected = sidecar.pop("validation_digits_rejected")
    assert f"confidence of {threshold:g} are doubtful: {rejected:.1%} of" in result.stdout
    assert 0 <= sidecar.pop("generated_non_digits_rejected") <= 1
    assert 0 <= accuracy <= 1
    assert sidecar == {
        "name": "tiny",
        "version": "1.0.0",
        "file": "tiny.onnx",
        "sha256": hashlib.sha256(content).hexdigest(),
        "size_bytes": len(content),
        "parameters": 784 * 16 + 16 + 16 * 10 + 10,
        "recipe": None,
        "seed": None,
        "dataset": None,
        "temperature": None,
        "keras_sha256": keras_sha256,
        "labels": list("0123456789"),
        "input": {
            "name": "image",
            "dtype": "uint8",
            "shape": ["batch", 28, 28],
            "range": [0, 255],
            "polarity": "white-on-black",
        },
        "output": {"name": "probabilities", "dtype": "float32", "shape": ["batch", 10]},
        "preprocessing": "mnist-20x20-centre-of-mass",
        "opset": 13,
        "ir_version": 7,
        "licence": "MIT (weights); trained on MNIST, CC BY-SA 3.0",
        "versions": {name: version(name) for name in ("keras", "tensorflow", "tf2onnx", "onnx")},
    }
    metadata = {each.key: each.value for each in onnx.load_from_string(content).metadata_props}
    assert metadata == {
        "labels": '["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]',
        "input_polarity": "white-on-black",
        "input_range": "0..255",
        "preprocessing": "mnist-20x20-centre-of-mass",
        "precision": "float32",
        "test_accuracy": str(accuracy),
        "keras_sha256": keras_sha256,
        "version": "1.0.0",
        "licence": "MIT (weights); trained on MNIST, CC BY-SA 3.0",
    }


def test_writes_the_same_in_int8_at_once_and_afterwards(run, keras_file, tmp_path, images):
    result = run(keras_file, "--int8", "--report", str(tmp_path / "parity.md"))

    assert result.exit_code == 0, result.output
    assert "in int8: test accuracy" in result.stdout
    assert "# Parity of tiny in int8" in (tmp_path / "parity-int8.md").read_text()
    content = (tmp_path / "out" / "tiny-int8.onnx").read_bytes()
    sidecar = json.loads((tmp_path / "out" / "tiny.json").read_text())
    assert sidecar["file"] == "tiny.onnx"
    assert sidecar["int8"].keys() == {"file", "sha256", "size_bytes", "test_accuracy", "parity"}
    assert sidecar["int8"]["file"] == "tiny-int8.onnx"
    assert sidecar["int8"]["sha256"] == hashlib.sha256(content).hexdigest()
    metadata = {each.key: each.value for each in onnx.load_from_string(content).metadata_props}
    assert metadata["precision"] == "int8"
    float32 = onnx_probabilities((tmp_path / "out" / "tiny.onnx").read_bytes())
    assert np.allclose(onnx_probabilities(content)(images), float32(images), atol=0.05)

    models = tmp_path / "out"
    at_once = {path.name: path.read_bytes() for path in models.iterdir()}
    (models / "tiny-int8.onnx").unlink()
    record = json.loads(at_once["tiny.json"])
    del record["int8"]
    (models / "tiny.json").write_text(json.dumps(record))
    report = tmp_path / "parity-int8.md"
    report.unlink()

    result = CliRunner().invoke(
        app, ["quantize", "tiny", "--models", str(models), "--report", str(report)]
    )

    assert result.exit_code == 0, result.output
    assert {path.name: path.read_bytes() for path in models.iterdir()} == at_once
    assert (
        f"$ python -m export quantize tiny --models {models} --report {report}"
        in report.read_text()
    )


def test_a_model_that_is_not_there_cannot_be_quantized(stand_in, tmp_path):
    result = CliRunner().invoke(app, ["quantize", "tiny", "--models", str(tmp_path)])
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: cannot read {tmp_path / 'tiny.onnx'}")


@pytest.mark.parametrize(
    ("damaged", "content", "reason"),
    [
        ("tiny.json", b"not JSON", "tiny.json is damaged"),
        ("tiny.json", b"[]", "tiny.json is damaged"),
        ("tiny.onnx", b"not ONNX", "is not the file that"),
    ],
)
def test_a_damaged_model_cannot_be_quantized(run, keras_file, tmp_path, damaged, content, reason):
    assert run(keras_file).exit_code == 0
    (tmp_path / "out" / damaged).write_bytes(content)
    result = CliRunner().invoke(app, ["quantize", "tiny", "--models", str(tmp_path / "out")])
    assert result.exit_code == 1
    assert reason in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("share", [0, 0.5, 0.98])
def test_a_file_that_was_cut_off_is_refused_in_one_line(run, keras_file, tmp_path, share):
    whole = keras_file.read_bytes()
    cut = tmp_path / "model.keras"
    cut.write_bytes(whole[: int(share * len(whole))])
    result = run(cut)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: Keras does not open {cut}: ")
    assert result.stderr.count("\n") == 1


def test_the_run_says_recipe_seed_and_dataset(run, build, tmp_path):
    build().save(tmp_path / "model.keras")
    told = {"recipe": "dlwp", "seed": 7, "dataset": "MNIST"}
    (tmp_path / "run.json").write_text(json.dumps({**told, "epochs": 5}))

    result = run(tmp_path / "model.keras", "--model-version", "2.1.0")

    assert result.exit_code == 0, result.output
    sidecar = json.loads((tmp_path / "out" / "tiny.json").read_text())
    assert {key: sidecar[key] for key in told} == told
    metadata = {
        each.key: each.value for each in onnx.load(tmp_path / "out" / "tiny.onnx").metadata_props
    }
    assert (metadata["recipe"], metadata["seed"], metadata["version"]) == ("dlwp", "7", "2.1.0")


def test_the_temperature_of_the_run_is_folded_in(run, build, tmp_path, images):
    build().save(tmp_path / "model.keras")
    told = {"recipe": "robust-512", "seed": 7, "dataset": "MNIST"}
    calibration = {"calibration": {"temperature": 2.0, "held_out_loss": 0.1}}
    (tmp_path / "run.json").write_text(json.dumps({**told, **calibration}))

    result = run(tmp_path / "model.keras")

    assert result.exit_code == 0, result.output
    assert "divided by the run's temperature 2.000" in result.stdout
    assert json.loads((tmp_path / "out" / "tiny.json").read_text())["temperature"] == 2.0
    content = (tmp_path / "out" / "tiny.onnx").read_bytes()
    metadata = {each.key: each.value for each in onnx.load_from_string(content).metadata_props}
    assert metadata["temperature"] == "2.0"
    cold = open_network(tmp_path / "model.keras").probabilities(images)
    expected = np.sqrt(cold) / np.sqrt(cold).sum(axis=1, keepdims=True)
    assert np.allclose(onnx_probabilities(content)(images), expected, atol=1e-5)


def test_a_temperature_without_softmax_is_refused(run, build, tmp_path):
    build(activation=None).save(tmp_path / "model.keras")
    told = {"recipe": "robust-512", "seed": 7, "dataset": "MNIST"}
    (tmp_path / "run.json").write_text(json.dumps({**told, "calibration": {"temperature": 2.0}}))

    result = run(tmp_path / "model.keras")

    assert result.exit_code == 1
    assert "needs Dense with softmax as the last layer" in result.stderr


def test_a_damaged_run_is_refused(run, build, tmp_path):
    build().save(tmp_path / "model.keras")
    (tmp_path / "run.json").write_text("{}")

    result = run(tmp_path / "model.keras")

    assert result.exit_code == 1
    assert "run.json does not say recipe, seed and dataset" in result.stderr


def test_without_an_output_it_leaves_the_bundled_models_alone(
    stand_in, keras_file, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(app, [str(keras_file), "--name", "dense-512"])

    assert result.exit_code == 0, result.output
    assert (tmp_path / "runs" / "onnx" / "dense-512.onnx").is_file()


@pytest.mark.parametrize("command", app.registered_commands, ids=lambda command: command.name)
def test_no_command_writes_into_the_package_unless_told_to(command):
    parameters = inspect.signature(command.callback).parameters
    for folder in {"output", "models"} & parameters.keys():
        default = parameters[folder].default
        assert default.is_relative_to("runs/onnx"), f"{command.name}: {default}"


def test_the_same_model_gives_the_same_bytes(run, keras_file, tmp_path):
    def written():
        assert run(keras_file).exit_code == 0
        return [path.read_bytes() for path in sorted((tmp_path / "out").iterdir())]

    assert written() == written()


def test_a_softmax_that_is_appended_to_logits_is_reported(run, build, tmp_path):
    build(activation=None).save(tmp_path / "model.keras")

    result = run(tmp_path / "model.keras")

    assert result.exit_code == 0, result.output
    assert "its outputs are logits: softmax is appended" in result.stdout


def test_failed_parity_keeps_what_was_there(run, keras_file, tmp_path, monkeypatch):
    """The converter loses the bias: nothing is written, and the good file of yesterday stays."""
    import export.convert

    honest = export.convert.to_onnx

    def careless(network):
        model = honest(network)
        weights = next(each for each in model.graph.initializer if each.name == "MatMul_1.B")
        weights.raw_data = bytes(len(weights.raw_data))
        return model

    monkeypatch.setattr("export.convert.to_onnx", careless)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "tiny.onnx").write_bytes(b"good")

    result = run(keras_file, "--report", str(tmp_path / "parity.md"))

    assert result.exit_code == 1
    assert "error: parity does not hold at batch size 1" in result.stderr
    assert "worst is test image" in result.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["tiny.onnx"]
    assert (tmp_path / "out" / "tiny.onnx").read_bytes() == b"good"
    assert not (tmp_path / "parity.md").exists()


def test_where_one_file_cannot_be_written_none_is(run, keras_file, tmp_path):
    (tmp_path / "blocked").write_text("a file where a folder is needed")

    result = run(keras_file, "--report", str(tmp_path / "blocked" / "parity.md"))

    assert result.exit_code == 1
    assert "error: cannot write" in result.stderr
    assert list((tmp_path / "out").iterdir()) == []


def test_without_mnist_nothing_is_written(run, keras_file, tmp_path, monkeypatch):
    def missing(_):
        raise DataError("no MNIST here; name it with --data")

    monkeypatch.setattr("train.data.load_mnist", missing)

    result = run(keras_file)

    assert result.exit_code == 1
    assert result.stderr == "error: no MNIST here; name it with --data\n"
    assert not (tmp_path / "out").exists()


def test_a_model_of_other_classes_is_refused(run, build, tmp_path):
    build(classes=26).save(tmp_path / "model.keras")

    result = run(tmp_path / "model.keras")

    assert result.exit_code == 1
    assert result.stderr.startswith("error: ")
    assert "gives [batch, 26]" in result.stderr


@pytest.mark.parametrize("name", ["../escape", "Dense", "a b", "", "dense-512.", ".hidden"])
def test_a_bad_name_is_wrong_usage(keras_file, name):
    assert CliRunner().invoke(app, [str(keras_file), "--name", name]).exit_code == 2


def test_no_name_is_wrong_usage(keras_file):
    assert CliRunner().invoke(app, [str(keras_file)]).exit_code == 2
