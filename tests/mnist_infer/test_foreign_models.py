"""A model from a stranger: whatever is wrong with it is a `ModelError`, in one sentence."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mnist_infer import ModelError, ModelIntegrityError, Recognizer
from mnist_infer.inference import registry
from tests.paths import FIXTURES, PAGE, SEVEN
from tests.pictures import drawn

TINY = onnx.load(FIXTURES / "tiny.onnx")
Change = Callable[[onnx.ModelProto], None]


def changed(change: Change) -> onnx.ModelProto:
    model = onnx.ModelProto()
    model.CopyFrom(TINY)
    change(model)
    return model


def write(folder: Path, model: onnx.ModelProto | bytes) -> Path:
    path = folder / "own.onnx"
    path.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
    return path


def refused(path: Path) -> str:
    """Why a model is refused, in one sentence that begins with its name."""
    with pytest.raises(ModelError) as caught:
        Recognizer(path, device="cpu")
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    assert "onnxruntime_src" not in message
    return message.removeprefix(f"{path}: ")


def newer_opset(model: onnx.ModelProto) -> None:
    model.opset_import[0].version = 999


def newer_ir(model: onnx.ModelProto) -> None:
    model.ir_version = 999


def unknown_operator(model: onnx.ModelProto) -> None:
    model.graph.node[1].op_type = "Frobnicate"


def unknown_domain(model: onnx.ModelProto) -> None:
    model.graph.node[1].domain = "com.example"


def no_graph(model: onnx.ModelProto) -> None:
    model.ClearField("graph")


def wrong_side(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[2].dim_value = 32


def scalar_input(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.ClearField("dim")


def text_input(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.STRING


def whole_numbers_out(model: onnx.ModelProto) -> None:
    model.graph.node.append(
        helper.make_node("Cast", ["probabilities"], ["whole"], to=TensorProto.INT64)
    )
    model.graph.output[0].name = "whole"
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.INT64


def not_a_number(model: onnx.ModelProto) -> None:
    votes = np.full((49, 10), np.nan, np.float32)
    model.graph.initializer[3].CopyFrom(numpy_helper.from_array(votes, "votes"))


def fails_when_run(model: onnx.ModelProto) -> None:
    shape = np.array([-1, 7, 4, 7, 5])
    model.graph.initializer[1].CopyFrom(numpy_helper.from_array(shape, "cells_shape"))


def no_text(model: onnx.ModelProto) -> None:
    model.graph.output[0].name = "ÿÿ"
    model.graph.node[-1].output[0] = "ÿÿ"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (newer_opset, "needs opset 999"),
        (newer_ir, "IR version: 999"),
        (unknown_operator, "Frobnicate"),
        (unknown_domain, "com.example"),
        (no_graph, "cannot load"),
        (wrong_side, "28"),
        (scalar_input, "shape"),
        (text_input, "tensor(string)"),
        (whole_numbers_out, "10 classes"),
        (not_a_number, "not ten finite numbers"),
        (fails_when_run, "cannot"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, change: Change, says: str):
    assert says in refused(write(tmp_path, changed(change)))


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", b"\x08", b'{"not": "onnx"}', b"\x89PNG\r\n\x1a\n", b"\0\0\0\0ORTM" + bytes(99)],
    ids=["empty", "text", "cut", "json", "png", "ort format"],
)
def test_what_is_no_onnx(tmp_path: Path, content: bytes):
    refused(write(tmp_path, content))


def test_cut_anywhere(tmp_path: Path):
    content = TINY.SerializeToString()
    for size in range(0, len(content), 97):
        refused(write(tmp_path, content[:size]))


def test_names_that_are_no_text(tmp_path: Path):
    content = changed(no_text).SerializeToString().replace("ÿÿ".encode(), b"\xff\xfe\xff\xfe")
    refused(write(tmp_path, content))


def at_most_three_rows(model: onnx.ModelProto) -> None:
    model.graph.node[-1].output[0] = "all"
    for name, value in (("first", 0), ("behind", 3)):
        model.graph.initializer.append(numpy_helper.from_array(np.array([value]), name))
    model.graph.node.append(
        helper.make_node("Slice", ["all", "first", "behind"], ["probabilities"])
    )


def no_numbers_for_what_is_drawn(model: onnx.ModelProto) -> None:
    """Adds a root of what is below 0 unless all pixels are alike."""
    model.graph.node[-1].output[0] = "all"
    model.graph.initializer.append(numpy_helper.from_array(np.float32(0.01), "little"))
    for operator, inputs, output, options in (
        ("ReduceMax", ["row"], "most", {"axes": [1]}),
        ("ReduceMin", ["row"], "least", {"axes": [1]}),
        ("Sub", ["most", "least"], "range", {}),
        ("Sub", ["little", "range"], "rest", {}),
        ("Sqrt", ["rest"], "root", {}),
        ("Add", ["all", "root"], "probabilities", {}),
    ):
        model.graph.node.append(helper.make_node(operator, inputs, [output], **options))


@pytest.mark.parametrize("change", [at_most_three_rows, no_numbers_for_what_is_drawn])
def test_answers_that_turn_bad_later_are_refused_too(tmp_path: Path, change: Change):
    recognizer = Recognizer(write(tmp_path, changed(change)), device="cpu")
    assert recognizer.probabilities(np.zeros((3, 28, 28), np.uint8)).shape == (3, 10)
    with pytest.raises(ModelError, match=r"own\.onnx: gives .* not ten finite numbers for each"):
        recognizer.predict_batch([drawn(digit) for digit in range(7)])


@pytest.mark.parametrize("batch", [-1, 0, 2**31, 2**62])
def test_batches_that_no_memory_holds(tmp_path: Path, batch: int):
    def fix(model: onnx.ModelProto) -> None:
        for value in (model.graph.input[0], model.graph.output[0]):
            value.type.tensor_type.shape.dim[0].dim_value = batch

    path = write(tmp_path, changed(fix))
    if batch == -1:  # Another way to say that any will do.
        Recognizer(path, device="cpu").probabilities(np.zeros((3, 28, 28), np.uint8))
    else:
        refused(path)


class TestExternalData:
    """Weights in other files: a path that an attacker chose. None is ever opened."""

    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        inside = tmp_path / "models"
        inside.mkdir()
        (tmp_path / "secret").write_bytes(bytes(49 * 10 * 4))
        (inside / "weights").write_bytes(bytes(49 * 10 * 4))
        monkeypatch.chdir(inside)
        return inside

    def external(self, tensor: onnx.TensorProto, location: str) -> None:
        tensor.ClearField("raw_data")
        tensor.ClearField("float_data")
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in {"location": location, "offset": "0", "length": "1960"}.items():
            tensor.external_data.add(key=key, value=value)

    @pytest.mark.parametrize(
        "location",
        ["weights", "../secret", "{folder}/secret", "/dev/zero", "*/_ORT_MEM_ADDR_/*"],
    )
    def test_in_the_graph(self, folder: Path, location: str):
        def outsource(model: onnx.ModelProto) -> None:
            self.external(model.graph.initializer[3], location.format(folder=folder.parent))

        assert "never opened" in refused(write(folder, changed(outsource)))

    def test_in_a_node_of_an_inner_graph(self, folder: Path):
        value = numpy_helper.from_array(np.zeros((49, 10), np.float32), "value")
        self.external(value, "../secret")
        constant = helper.make_node("Constant", [], ["hidden"], value=value)
        inner = helper.make_graph(
            [constant], "inner", [], [helper.make_tensor_value_info("hidden", 1, [49, 10])]
        )

        def outsource(model: onnx.ModelProto) -> None:
            model.graph.initializer.append(numpy_helper.from_array(np.array(True), "yes"))
            model.graph.node.insert(
                0, helper.make_node("If", ["yes"], ["o"], then_branch=inner, else_branch=inner)
            )

        assert "never opened" in refused(write(folder, changed(outsource)))

    def test_in_a_function(self, folder: Path):
        value = numpy_helper.from_array(np.zeros((49, 10), np.float32), "value")
        self.external(value, "../secret")
        function = helper.make_function(
            "com.example",
            "F",
            [],
            ["y"],
            [helper.make_node("Constant", [], ["y"], value=value)],
            [helper.make_opsetid("", 13)],
        )

        def outsource(model: onnx.ModelProto) -> None:
            model.functions.append(function)

        assert "never opened" in refused(write(folder, changed(outsource)))

    def test_a_field_number_that_parsers_cut_differently(self, folder: Path):
        content = TINY.SerializeToString()
        # Field 7 (the graph) plus 2**32, as a varint: some parsers would read 7.
        refused(write(folder, content + b"\xba\x80\x80\x80\x80\x01\x00"))


class TestFiles:
    def test_two_gigabytes_are_not_read(self, tmp_path: Path):
        path = write(tmp_path, TINY)
        with path.open("r+b") as file:
            file.truncate(2 * 10**9)
        assert f"{registry.MAX_BYTES:,}" in refused(path)

    @pytest.mark.skipif(os.name == "nt", reason="POSIX files")
    def test_pipes_folders_and_devices(self, tmp_path: Path):
        pipe = tmp_path / "pipe.onnx"
        os.mkfifo(pipe)
        assert "pipe" in refused(pipe)
        assert "pipe or device" in refused(Path("/dev/zero"))
        assert "cannot be read" in refused(tmp_path)


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_a_flipped_byte_of_a_bundled_model_is_found_before_onnx_runtime_sees_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: registry.Precision
):
    def never(*arguments: object) -> None:
        raise AssertionError("a session was made")

    monkeypatch.setattr("mnist_infer.recognizer.Session", never)
    path = registry.bundled_info("dense-512", precision).path
    content = path.read_bytes()
    (tmp_path / "dense-512.json").write_bytes((registry._FOLDER / "dense-512.json").read_bytes())
    monkeypatch.setattr(registry, "_FOLDER", tmp_path)
    for place in np.linspace(0, len(content) - 1, 40, dtype=int):
        flipped = bytearray(content)
        flipped[place] ^= 1
        (tmp_path / path.name).write_bytes(flipped)
        with pytest.raises(ModelIntegrityError, match="reinstall"):
            Recognizer("dense-512", device="cpu", precision=precision)


@pytest.mark.parametrize(
    ("name", "ask", "picture"),
    [("rows", Recognizer.read, PAGE), ("cells", Recognizer.predict, SEVEN)],
)
def test_a_flipped_byte_of_the_row_or_cell_network_is_found(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: registry.ReadingNetworkName,
    ask: Callable[[Recognizer, Path], object],
    picture: Path,
):
    folder = shutil.copytree(registry._FOLDER, tmp_path / "models")
    monkeypatch.setattr(registry, "_FOLDER", folder)
    path = registry.reading_network_info(name).path
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(ModelIntegrityError, match="reinstall"):
        ask(Recognizer(device="cpu"), picture)
