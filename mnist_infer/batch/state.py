"""The state of a batch run, as files in its destination: the list of images, and the answers.

::

    DEST/_work.parquet         the paths of all images; a row group is a part
    DEST/part-000042.parquet   the answers of part 42, in the order of its paths
    DEST/.part-...             an attempt at a part that has not ended

Programs that read a folder of Parquet files skip names that begin with `_` or `.`.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from mnist_infer.decode.uris import resolve
from mnist_infer.errors import MnistInferError

if TYPE_CHECKING:
    import pyarrow as pa

_LIST = "_work.parquet"
_KEY = b"mnist-infer"


class WorkError(MnistInferError):
    """A destination that holds other work, or cannot be used."""


@dataclass(frozen=True, slots=True)
class Task:
    """What the answers depend on."""

    source: str
    model_sha256: str
    input_range: str | None


class Work:
    """The list of all images in a destination, and the parts that are done."""

    def __init__(self, destination: str) -> None:
        """Open the list that `create` has made."""
        import pyarrow.parquet as pq

        self._files, self._folder = resolve(destination)
        self._list = pq.ParquetFile(self._files.open_input_file(f"{self._folder}/{_LIST}"))

    @property
    def task(self) -> Task:
        """What the list was made for."""
        return Task(**json.loads(self._list.schema_arrow.metadata[_KEY]))

    @property
    def images(self) -> int:
        """How many images there are."""
        return int(self._list.metadata.num_rows)

    @property
    def parts(self) -> int:
        """In how many parts they are cut."""
        return int(self._list.num_row_groups)

    def paths(self, part: int) -> pa.Table:
        """Read the paths of a part: a table with one column."""
        return self._list.read_row_group(part).replace_schema_metadata(None)

    def done(self) -> set[int]:
        """List the numbers of the parts that are done."""
        return {
            int(name.removeprefix("part-").removesuffix(".parquet"))
            for name in self._names()
            if name.startswith("part-")
        }

    def size(self, part: int) -> int:
        """Count the images of a part."""
        return int(self._list.metadata.row_group(part).num_rows)

    def write(self, part: int, table: pa.Table) -> None:
        """Write the answers of a part; whoever looks sees all of them or none."""
        import pyarrow.parquet as pq

        name = f"part-{part:06}.parquet"
        attempt = f"{self._folder}/.{name}-{uuid.uuid4().hex}"
        pq.write_table(table, attempt, filesystem=self._files)
        self._files.move(attempt, f"{self._folder}/{name}")

    def tidy(self) -> None:
        """Delete what killed attempts have left."""
        for name in self._names():
            if name.startswith(".part-"):
                self._files.delete_file(f"{self._folder}/{name}")

    def _names(self) -> list[str]:
        from pyarrow.fs import FileSelector

        return [info.base_name for info in self._files.get_file_info(FileSelector(self._folder))]


def create(destination: str, task: Task, paths: Iterable[str], part_size: int) -> Work:
    """Open the work in a destination; list these paths there first if it has no list yet.

    Raises:
        WorkError: The list there is that of another task, or no list can be made.
    """
    from pyarrow.fs import FileType

    try:
        files, folder = resolve(destination)
        files.create_dir(folder)
        if files.get_file_info(f"{folder}/{_LIST}").type == FileType.NotFound:
            _write_list(files, folder, task, paths, part_size)
        work = Work(destination)
    except (OSError, ValueError) as error:
        raise WorkError(f"{destination}: cannot be used ({error})") from error
    for name, found in asdict(work.task).items():
        if found != (wanted := getattr(task, name)):
            raise WorkError(
                f"{destination} holds a run with {name} {found}, not {wanted}: "
                "name another folder, or delete that one"
            )
    return work


def _write_list(files: Any, folder: str, task: Task, paths: Iterable[str], part_size: int) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([("path", pa.string())], {_KEY: json.dumps(asdict(task)).encode()})
    attempt = f"{folder}/.{_LIST}-{uuid.uuid4().hex}"
    remaining = iter(paths)
    with pq.ParquetWriter(attempt, schema, filesystem=files, write_statistics=False) as writer:
        while part := list(islice(remaining, part_size)):
            # A file name that is not valid text keeps its row, with the error "no such file".
            readable = [path.encode("utf-8", "backslashreplace").decode() for path in part]
            writer.write_table(pa.table([readable], schema), row_group_size=part_size)
    files.move(attempt, f"{folder}/{_LIST}")
