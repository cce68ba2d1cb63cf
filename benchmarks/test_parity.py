"""The 10,000 test images: Keras and ONNX, accuracy and agreement."""

from __future__ import annotations

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from mnist_infer import Recognizer
from train.data import Mnist


@pytest.mark.benchmark(group="parity: the 10,000 test images in one batch")
def test_parity(benchmark: BenchmarkFixture, recognizer: Recognizer, mnist: Mnist) -> None:
    """ONNX gives Keras' accuracy, in float32 on the CPU its probabilities too."""
    from benchmarks.keras_reference import keras_reference

    reference, source = keras_reference(recognizer.model)
    expected = reference.probabilities(mnist.x_test)
    actual = benchmark(recognizer.probabilities, mnist.x_test)

    difference = float(np.abs(actual - expected).max())
    keras_accuracy = float((expected.argmax(axis=1) == mnist.y_test).mean())
    onnx_accuracy = float((actual.argmax(axis=1) == mnist.y_test).mean())
    label_changes = int((actual.argmax(axis=1) != expected.argmax(axis=1)).sum())
    benchmark.extra_info.update(
        model=recognizer.model.name,
        precision=recognizer.model.precision,
        device=recognizer.device,
        keras_weights=source,
        keras_accuracy=keras_accuracy,
        onnx_accuracy=onnx_accuracy,
        label_changes=label_changes,
        max_abs_difference=difference,
    )
    if recognizer.model.precision == "int8":
        assert label_changes <= 5
        assert round(abs(onnx_accuracy - keras_accuracy), 6) <= 0.0002
    elif recognizer.device == "cpu":
        assert difference <= 1e-5
        assert label_changes == 0
        assert onnx_accuracy == recognizer.model.sidecar["test_accuracy"]
    else:
        # CUDA multiplies in TF32, with 10 bits of mantissa, so a borderline digit may change
        assert abs(onnx_accuracy - keras_accuracy) <= 0.001
