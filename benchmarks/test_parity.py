"""The 10,000 test images: Keras and ONNX, accuracy and agreement."""

from __future__ import annotations

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.agreement import compare
from benchmarks.contenders import details
from mnist_infer import Recognizer
from train.data import Mnist


@pytest.mark.benchmark(group="parity: the 10,000 test images in one batch")
def test_parity(benchmark: BenchmarkFixture, recognizer: Recognizer, mnist: Mnist) -> None:
    """ONNX gives Keras' accuracy, in float32 on the CPU its probabilities too."""
    from benchmarks.keras_reference import keras_reference

    reference, source = keras_reference(recognizer.model)
    expected = reference.probabilities(mnist.x_test)
    actual = benchmark(recognizer.probabilities, mnist.x_test)

    found = compare(actual, expected, mnist.y_test)
    keras_accuracy = compare(expected, expected, mnist.y_test)["accuracy"]
    benchmark.extra_info.update(
        details(recognizer), **found, keras_weights=source, keras_accuracy=keras_accuracy
    )
    if recognizer.model.precision == "int8":
        assert found["label_changes"] <= 5
        assert round(abs(found["accuracy"] - keras_accuracy), 6) <= 0.0002
    elif recognizer.device == "cpu":
        assert found["largest_difference"] <= 1e-5
        assert found["label_changes"] == 0
        assert found["accuracy"] == recognizer.model.sidecar["test_accuracy"]
    else:
        # CUDA multiplies in TF32, with 10 bits of mantissa, so a borderline digit may change
        assert abs(found["accuracy"] - keras_accuracy) <= 0.001
