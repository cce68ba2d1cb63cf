"""Digits of a Ray dataset: `pip install "mnist-infer[ray]"`.

>>> from mnist_infer.integrations.ray import read_digits
>>> read_digits("s3://bucket/scans").write_parquet("s3://bucket/digits")

Ray schedules, moves and retries; each of its actors holds one `Recognizer` with one thread.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING

from mnist_infer.config import DEFAULT_MODEL, Device, InputRange
from mnist_infer.decode.uris import fetch_each, images_at
from mnist_infer.integrations.columns import Columns
from mnist_infer.recognizer import Recognizer

if TYPE_CHECKING:
    import pyarrow as pa
    from ray.data import Dataset

PATH = "path"


class DigitReader:
    """The callable class for `Dataset.map_batches(DigitReader, batch_format="pyarrow", ...)`.

    It gives each batch back with the columns digit (int8), confidence (float32) and error (string).
    A column of paths stays; one of pictures goes, for nobody wants it in the results.
    """

    def __init__(
        self,
        column: str = PATH,
        *,
        model: str | os.PathLike[str] = DEFAULT_MODEL,
        device: Device = "auto",
        input_range: InputRange | None = None,
    ) -> None:
        """Load the model, once in each actor.

        Args:
            column: Where the images are: paths or URIs, the bytes of image files, or arrays.
            model: As in `Recognizer`.
            device: As in `Recognizer`.
            input_range: As in `Recognizer`.
        """
        self._column = column
        self._recognizer = Recognizer(model, device=device, input_range=input_range, isolated=True)

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Return the batch with its answers."""
        import pyarrow as pa

        column = batch.column(self._column)
        images = list(
            chain.from_iterable(chunk.to_numpy(zero_copy_only=False) for chunk in column.chunks)
        )
        if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
            images = fetch_each(path or "" for path in images)
        else:
            batch = batch.drop_columns([self._column])
        answers = Columns()
        answers.extend(self._recognizer, images)
        return with_answers(batch, answers)


def with_answers(table: pa.Table, answers: Columns) -> pa.Table:
    """Append the columns of its answers to a table, always of the same types."""
    import pyarrow as pa

    return (
        table.append_column("digit", pa.array(answers.digit, pa.int8()))
        .append_column("confidence", pa.array(answers.confidence, pa.float32()))
        .append_column("error", pa.array(answers.error, pa.string()))
    )


def read_digits(
    source: str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | Dataset,
    *,
    column: str = PATH,
    model: str | os.PathLike[str] = DEFAULT_MODEL,
    input_range: InputRange | None = None,
    batch_size: int = 1024,
    concurrency: int | tuple[int, int] | None = None,
    num_gpus: float | None = None,
) -> Dataset:
    """Make a dataset with the digit of every image; lazy, as Ray's datasets are.

    Args:
        source: Paths or URIs of images or folders of them, or a dataset.
        column: Of a dataset: where its images are, as in `DigitReader`.
        model: As in `Recognizer`; a file must lie on every machine.
        input_range: As in `Recognizer`.
        batch_size: Images that go through the network together.
        concurrency: Actors, as in `Dataset.map_batches`; None lets Ray choose.
        num_gpus: GPUs for each actor, as in `Dataset.map_batches`; None runs on CPUs.

    Returns:
        The paths, or the dataset's other columns, and digit, confidence and error. An image
        without an answer is a row whose error says why.
    """
    import ray.data

    if not isinstance(source, ray.data.Dataset):
        column = PATH
        source = ray.data.from_arrow(list(_tables(source, batch_size)))
    return source.map_batches(
        DigitReader,
        batch_format="pyarrow",
        batch_size=batch_size,
        fn_constructor_args=[column],
        fn_constructor_kwargs={
            "model": model,
            "device": "cuda" if num_gpus else "cpu",
            "input_range": input_range,
        },
        concurrency=concurrency,
        num_gpus=num_gpus,
    )


def _tables(
    source: str | os.PathLike[str] | Iterable[str | os.PathLike[str]], rows: int
) -> Iterator[pa.Table]:
    """List the paths of all images, in blocks that Ray can hand out one by one."""
    import pyarrow as pa

    named = [source] if isinstance(source, (str, os.PathLike)) else source
    paths = chain.from_iterable(images_at(os.fspath(each)) for each in named)
    while block := list(islice(paths, rows)):
        yield pa.table({PATH: pa.array(block, pa.string())})
