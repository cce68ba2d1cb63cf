"""Ray datasets: paths, bytes or arrays in; digit, confidence and error out; errors are rows."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image

pa = pytest.importorskip("pyarrow", reason='needs Ray: pip install ".[ray]"')
ray = pytest.importorskip("ray", reason='needs Ray: pip install ".[ray]"')

from mnist_infer.integrations.ray import DigitReader, read_digits  # noqa: E402

if TYPE_CHECKING:
    from tests.scale.conftest import Answers


# Ray 2.60 warns of settings that it sets itself.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def cluster() -> Iterator[None]:
    ray.init(
        address="local", num_cpus=2, include_dashboard=False, object_store_memory=100_000_000,
        log_to_driver=False,
    )  # fmt: skip
    ray.data.DataContext.get_current().enable_progress_bars = False
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def files(some: Path) -> list[Path]:
    return sorted(some.iterdir())[:5]


def column(table: object, name: str) -> list[object]:
    return table.column(name).to_pylist()


def test_a_folder_of_paths(cluster: None, some: Path, check, expected: Answers, tmp_path: Path):
    read_digits(some, batch_size=256, concurrency=2).write_parquet(str(tmp_path))

    check(ray.data.read_parquet(str(tmp_path)).take_all(), expected, some)


def test_a_dataset_of_bytes(cluster: None, files: list[Path], expected: Answers):
    rows = [{"picture": path.read_bytes(), "id": number} for number, path in enumerate(files)]

    answered = read_digits(ray.data.from_items(rows), column="picture", concurrency=1).take_all()

    assert sorted(answered[0]) == ["confidence", "digit", "error", "id"]
    for row in answered:
        digit, _, error = expected[str(files[row["id"]])]
        assert (row["digit"], row["error"]) == (digit, error)


def test_a_dataset_of_arrays(cluster: None, files: list[Path], expected: Answers):
    arrays = np.stack([np.asarray(Image.open(path)) for path in files[1:]])

    answered = read_digits(ray.data.from_numpy(arrays), column="data", concurrency=1).take_all()

    assert [row["digit"] for row in answered] == [expected[str(path)][0] for path in files[1:]]


def test_the_command_joins_the_cluster_at_ray_address(
    cluster: None, some: Path, check, expected: Answers, tmp_path: Path
):
    address = ray.get_runtime_context().gcs_address
    done = subprocess.run(
        [sys.executable, "-m", "mnist_infer", "batch", some, tmp_path, "--part-size", "250", "-q"],
        env={**os.environ, "RAY_ADDRESS": address},
        capture_output=True,
        text=True,
        timeout=300,
    )

    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    check(ray.data.read_parquet(str(tmp_path)).take_all(), expected, some)


def test_paths_and_uris(files: list[Path]):
    paths = [str(files[1]), f"file://{files[1]}", f"file://{files[1]}.gone", None, "gone://x/y"]

    table = DigitReader()(pa.table({"path": paths, "id": range(5)}))

    assert column(table, "id") == [0, 1, 2, 3, 4]
    digits = column(table, "digit")
    assert digits[0] == digits[1] is not None
    assert digits[2:] == [None] * 3
    errors = column(table, "error")
    assert errors[2] == errors[3] == "ImageError: no such file"
    assert errors[4].startswith("ImageError: cannot be read (")


def test_the_types_are_the_same_where_all_is_well_or_nothing(files: list[Path]):
    reader = DigitReader("picture")
    well = reader(pa.table({"picture": [files[1].read_bytes()]}))
    null = reader(pa.table({"picture": pa.array([None], pa.binary())}))

    assert well.schema == null.schema
    assert null.to_pylist() == [
        {"digit": None, "confidence": None, "error": "ImageError: null, no image"}
    ]
