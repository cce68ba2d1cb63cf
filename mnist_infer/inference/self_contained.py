"""Check that an ONNX file holds all its weights, before ONNX Runtime gets its bytes.

An ONNX file is one protobuf message. Of its hundreds of kinds of fields, this module looks only at
those that lead to a tensor whose numbers lie in another file. See onnx.proto of ONNX.
"""

from __future__ import annotations

from collections.abc import Iterator

from mnist_infer.errors import ModelError

_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5

# Where tensors are, from the model down: in each kind of message, the fields that hold another.
_CHILDREN = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14
_DEEPEST = 100
"""Levels of nested messages; protobuf itself refuses more."""


def check_self_contained(content: bytes, name: str) -> None:
    """Refuse a model that keeps its weights in other files.

    A session is made from bytes, so that nothing can change between check and use. In which folder
    ONNX Runtime would then look for other files is undefined, and an attacker might choose it.

    Args:
        content: The bytes of the ONNX file.
        name: What errors call it.

    Raises:
        ModelError: Not ONNX, or not all in one file.
    """
    try:
        is_external = _is_external(memoryview(content), "model", 0)
    except (ValueError, IndexError):
        raise ModelError(f"{name}: not an ONNX file, or a damaged one") from None
    if is_external:
        raise ModelError(
            f"{name}: keeps its weights in other files (external data), which are never opened; "
            "save it as one file: onnx.save(onnx.load(FILE), NEW_FILE)"
        )


def _is_external(message: memoryview, kind: str, depth: int) -> bool:
    if depth > _DEEPEST:
        raise ValueError("nested too deep")
    children = _CHILDREN[kind]
    for field, value in _fields(message):
        if kind == "tensor" and field in (_EXTERNAL_DATA, _DATA_LOCATION) and value != 0:
            return True
        child = children.get(field)
        if child and isinstance(value, memoryview) and _is_external(value, child, depth + 1):
            return True
    return False


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Parse the fields of a message: number and value, which is bytes unless it is a varint."""
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        if key >> 32:
            raise ValueError("a field number that protobuf would cut to another one")
        wire = key & 7
        if wire == _VARINT:
            value, place = _varint(message, place)
            yield key >> 3, value
            continue
        if wire == _LENGTH:
            size, place = _varint(message, place)
        elif wire in (_EIGHT_BYTES, _FOUR_BYTES):
            size = 8 if wire == _EIGHT_BYTES else 4
        else:
            raise ValueError(f"wire type {wire}")
        if size > len(message) - place:
            raise ValueError("cut short")
        yield key >> 3, message[place : place + size]
        place += size


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        byte = message[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, place
    raise ValueError("a number without an end")
