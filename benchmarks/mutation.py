"""Which constants of the package would no test notice: `python -m benchmarks.mutation`.

Each numeric constant of `imaging/` and `document/` is set to half and to one and a half times its
value in a copy of the repository, and the tests run there until one fails. A constant is a
module's own (`MIN_SIDE = 3`, `LOW, HIGH = 1, 2`), the default of a dataclass's field, or an
argument of an instance that a module makes (`PARAMS = RowParams(margin=0.2)`). A value that passes
all tests survives: a test is missing, or the constant is not needed. The table names the survivors.

It takes some 10 seconds for each value. `--only NAME` narrows it down. `--list` tries nothing and
prints the constants, with what fixes those that are no matter of tuning.
"""

from __future__ import annotations

import argparse
import ast
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from benchmarks import ROOT
from train.markdown import table

FOLDERS = ("mnist_infer/imaging", "mnist_infer/document")
FACTORS = (0.5, 1.5)
TIMEOUT_S = 300
"""A test run that takes longer counts as failed: the tests take some 20 s."""

TEST_MODULES = (
    "golden", "normalize", "mnist_format", "row_image", "digit", "digit_bounds", "rulings",
    "rulings_bounds", "binarize", "binarize_bounds", "ctc", "cells", "layout_bounds", "rows_bounds",
    "bitmaps", "cell_image", "ring", "polarity", "images", "invariance", "recognizer", "reader",
    "held",
)  # fmt: skip
"""The test modules that are run, those that take least time first."""

EXCLUDED_TEST = "page_full_of_marks"
"""Part of the name of a test that limits the work for hostile pages; it takes as long as all others
together."""

NOT_TUNED = {
    "SIDE": "MNIST's images",
    "BOX": "MNIST's images",
    "MNIST_STROKE": "measured on MNIST",
    "STROKE_RANGE": "measured on MNIST",
    "MIN_STROKE": "measured on MNIST",
    "MAX_OFF_CENTRE": "measured on MNIST",
    "ROW_HEIGHT": "the row network's input",
    "WITH_CONTEXT": "the cell network's input",
    "PAPER_LEVEL": "the row network's input",
    "SPREAD": "the row network's input",
    "FAINTEST": "the row network's input",
    "COARSE_STEP": "a limit of work",
    "MAX_FRAME_AREA": "a limit of work",
    "MAX_DIGITS": "a limit of work",
    "MIN_LINES": "a definition",
    "MIN_PIXELS": "a definition",
}
"""Constants that are not tuned to pictures, and what fixes them."""

Value = int | float | tuple["Value", ...]


@dataclass(frozen=True)
class Constant:
    """A number, or a tuple of numbers, and where it stands in its file (offsets in bytes)."""

    path: Path
    name: str
    value: Value
    start: int
    end: int


@dataclass(frozen=True)
class Mutant:
    """A constant with another value."""

    constant: Constant
    value: Value

    @property
    def source(self) -> str:
        """The constant's file with the other value in it."""
        content = self.constant.path.read_bytes()
        changed = repr(self.value).encode()
        return (content[: self.constant.start] + changed + content[self.constant.end :]).decode()


def find_constants(path: Path) -> Iterator[Constant]:
    """Find the numeric constants of a module, as the module's docstring names them."""
    content = path.read_bytes()
    lines = [0]
    for line in content.splitlines(keepends=True):
        lines.append(lines[-1] + len(line))
    for name, node in _named_nodes(ast.parse(content).body):
        value = evaluate(node)
        if value is not None and node.end_lineno and node.end_col_offset:
            start = lines[node.lineno - 1] + node.col_offset
            end = lines[node.end_lineno - 1] + node.end_col_offset
            yield Constant(path, name, value, start, end)


def all_constants() -> Iterator[Constant]:
    """Find the numeric constants of all modules in `FOLDERS`."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).glob("*.py")):
            yield from find_constants(path)


def _named_nodes(body: Iterable[ast.stmt], prefix: str = "") -> Iterator[tuple[str, ast.expr]]:
    for statement in body:
        match statement:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=ast.expr() as node)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as node)
            ):
                yield prefix + name, node
                if isinstance(node, ast.Call):
                    for keyword in node.keywords:
                        yield f"{prefix}{name}({keyword.arg})", keyword.value
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)):
                for target, value in zip(targets, values, strict=True):
                    yield prefix + ast.unparse(target), value
            case ast.ClassDef(name=name, body=fields):
                yield from _named_nodes(fields, f"{name}.")


def evaluate(node: ast.expr) -> Value | None:
    """Return the value of a number, a tuple of numbers, or arithmetic such as `1 / 40`."""
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and type(part.value) not in (int, float):
            return None
        if not isinstance(
            part, ast.Constant | ast.Tuple | ast.BinOp | ast.UnaryOp | ast.expr_context
            | ast.operator | ast.unaryop
        ):  # fmt: skip
            return None
    value: Value = eval(compile(ast.Expression(node), "constant", "eval"), {"__builtins__": {}})
    return value


def scale(value: Value, factor: float) -> Value:
    """Multiply a number or each one of a tuple; what is an integer stays one."""
    if isinstance(value, tuple):
        return tuple(scale(each, factor) for each in value)
    return round(value * factor) if isinstance(value, int) else value * factor


def mutants(constants: Iterable[Constant]) -> Iterator[Mutant]:
    """Make the mutants; where a factor changes nothing, as with 0, there is none."""
    for constant in constants:
        for factor in FACTORS:
            value = scale(constant.value, factor)
            if value != constant.value:
                yield Mutant(constant, value)


def passes(folder: Path, tests: Sequence[str]) -> bool:
    """Run the tests of the copy in `folder` until one fails."""
    options = ("-x", "-q", "-p", "no:cacheprovider", "-k", f"not {EXCLUDED_TEST}")
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *options, *tests],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(folder), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            timeout=TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def _replace(file: Path, source: str) -> None:
    file.write_text(source, encoding="utf-8")
    # Python would take it for that of the new source, if its size and second of writing are equal.
    for bytecode in file.parent.glob(f"__pycache__/{file.stem}.*.pyc"):
        bytecode.unlink()


def survivors(
    root: Path, these: Sequence[Mutant], tests: Sequence[str], jobs: int = 1
) -> list[Mutant]:
    """Return the mutants that pass all tests; `jobs` copies of `root` are tried at once.

    Raises:
        RuntimeError: the tests fail without any mutant.
    """
    with tempfile.TemporaryDirectory() as work, ThreadPoolExecutor(jobs) as pool:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(jobs):
            copy = Path(work, str(number))
            shutil.copytree(root, copy, ignore=shutil.ignore_patterns(".*", "__pycache__", "runs"))
            copies.put(copy)
        if not passes(copy, tests):
            raise RuntimeError(f"the tests fail on the code as it is: pytest {' '.join(tests)}")

        def survives(mutant: Mutant) -> bool:
            copy = copies.get()
            file = copy / mutant.constant.path.relative_to(root)
            _replace(file, mutant.source)
            try:
                survived = passes(copy, tests)
            finally:
                _replace(file, mutant.constant.path.read_text(encoding="utf-8"))
                copies.put(copy)
            print("survived" if survived else "noticed", *_row(root, mutant), file=sys.stderr)
            return survived

        kept = list(pool.map(survives, these))
    return [mutant for mutant, survived in zip(these, kept, strict=True) if survived]


def _row(root: Path, mutant: Mutant) -> tuple[str, str, str, str]:
    constant = mutant.constant
    path = constant.path.relative_to(root).as_posix()
    return path, f"`{constant.name}`", repr(constant.value), repr(mutant.value)


def _listing(constants: Sequence[Constant]) -> str:
    """The constants as a table, and how many of them are tuned to pictures."""
    rows = [
        (
            constant.path.name,
            f"`{constant.name}`",
            repr(constant.value),
            NOT_TUNED.get(constant.name, ""),
        )
        for constant in constants
    ]
    tuned = sum(not row[-1] for row in rows)
    total = f"{len(rows)} constants, {tuned} of them tuned to pictures."
    return f"{total}\n\n{table(('file', 'constant', 'value', 'fixed by'), rows, numbers=False)}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table of the survivors."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m benchmarks.mutation")
    parser.add_argument("--list", action="store_true", help="print the constants, and try nothing")
    parser.add_argument("--only", action="append", help="a constant's name, or part of its path")
    parser.add_argument("--jobs", type=int, default=1, help="copies tried at once (default: 1)")
    parser.add_argument("--tests", nargs="+", help="files to run (default: those of these folders)")
    options = parser.parse_args(arguments)
    constants = [
        constant
        for constant in all_constants()
        if not options.only
        or any(only == constant.name or only in str(constant.path) for only in options.only)
    ]
    if not constants:
        parser.error(f"no constant is named, or in a file named, {' or '.join(options.only)}")
    if options.list:
        print(_listing(constants))
        return
    tests = options.tests or [f"tests/mnist_infer/test_{name}.py" for name in TEST_MODULES]
    all_mutants = list(mutants(constants))
    left = survivors(ROOT, all_mutants, tests, options.jobs)
    share = len(left) / max(len(all_mutants), 1)
    print(f"{len(left)} of {len(all_mutants)} mutants survive ({share:.0%}).\n")
    print(table(("file", "constant", "value", "survives as"), [_row(ROOT, each) for each in left]))


if __name__ == "__main__":
    main()
