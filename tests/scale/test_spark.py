"""Spark: the bytes of image files in a column, a struct of digit, confidence and error out."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("pyspark", reason='needs Spark: pip install ".[spark]"')
if shutil.which("java") is None:
    pytest.skip("Spark needs Java 17: apt install openjdk-17-jre-headless", allow_module_level=True)

from pyspark.sql import DataFrame, SparkSession

from mnist_infer.integrations.spark import digit_udf

if TYPE_CHECKING:
    from tests.scale.conftest import Answers


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    """Two threads on this machine; a task that dies is tried four times, as on a cluster."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", sys.executable)
        session = (
            SparkSession.builder.master("local[2,4]")
            .config("spark.ui.enabled", False)
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.sql.files.openCostInBytes", 65536)
            .config("spark.log.level", "OFF")
            .getOrCreate()
        )
        yield session
        session.stop()


def answered(spark: SparkSession, folder: Path) -> DataFrame:
    images = spark.read.format("binaryFile").option("recursiveFileLookup", True).load(str(folder))
    return images.select("path", digit_udf()("content").alias("answer")).select("path", "answer.*")


def as_dicts(frame: DataFrame) -> list[dict[str, Any]]:
    return [row.asDict() for row in frame.collect()]


def test_a_folder_of_files(spark: SparkSession, some: Path, check, expected: Answers):
    frame = answered(spark, some)

    assert [(field.name, field.dataType.simpleString()) for field in frame.schema] == [
        ("path", "string"),
        ("digit", "tinyint"),
        ("confidence", "float"),
        ("error", "string"),
    ]
    check(as_dicts(frame), expected, some)


def test_a_null_is_a_row(spark: SparkSession):
    frame = spark.createDataFrame([(None,)], "content binary")

    (row,) = frame.select(digit_udf()("content").alias("answer")).select("answer.*").collect()

    assert tuple(row) == (None, None, "ImageError: null, no image")


def test_killed_python_workers_are_replaced(
    spark: SparkSession, many: Path, check, expected: Answers, tmp_path: Path
):
    writing = threading.Thread(
        target=lambda: answered(spark, many).write.parquet(str(tmp_path / "out"))
    )
    writing.start()
    killed = 0
    deadline = time.monotonic() + 120
    while writing.is_alive() and not killed:
        assert time.monotonic() < deadline
        # What a task has written stands here until the whole job is committed.
        if list((tmp_path / "out").rglob("part-*.parquet")):
            killed = sum(map(kill, python_workers()))
        time.sleep(0.02)
    writing.join(240)

    assert killed > 0
    assert (tmp_path / "out" / "_SUCCESS").exists()
    check(as_dicts(spark.read.parquet(str(tmp_path / "out"))), expected, many)


def python_workers() -> list[int]:
    """The processes that compute: children of `pyspark.daemon`, itself a child of the JVM."""
    if not sys.platform.startswith("linux"):
        pytest.skip("looks for processes in /proc")
    daemons, parents = set(), {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                stat = (folder / "stat").read_text()
                if "pyspark.daemon" in (folder / "cmdline").read_text():
                    daemons.add(int(folder.name))
            except OSError:
                continue
            parents[int(folder.name)] = int(stat.rpartition(")")[2].split()[1])

    def is_ours(process: int) -> bool:
        return process == os.getpid() or (process in parents and is_ours(parents[process]))

    return [each for each in daemons if parents[each] in daemons and is_ours(each)]


def kill(process: int) -> bool:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
