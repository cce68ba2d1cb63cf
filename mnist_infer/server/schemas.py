"""The JSON of the API as types: they check what comes, encode what goes, and describe both.

The Open Inference Protocol v2 has one input here, `image`: UINT8 or FP32 `[N, 28, 28]`, white ink
on black. FP32 pixels are 0..1, as everywhere in this package. Its one output is `probabilities`:
FP32 `[N, 10]`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias, TypedDict

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from starlette.responses import JSONResponse

from mnist_infer.answers import DigitRecord, ErrorRecord

Engine: TypeAlias = Literal["server", "browser"]
Positive: TypeAlias = Annotated[int, Meta(ge=1)]


class JsonResponse(JSONResponse):
    """A response of one of these types."""

    def render(self, content: Any) -> bytes:
        """Encode it."""
        return msgspec.json.encode(content)


class Error(Struct):
    """An error of any address outside `/v2`."""

    error: ErrorRecord


class StageImages(TypedDict, total=False):
    """A picture at each stage of its way to the network, as PNGs in `data:` addresses.

    `image` is what the network sees. `original_stroke` is there where it sees the digit a second
    time, at its original stroke width.
    """

    foreground: str
    cleaned: str
    image: str
    original_stroke: str


class ExplanationRecord(DigitRecord):
    """The record of `/predict`, and how it came about.

    `box` is where the digit is: x, y, width and height in the picture's pixels.
    """

    box: tuple[int, int, int, int]
    stages: StageImages


class About(Struct):
    """What runs here.

    `engines` is what answers on the page: the server, and the visitor's browser if it is given a
    network.
    """

    version: str
    model: str
    device: str
    engines: list[Engine]


class ProtocolError(Struct):
    """What was found and what to do."""

    error: str


class ServerMetadata(Struct):
    """What this server is."""

    name: str
    version: str
    extensions: list[str]


class Live(Struct):
    """Whether the server runs."""

    live: bool


class Ready(Struct):
    """Whether the server can answer."""

    ready: bool


class ModelReady(Struct):
    """Whether the model can answer."""

    name: str
    ready: bool


class TensorMetadata(Struct):
    """A tensor's name and form; -1 is any number."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(Struct):
    """The model's versions and tensors."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class BinaryData(Struct):
    """How many bytes of a tensor follow the JSON, where it has no `data`."""

    binary_data_size: int | UnsetType = UNSET


class InputTensor(Struct):
    """The images, flat or nested row by row in `data`, or as bytes after the JSON."""

    name: Literal["image"]
    datatype: Literal["UINT8", "FP32"]
    shape: tuple[Positive, Literal[28], Literal[28]]
    data: list[Any] | UnsetType = UNSET
    parameters: BinaryData | UnsetType = UNSET


class OutputParameters(Struct, frozen=True, forbid_unknown_fields=True):
    """How the output is sent."""

    binary_data: bool | UnsetType = UNSET


class RequestedOutput(Struct):
    """The output that is asked for."""

    name: Literal["probabilities"]
    parameters: OutputParameters = OutputParameters()


class InferParameters(Struct, frozen=True):
    """How outputs are sent that say nothing else."""

    binary_data_output: bool = False


class InferRequest(Struct):
    """One tensor of images."""

    inputs: Annotated[list[InputTensor], Meta(min_length=1, max_length=1)]
    id: str | None = None
    parameters: InferParameters = InferParameters()
    outputs: Annotated[list[RequestedOutput], Meta(max_length=1)] = []

    @property
    def tensor(self) -> InputTensor:
        """The one input."""
        return self.inputs[0]

    @property
    def wants_binary(self) -> bool:
        """Whether the output goes as bytes after the JSON."""
        asked = self.outputs[0].parameters.binary_data if self.outputs else UNSET
        return self.parameters.binary_data_output if asked is UNSET else asked


class OutputTensor(TensorMetadata):
    """The probabilities, in `data` or as bytes after the JSON."""

    data: list[float] | UnsetType = UNSET
    parameters: BinaryData | UnsetType = UNSET


class InferResponse(Struct, kw_only=True):
    """A row of ten probabilities for each image."""

    model_name: str
    model_version: str
    id: str | UnsetType = UNSET
    outputs: list[OutputTensor]
