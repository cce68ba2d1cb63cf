"""A folder of 20,000 generated images, some of them broken, and what one process says of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from benchmarks.digit_folder import write_digits
from mnist_infer import Recognizer
from mnist_infer.decode.find_images import expand
from mnist_infer.integrations.columns import Columns

IMAGES = 20_000
BROKEN = 997

Answers = dict[str, tuple[int | None, float | None, str | None]]


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Images in 20 subfolders; every 997th file is text."""
    folder = tmp_path_factory.mktemp("many")
    write_digits(folder, IMAGES)
    for path in sorted(folder.rglob("*.png"))[::BROKEN]:
        path.write_text("no image")
    return folder


@pytest.fixture(scope="session")
def some(many: Path) -> Path:
    """The first thousand of them, two broken."""
    return many / "00000"


def answers_of_one_process(folder: Path) -> Answers:
    recognizer = Recognizer(device="cpu")
    paths = list(expand([str(folder)]))
    answers = Columns()
    answers.extend(recognizer, paths)
    return dict(zip(paths, zip(*asdict(answers).values(), strict=True), strict=True))


@pytest.fixture(scope="session")
def expected(many: Path) -> Answers:
    return answers_of_one_process(many)


@pytest.fixture(scope="session")
def check() -> Callable[[list[dict[str, object]], Answers, Path], None]:
    """Asserts that every image of a folder has one row, and that its answer is one process's."""
    return _check


def _check(rows: list[dict[str, object]], expected: Answers, folder: Path) -> None:
    wanted = {
        path: answer for path, answer in expected.items() if Path(path).is_relative_to(folder)
    }
    assert sorted(str(row["path"]).removeprefix("file:") for row in rows) == sorted(wanted)
    for row in rows:
        digit, confidence, error = wanted[str(row["path"]).removeprefix("file:")]
        assert (row["digit"], row["error"]) == (digit, error)
        # Batches of other sizes are added up in another order.
        assert row["confidence"] == pytest.approx(confidence, abs=1e-6)
