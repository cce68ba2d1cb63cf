"""A GPU, where a session really runs on it: with transfer, and with the data kept there."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.timing import Row, take_turns
from mnist_infer import DeviceError, Recognizer
from mnist_infer.config import DEFAULT_MODEL
from mnist_infer.inference.devices import CUDA, import_onnxruntime

BATCHES = (1, 16, 256, 4096, 65_536, 1_048_576)
TURN = 0.1


def measure(rounds: int) -> Row:
    """A row for each batch size, or why there is none."""
    try:
        on_gpu = Recognizer(device="cuda")
    except DeviceError as error:
        return {"skipped": str(error), "rows": [], "goals": []}
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
    return {"rows": rows, "pays_from_batch": pays, "goals": []}


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
