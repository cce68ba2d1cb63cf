"""The bodies of the Open Inference Protocol v2: JSON and binary tensors <-> arrays.

One input, `image`: UINT8 or FP32 `[N, 28, 28]`, white ink on black. FP32 pixels are 0..1, as
everywhere in this package. One output, `probabilities`: FP32 `[N, 10]`.
"""

from __future__ import annotations

from dataclasses import dataclass
from reprlib import repr as shortened
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from mnist_infer.server.errors import MalformedRequestError

INPUT: dict[str, Any] = {"name": "image", "datatype": "UINT8", "shape": [-1, 28, 28]}
OUTPUT: dict[str, Any] = {"name": "probabilities", "datatype": "FP32", "shape": [-1, 10]}

_DTYPES: dict[str, np.dtype[Any]] = {"UINT8": np.dtype("u1"), "FP32": np.dtype("<f4")}


@dataclass(frozen=True, slots=True, eq=False)
class InferRequest:
    """What the JSON of a request says."""

    id: str | None
    dtype: np.dtype[Any]
    shape: tuple[int, int, int]
    binary_size: Any
    """Of the tensor that follows, as the client has it; None: the tensor is in `data`."""

    data: Any
    wants_binary: bool


def decode_request(
    body: bytes, header_length: int | None
) -> tuple[InferRequest, NDArray[np.uint8]]:
    """Read a request and its images, uint8 `(N, 28, 28)`.

    Args:
        body: JSON, and after it the binary tensor where there is one.
        header_length: The length of the JSON where a binary tensor follows.

    Raises:
        MalformedRequestError: Anything but one tensor of images; the message says what was found.
    """
    end = len(body) if header_length is None else header_length
    request = _read_request(body[:end])
    return request, _images(request, body[end:])


def encode_response(
    request: InferRequest, rows: NDArray[np.float32], model: str, version: str
) -> tuple[bytes, int | None]:
    """The body of the response, and the length of its JSON where a binary tensor follows."""
    output: dict[str, Any] = {**OUTPUT, "shape": list(rows.shape)}
    response: dict[str, Any] = {"model_name": model, "model_version": version}
    if request.id is not None:
        response["id"] = request.id
    response["outputs"] = [output]
    if not request.wants_binary:
        output["data"] = rows.ravel()
        return orjson.dumps(response, option=orjson.OPT_SERIALIZE_NUMPY), None
    tensor = rows.astype(_DTYPES["FP32"], copy=False).tobytes()
    output["parameters"] = {"binary_data_size": len(tensor)}
    header = orjson.dumps(response)
    return header + tensor, len(header)


def _read_request(text: bytes) -> InferRequest:
    request = _json_object(text)
    identifier = request.get("id")
    if identifier is not None and not isinstance(identifier, str):
        raise MalformedRequestError("'id' must be a string")
    tensor = _only_input(request)
    datatype = tensor.get("datatype")
    dtype = _DTYPES.get(datatype) if isinstance(datatype, str) else None
    if dtype is None:
        raise MalformedRequestError(
            f"datatype {shortened(datatype)} is not taken; send UINT8 or FP32"
        )
    return InferRequest(
        id=identifier,
        dtype=dtype,
        shape=_shape(tensor.get("shape")),
        binary_size=_parameters(tensor).get("binary_data_size"),
        data=tensor.get("data"),
        wants_binary=_wants_binary(request),
    )


def _json_object(text: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(text)
    except ValueError as error:
        raise MalformedRequestError(f"the request is not valid JSON ({error})") from None
    if not isinstance(value, dict):
        raise MalformedRequestError("the request must be a JSON object")
    return value


def _only_input(request: dict[str, Any]) -> dict[str, Any]:
    inputs = request.get("inputs")
    if not isinstance(inputs, list) or len(inputs) != 1 or not isinstance(inputs[0], dict):
        raise MalformedRequestError("'inputs' must be a list of one tensor, 'image'")
    tensor: dict[str, Any] = inputs[0]
    if tensor.get("name") != INPUT["name"]:
        raise MalformedRequestError(
            f"no input named {shortened(tensor.get('name'))}; there is 'image'"
        )
    return tensor


def _images(request: InferRequest, tail: bytes) -> NDArray[np.uint8]:
    if request.binary_size is None:
        if tail:
            raise MalformedRequestError(f"{len(tail)} bytes after the JSON belong to no tensor")
        array = _from_json(request.data, request.dtype)
    else:
        array = _from_binary(tail, request.binary_size, request.dtype)
    if array.size != request.shape[0] * 28 * 28:
        raise MalformedRequestError(f"shape {request.shape} does not fit {array.size} values")
    return _to_uint8(array.reshape(request.shape))


def _shape(shape: Any) -> tuple[int, int, int]:
    match shape:
        case [int(count), 28, 28] if count >= 1 and count is not True:  # A bool is an int.
            return count, 28, 28
    raise MalformedRequestError(
        f"shape {shortened(shape)} is not taken; send [N, 28, 28] with N >= 1"
    )


def _from_json(data: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
    if not isinstance(data, list):
        raise MalformedRequestError("the tensor has neither 'data' nor 'binary_data_size'")
    try:
        array = np.array(data)
    except ValueError:
        raise MalformedRequestError("'data' is ragged: its rows differ in length") from None
    if array.dtype.kind not in ("iuf" if dtype.kind == "f" else "iu"):
        wanted = "numbers" if dtype.kind == "f" else "whole numbers from 0 to 255"
        raise MalformedRequestError(f"'data' must hold {wanted}")
    return array.astype(np.float64) if dtype.kind == "f" else array


def _from_binary(tail: bytes, size: Any, dtype: np.dtype[Any]) -> NDArray[Any]:
    if size != len(tail):
        raise MalformedRequestError(
            f"'binary_data_size' is {shortened(size)}, and {len(tail)} bytes follow the JSON"
        )
    if len(tail) % dtype.itemsize:
        raise MalformedRequestError(f"{len(tail)} bytes are no whole number of values")
    return np.frombuffer(tail, dtype)


def _to_uint8(array: NDArray[Any]) -> NDArray[np.uint8]:
    if array.dtype == np.uint8:
        return array
    low, high = array.min(), array.max()
    if array.dtype.kind == "f":
        if not (low >= 0 and high <= 1):
            raise MalformedRequestError(
                f"FP32 pixels from {low:g} to {high:g}; scale them to 0..1, or send UINT8"
            )
        array = np.rint(array * 255)
    elif low < 0 or high > 255:
        raise MalformedRequestError(f"pixels from {low} to {high}; UINT8 holds 0..255")
    pixels: NDArray[np.uint8] = array.astype(np.uint8, copy=False)
    return pixels


def _wants_binary(request: dict[str, Any]) -> bool:
    by_default = _parameters(request).get("binary_data_output", False)
    match request.get("outputs") or [{"name": OUTPUT["name"]}]:
        case [{"name": "probabilities"} as output]:
            parameters = _parameters(output)
        case other:
            raise MalformedRequestError(
                f"'outputs' is {shortened(other)}; there is one output, 'probabilities'"
            )
    if others := parameters.keys() - {"binary_data"}:
        raise MalformedRequestError(f"output parameters that are not known: {shortened(others)}")
    return bool(parameters.get("binary_data", by_default))


def _parameters(owner: dict[str, Any]) -> dict[str, Any]:
    parameters = owner.get("parameters", {})
    if not isinstance(parameters, dict):
        raise MalformedRequestError("'parameters' must be a JSON object")
    return parameters
