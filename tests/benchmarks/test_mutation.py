from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from benchmarks.mutation import (
    EXCLUDED_TEST,
    NOT_TUNED,
    TEST_MODULES,
    all_constants,
    find_constants,
    mutants,
    scale,
    survivors,
)
from tests.paths import ROOT

SOURCE = '''
"""A module, with a letter of two bytes before the numbers: é."""
from dataclasses import dataclass

LEAST = 3  # é
SHARE: float = 1 / 40
STEPS = (16, -0.5)
LOW, HIGH = 13.4, 14.6
NAME = "3"
FLAG = True
NOTHING = 0
COMPUTED = len(NAME)


@dataclass(frozen=True)
class Params:
    """Parameters."""

    blur: float = 0.25
    side: int


PARAMS = Params(side=28)


def area(side=7):
    local = 5
    return LEAST * side
'''


@pytest.fixture
def module(tmp_path: Path) -> Path:
    path = tmp_path / "module.py"
    path.write_text(SOURCE, encoding="utf-8")
    return path


def test_constants_of_modules_dataclasses_and_their_instances_are_found(module: Path):
    assert {constant.name: constant.value for constant in find_constants(module)} == {
        "LEAST": 3,
        "SHARE": 1 / 40,
        "STEPS": (16, -0.5),
        "LOW": 13.4,
        "HIGH": 14.6,
        "NOTHING": 0,
        "Params.blur": 0.25,
        "PARAMS(side)": 28,
    }


def test_a_mutant_differs_in_its_constant_alone(module: Path):
    changed = [mutant.source for mutant in mutants(find_constants(module))]
    assert len(changed) == 2 * 7  # NOTHING stays 0
    for source, line in zip(
        changed[::2], ("2", "0.0125", "(8, -0.25)", "6.7", "7.3", "0.125", "14"), strict=True
    ):
        old, new = SOURCE.splitlines(), source.splitlines()
        ((before, after),) = [pair for pair in zip(old, new, strict=True) if pair[0] != pair[1]]
        assert line in after
        assert before.split("=")[0] == after.split("=")[0]
        compile(source, "module.py", "exec")


@pytest.mark.parametrize(
    ("value", "half"), [(3, 2), (1, 0), (0.5, 0.25), (-7.0, -3.5), ((16, 0.1), (8, 0.05))]
)
def test_integers_stay_integers(value, half):
    scaled = scale(value, 0.5)
    assert scaled == half
    assert type(scaled) is type(half)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "package.py").write_text("NOTICED = 4\nIGNORED = 4\n")
    test = """
        from package import NOTICED

        def test_it():
            assert NOTICED == 4
        """
    (tmp_path / "test_package.py").write_text(textwrap.dedent(test))
    return tmp_path


def test_what_no_test_notices_survives(repository: Path):
    these = list(mutants(find_constants(repository / "package.py")))
    left = survivors(repository, these, ["test_package.py"], jobs=2)
    assert [(mutant.constant.name, mutant.value) for mutant in left] == [
        ("IGNORED", 2),
        ("IGNORED", 6),
    ]
    assert (repository / "package.py").read_text() == "NOTICED = 4\nIGNORED = 4\n"


def test_tests_that_fail_anyway_say_nothing(repository: Path):
    (repository / "test_package.py").write_text("def test_it():\n    assert False\n")
    with pytest.raises(RuntimeError, match="fail on the code as it is: pytest test_package"):
        survivors(repository, [], ["test_package.py"])


def test_the_constants_and_tests_that_are_named_exist():
    assert NOT_TUNED.keys() <= {constant.name for constant in all_constants()}
    files = [ROOT / f"tests/mnist_infer/test_{name}.py" for name in TEST_MODULES]
    assert EXCLUDED_TEST in "".join(file.read_text(encoding="utf-8") for file in files)
