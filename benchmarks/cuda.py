"""A GPU, where a session really runs on it: with transfer, and with the data kept there.

`python -m benchmarks.cuda` writes `benchmarks/results/cuda.json`, which the report shows where it
is made without a GPU.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

from benchmarks import RESULTS
from benchmarks.agreement import compare
from benchmarks.contenders import load
from benchmarks.data import load_or_exit
from benchmarks.machine import describe
from benchmarks.timing import Row, take_turns
from mnist_infer import DeviceError, Recognizer
from mnist_infer.config import DEFAULT_MODEL
from mnist_infer.inference.devices import CUDA, import_onnxruntime
from mnist_infer.inference.registry import bundled_models
from train.data import Mnist

RESULT = RESULTS / "cuda.json"
BATCHES = (1, 16, 256, 4096, 65_536, 1_048_576)
TURN = 0.1


def main(
    data: Annotated[str | None, typer.Option(help="MNIST, else MNIST_DATA.")] = None,
    output: Annotated[Path, typer.Option(help="The file to write.")] = RESULT,
) -> None:
    """Measure the GPU of this machine, and compare its answers with the CPU's."""
    result = measure(load_or_exit(data), rounds=5)
    if "skipped" in result:
        raise SystemExit(f"error: {result['skipped']}")
    output.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"wrote {output}", file=sys.stderr)


def measure_or_recall(mnist: Mnist, rounds: int) -> Row:
    """What is measured here; without a GPU what `RESULT` holds, and why it is recalled."""
    result = measure(mnist, rounds)
    if "skipped" not in result or not RESULT.exists():
        return result
    return {**json.loads(RESULT.read_text(encoding="utf-8")), "recalled": result["skipped"]}


def measure(mnist: Mnist, rounds: int) -> Row:
    """Speed by batch size and parity of each model, or why there is none."""
    try:
        on_gpu = Recognizer(device="cuda")
    except DeviceError as error:
        return {"skipped": str(error), "goals": []}
    on_cpu = Recognizer(device="cpu")
    rows = []
    for batch in BATCHES:
        images = np.random.default_rng(0).integers(0, 256, (batch, 28, 28), np.uint8)
        calls = {
            "cpu_one_thread": lambda images=images: on_cpu.probabilities(images),
            "with_transfer": lambda images=images: on_gpu.probabilities(images),
            "kept_on_device": _resident(images, graph=False),
            "cuda_graph": _resident(images, graph=True),
        }
        times = take_turns(calls, rounds, TURN)
        rows.append(
            {"batch": batch, **{name: round(batch / times.seconds(name)) for name in calls}}
        )
    pays = next(
        (row["batch"] for row in rows if row["with_transfer"] > row["cpu_one_thread"]), None
    )
    return {
        "card": _card(),
        "machine": describe(),
        "parity": [_parity(name, mnist) for name in bundled_models()],
        "rows": rows,
        "pays_from_batch": pays,
        "goals": [],
    }


def runs_wholly_on_cuda(path: Path) -> bool:
    """Whether ONNX Runtime places every node of a model on the GPU, and none on the CPU."""
    onnxruntime = import_onnxruntime()
    options = onnxruntime.SessionOptions()
    options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
    options.log_severity_level = 4
    try:
        onnxruntime.InferenceSession(path, options, [CUDA])
    except Exception:  # ONNX Runtime's own, which differ from version to version.
        return False
    return True


def _parity(name: str, mnist: Mnist) -> Row:
    """The same file on both devices, on MNIST's test images."""
    on_gpu = load(name, "cuda")
    expected = load(name, "cpu").probabilities(mnist.x_test)
    return {
        "name": name,
        "nodes_on_cuda": runs_wholly_on_cuda(on_gpu.model.path),
        **compare(on_gpu.probabilities(mnist.x_test), expected, mnist.y_test),
        "accuracy_on_cpu": compare(expected, expected, mnist.y_test)["accuracy"],
    }


def _card() -> str:
    """The GPU and its driver, as the driver names them."""
    query = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
    return subprocess.run(query, capture_output=True, text=True, check=True).stdout.strip()


def _resident(images: NDArray[np.uint8], *, graph: bool) -> Any:
    """A call on images that are on the GPU, its answers staying there."""
    onnxruntime = import_onnxruntime()
    model = Recognizer(DEFAULT_MODEL, device="cuda").model.path
    provider = (CUDA, {"enable_cuda_graph": "1" if graph else "0"})
    session = onnxruntime.InferenceSession(model, providers=[provider])
    takes = onnxruntime.OrtValue.ortvalue_from_numpy(images, "cuda", 0)
    gives = onnxruntime.OrtValue.ortvalue_from_shape_and_type(
        [len(images), 10], np.float32, "cuda", 0
    )
    binding = session.io_binding()
    binding.bind_ortvalue_input("image", takes)
    binding.bind_ortvalue_output("probabilities", gives)
    return lambda: session.run_with_iobinding(binding)


if __name__ == "__main__":
    typer.run(main)
