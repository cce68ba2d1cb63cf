"""The Open Inference Protocol v2, with Triton's own client and by hand."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from typing import Any

import httpx
import numpy as np
import pytest

from mnist_infer import Recognizer

from .conftest import MODEL, VERSION, Server

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    triton = pytest.importorskip(
        "tritonclient.http", reason='needs tritonclient[http]: pip install ".[dev]"'
    )

INFER = f"/v2/models/{MODEL}/infer"
RNG = np.random.default_rng(0)


@pytest.fixture
def unmodified(server: Server) -> Iterator[Any]:
    client = triton.InferenceServerClient(server.url.removeprefix("http://"))
    yield client
    client.close()


class TestTritonClient:
    def test_finds_the_server_ready_and_the_model_described(self, unmodified: Any):
        assert unmodified.is_server_live()
        assert unmodified.is_server_ready()
        assert unmodified.is_model_ready(MODEL)
        assert unmodified.is_model_ready(MODEL, VERSION)
        assert not unmodified.is_model_ready("none")
        assert "binary_tensor_data" in unmodified.get_server_metadata()["extensions"]
        metadata = unmodified.get_model_metadata(MODEL)
        assert metadata["inputs"] == [{"name": "image", "datatype": "UINT8", "shape": [-1, 28, 28]}]

    @pytest.mark.parametrize("count", [1, 512])
    @pytest.mark.parametrize("datatype", ["UINT8", "FP32"])
    @pytest.mark.parametrize("binary_in", [True, False])
    @pytest.mark.parametrize("binary_out", [True, False])
    def test_gets_the_rows_that_the_recognizer_gives(
        self,
        unmodified: Any,
        recognizer: Recognizer,
        count: int,
        datatype: str,
        binary_in: bool,
        binary_out: bool,
    ):
        images = RNG.integers(0, 256, (count, 28, 28), np.uint8)
        tensor = images if datatype == "UINT8" else (images / 255).astype(np.float32)
        given = triton.InferInput("image", list(tensor.shape), datatype)
        given.set_data_from_numpy(tensor, binary_data=binary_in)
        wanted = triton.InferRequestedOutput("probabilities", binary_data=binary_out)
        result = unmodified.infer(MODEL, [given], outputs=[wanted], request_id="a name")
        rows = result.as_numpy("probabilities")
        np.testing.assert_allclose(rows, recognizer.probabilities(images), atol=1e-6)
        assert result.get_response()["id"] == "a name"

    @pytest.mark.parametrize(
        ("name", "shape", "datatype", "says"),
        [
            ("image", (1, 28, 27), np.uint8, "shape .N, 28, 28."),
            ("image", (784,), np.uint8, "shape .N, 28, 28."),
            ("picture", (1, 28, 28), np.uint8, "'picture' .* send one tensor 'image'"),
            ("image", (1, 28, 28), np.int32, "'INT32' .* UINT8 or FP32"),
        ],
    )
    def test_is_told_what_is_wrong_with_a_tensor(
        self, unmodified: Any, name: str, shape: tuple[int, ...], datatype: type, says: str
    ):
        tensor = np.zeros(shape, datatype)
        code = {np.uint8: "UINT8", np.int32: "INT32"}[datatype]
        given = triton.InferInput(name, list(shape), code)
        given.set_data_from_numpy(tensor)
        with pytest.raises(triton.InferenceServerException, match=says) as caught:
            unmodified.infer(MODEL, [given])
        assert caught.value.status() == "400"

    def test_gets_a_404_for_an_unknown_model_or_version(self, unmodified: Any):
        given = triton.InferInput("image", [1, 28, 28], "UINT8")
        given.set_data_from_numpy(np.zeros((1, 28, 28), np.uint8))
        for model, version in (("none", ""), (MODEL, "9")):
            with pytest.raises(triton.InferenceServerException, match="there is") as caught:
                unmodified.infer(model, [given], model_version=version)
            assert caught.value.status() == "404"


def tensor(**fields: Any) -> dict[str, Any]:
    return {"name": "image", "datatype": "UINT8", "shape": [1, 28, 28], "data": [0] * 784} | fields


@pytest.mark.parametrize("data", [[7] * 784, [[[7] * 28] * 28]])
def test_data_may_be_flat_or_nested(client: httpx.Client, recognizer: Recognizer, data: list[Any]):
    response = client.post(INFER, json={"inputs": [tensor(data=data)]})
    expected = recognizer.probabilities(np.full((28, 28), 7, np.uint8))[0]
    assert response.json()["outputs"][0]["data"] == pytest.approx(expected.tolist(), abs=1e-6)


def test_whole_numbers_are_good_fp32(client: httpx.Client, recognizer: Recognizer):
    data = [0, 1] * 392
    response = client.post(INFER, json={"inputs": [tensor(datatype="FP32", data=data)]})
    expected = recognizer.probabilities(np.array(data, np.uint8).reshape(28, 28) * np.uint8(255))
    assert response.json()["outputs"][0]["data"] == pytest.approx(expected[0].tolist(), abs=1e-6)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("{", "not valid JSON"),
        ('{"inputs": [{"data": ' + "[" * 100_000, "not valid JSON"),
        ("[]", "Expected `object`, got `array`"),
        ({}, "missing required field `inputs`"),
        ({"inputs": [tensor(), tensor()]}, "`$.inputs`"),
        ({"inputs": [None]}, "`$.inputs[0]`"),
        ({"id": 7, "inputs": [tensor()]}, "`$.id`"),
        ({"parameters": [], "inputs": [tensor()]}, "`$.parameters`"),
        ({"inputs": [tensor(data=None)]}, "`$.inputs[0].data`"),
        ({"inputs": [{key: value for key, value in tensor().items() if key != "data"}]}, "neither"),
        ({"inputs": [tensor(data=[[1, 2], [3]])]}, "ragged"),
        ({"inputs": [tensor(data=["1"] * 784)]}, "whole numbers"),
        ({"inputs": [tensor(data=[0.5] * 784)]}, "whole numbers"),
        ({"inputs": [tensor(data=[10**30] * 784)]}, "whole numbers"),
        ({"inputs": [tensor(data=[256] * 784)]}, "0..255"),
        ({"inputs": [tensor(data=[0] * 783)]}, "783 values"),
        ({"inputs": [tensor(datatype="FP32", data=[255] * 784)]}, "scale them to 0..1"),
        ({"inputs": [tensor(datatype="FP32", data=[float("nan")] * 784)]}, "not valid JSON"),
        ({"inputs": [tensor(datatype=["UINT8"])]}, "`$.inputs[0].datatype`"),
        ({"inputs": [tensor(shape=[0, 28, 28])]}, "`int` >= 1 - at `$.inputs[0].shape[0]`"),
        ({"inputs": [tensor(shape="1")]}, "`$.inputs[0].shape`"),
        ({"inputs": [tensor(shape=[True, 28, 28])]}, "got `bool` - at `$.inputs[0].shape[0]`"),
        ({"inputs": [tensor(parameters={"binary_data_size": 784})]}, "784"),
        (
            {"inputs": [tensor()], "outputs": [{"name": "logits"}]},
            "'logits' - at `$.outputs[0].name`",
        ),
        ({"inputs": [tensor()], "outputs": 7}, "`$.outputs`"),
        (
            {
                "inputs": [tensor()],
                "outputs": [{"name": "probabilities", "parameters": {"classification": 3}}],
            },
            "classification",
        ),
    ],
)
def test_a_malformed_request_is_told_what_is_wrong(client: httpx.Client, body: object, says: str):
    content = body if isinstance(body, str) else json.dumps(body)
    response = client.post(INFER, content=content)
    assert response.status_code == 400
    assert says in response.json()["error"]


@pytest.mark.parametrize("length", ["x", "-1", "9999999", "9" * 5000])
def test_a_header_length_that_the_body_does_not_have_is_refused(client: httpx.Client, length: str):
    headers = {"Inference-Header-Content-Length": length}
    response = client.post(INFER, content=b"{}", headers=headers)
    assert response.status_code == 400
    assert "the body has 2 bytes" in response.json()["error"]


def test_a_wrong_address_is_a_404_and_a_wrong_method_a_405(client: httpx.Client):
    for response in (client.get("/v2/none"), client.get("/v2/models/none")):
        assert response.status_code == 404
        assert isinstance(response.json()["error"], str)
    assert client.get(INFER).status_code == 405
