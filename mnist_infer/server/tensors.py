"""The bodies of the Open Inference Protocol v2: JSON and binary tensors <-> arrays."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
from msgspec import UNSET
from numpy.typing import NDArray

from mnist_infer.server.errors import MalformedRequestError
from mnist_infer.server.schemas import (
    BinaryData,
    InferRequest,
    InferResponse,
    OutputTensor,
    TensorMetadata,
)

INPUT = TensorMetadata("image", "UINT8", [-1, 28, 28])
OUTPUT = TensorMetadata("probabilities", "FP32", [-1, 10])

_DTYPES: dict[str, np.dtype[Any]] = {"UINT8": np.dtype("u1"), "FP32": np.dtype("<f4")}
_WANTED = "send one tensor 'image' of shape [N, 28, 28], UINT8 or FP32; /docs has all fields"
_decoder = msgspec.json.Decoder(InferRequest)


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
    try:
        request = _decoder.decode(body[:end])
    except msgspec.ValidationError as error:
        raise MalformedRequestError(f"{error}; {_WANTED}") from None
    except (ValueError, RecursionError) as error:
        raise MalformedRequestError(f"the request is not valid JSON ({error})") from None
    return request, _images(request, body[end:])


def encode_response(
    request: InferRequest, rows: NDArray[np.float32], model: str, version: str
) -> tuple[bytes, int | None]:
    """Encode the body of the response; return also its JSON's length if a binary tensor follows."""
    tensor = rows.astype(_DTYPES["FP32"], copy=False).tobytes() if request.wants_binary else b""
    output = OutputTensor(
        OUTPUT.name,
        OUTPUT.datatype,
        list(rows.shape),
        data=UNSET if tensor else rows.ravel().tolist(),
        parameters=BinaryData(len(tensor)) if tensor else UNSET,
    )
    response = InferResponse(
        model_name=model,
        model_version=version,
        id=UNSET if request.id is None else request.id,
        outputs=[output],
    )
    text = msgspec.json.encode(response)
    return text + tensor, len(text) if tensor else None


def _images(request: InferRequest, tail: bytes) -> NDArray[np.uint8]:
    tensor = request.tensor
    dtype, shape = _DTYPES[tensor.datatype], tensor.shape
    if tensor.parameters and tensor.parameters.binary_data_size is not UNSET:
        array = _from_binary(tail, tensor.parameters.binary_data_size, dtype)
    elif tail:
        raise MalformedRequestError(f"{len(tail)} bytes after the JSON belong to no tensor")
    elif tensor.data is UNSET:
        raise MalformedRequestError("the tensor has neither 'data' nor 'binary_data_size'")
    else:
        array = _from_json(tensor.data, dtype)
    if array.size != shape[0] * 28 * 28:
        raise MalformedRequestError(f"shape {list(shape)} does not fit {array.size} values")
    return _to_uint8(array.reshape(shape))


def _from_json(data: list[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    try:
        array = np.array(data)
    except ValueError:
        raise MalformedRequestError("'data' is ragged: its rows differ in length") from None
    if array.dtype.kind not in ("iuf" if dtype.kind == "f" else "iu"):
        wanted = "numbers" if dtype.kind == "f" else "whole numbers from 0 to 255"
        raise MalformedRequestError(f"'data' must hold {wanted}")
    return array.astype(np.float64) if dtype.kind == "f" else array


def _from_binary(tail: bytes, size: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    if size != len(tail):
        raise MalformedRequestError(
            f"'binary_data_size' is {size}, and {len(tail)} bytes follow the JSON"
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
