"""A model repository for NVIDIA's Triton server, and the manifest by which KServe runs it.

Both are text that other programs define: Triton's ``model_config.proto`` and KServe's
``InferenceService``. The tests hold what is written here against those definitions.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from mnist_infer.inference.registry import bundled_models, read_model

if TYPE_CHECKING:
    from pathlib import Path

    from mnist_infer.inference.registry import ModelInfo

MANIFEST = "inference-service.yaml"
_TRITON_TYPES = {"uint8": "TYPE_UINT8", "float32": "TYPE_FP32"}

# A batch of 1,024 images is 0.8 MB of pixels. 100 microseconds are three images' work: who waits
# for company loses little, and under load batches fill by themselves.
_CONFIG = """\
name: "{name}"
backend: "onnxruntime"
max_batch_size: 1024
input [
  {{ name: "{input_name}" data_type: {input_type} dims: {input_dims} }}
]
output [
  {{
    name: "{output_name}" data_type: {output_type} dims: {output_dims}
    label_filename: "labels.txt"
  }}
]
dynamic_batching {{ max_queue_delay_microseconds: 100 }}
instance_group [ {{ kind: KIND_AUTO count: {instances} }} ]
parameters {{ key: "intra_op_thread_count" value: {{ string_value: "1" }} }}
parameters {{ key: "model_version" value: {{ string_value: "{version}" }} }}
parameters {{ key: "sha256" value: {{ string_value: "{sha256}" }} }}
"""

_MANIFEST = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: mnist-infer
spec:
  predictor:
    model:
      modelFormat:
        name: onnx
      runtime: kserve-tritonserver
      protocolVersion: v2
      storageUri: {storage_uri}
      resources:
        requests:
          cpu: "1"
          memory: 1Gi
        limits:
          cpu: "1"
          memory: 1Gi
"""


def repository(folder: Path, instances: int, storage_uri: str) -> dict[Path, bytes]:
    """Return the files of a model repository with every bundled model, and its KServe manifest.

    Args:
        folder: Where the repository is to stand.
        instances: Copies of each model that Triton runs side by side.
        storage_uri: From where KServe is to fetch the repository.
    """
    files = {folder / MANIFEST: _MANIFEST.format(storage_uri=json.dumps(storage_uri)).encode()}
    for name in bundled_models():
        info, content = read_model(name)
        # Triton counts versions in whole numbers: that of 2.1.0 is 2, its parameters say the rest.
        version = info.sidecar["version"].partition(".")[0]
        model = folder / name
        files[model / "config.pbtxt"] = _config(info, instances).encode()
        files[model / "labels.txt"] = "".join(
            f"{each}\n" for each in info.sidecar["labels"]
        ).encode()
        files[model / version / "model.onnx"] = content
    return files


def _config(info: ModelInfo, instances: int) -> str:
    inputs, outputs = info.sidecar["input"], info.sidecar["output"]
    return _CONFIG.format(
        name=info.name,
        input_name=inputs["name"],
        input_type=_TRITON_TYPES[inputs["dtype"]],
        input_dims=inputs["shape"][1:],
        output_name=outputs["name"],
        output_type=_TRITON_TYPES[outputs["dtype"]],
        output_dims=outputs["shape"][1:],
        instances=instances,
        version=info.sidecar["version"],
        sha256=info.sha256,
    )
