"""Digits of a Spark column: `pip install "mnist-infer[spark]"`.

>>> from mnist_infer.integrations.spark import digit_udf
>>> images = spark.read.format("binaryFile").load("s3a://bucket/scans")
>>> images.select("path", digit_udf()("content").alias("answer")).select("path", "answer.*")

Spark schedules, moves and retries; each of its Python workers holds one `Recognizer` with one
thread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_infer.config import DEFAULT_MODEL, Device, InputRange
from mnist_infer.integrations.columns import Columns
from mnist_infer.recognizer import Recognizer


def digit_udf(
    model: str = DEFAULT_MODEL,
    *,
    device: Device = "cpu",
    input_range: InputRange | None = None,
    batch_size: int = 1024,
) -> Any:
    """Make a function of a column with the bytes of image files, as `binaryFile` reads them.

    Args:
        model: As in `Recognizer`; a file must lie on every machine.
        device: As in `Recognizer`.
        input_range: As in `Recognizer`.
        batch_size: Images that go through the network together.

    Returns:
        What `predict_batch_udf` gives: a function whose column is a struct of digit (tinyint),
        confidence (float) and error (string). An image without an answer has only an error.
    """
    from pyspark.ml.functions import predict_batch_udf
    from pyspark.sql.types import ByteType, FloatType, StringType, StructField, StructType

    def load() -> Callable[[NDArray[np.object_]], dict[str, NDArray[np.object_]]]:
        recognizer = Recognizer(model, device=device, input_range=input_range, isolated=True)

        def read(images: NDArray[np.object_]) -> dict[str, NDArray[np.object_]]:
            answers = Columns()
            answers.extend(recognizer, images)
            # As objects, for pandas would make floats of whole numbers with nulls among them.
            return {name: np.array(column, object) for name, column in asdict(answers).items()}

        return read

    fields = [("digit", ByteType()), ("confidence", FloatType()), ("error", StringType())]
    answer = StructType([StructField(name, type_) for name, type_ in fields])
    return predict_batch_udf(load, return_type=answer, batch_size=batch_size)
