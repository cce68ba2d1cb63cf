"""README and documentation: every command and example in them runs, and shows what comes out."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import mnist_infer
from benchmarks import documents
from docs import pictures
from mnist_infer import __version__, errors
from tests.paths import ROOT

CI = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
IN_ROOT = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "MODEL_CARD.md", "SECURITY.md"]
PAGES = [*(ROOT / name for name in IN_ROOT), *sorted((ROOT / "docs").rglob("*.md"))]

ROBUST_FITS = [
    "python -m train fit robust-512 --seed 2",
    "python -m train fit robust-512x2 --seed 2",
]
ROBUST_EXPORTS = [
    f"python -m export runs/robust-{size}/model.keras --name dense-{size} "
    f"--report runs/onnx/parity-dense-{size}.md --model-version {version}"
    for size, version in (("512", "3.1.0"), ("512x2", "3.2.0"))
]
RUN_BY_CI_AS = {
    # Its CUDA packages are 3 GB, and the code is the same without them.
    "pip install ./packaging/gpu": "pip install --no-deps ./packaging/gpu",
    # Five seeds take ten minutes; the committed table comes from the whole run.
    "python -m train reproduce": "python -m train reproduce --seeds 1",
    # `reproduce` fits it whole, with the same seed.
    "python -m train fit mnist-mlp": "python -m train fit mnist-mlp --epochs 1",
    # Each takes up to an hour; the released weights come from the whole runs.
    **{fit: f"{fit} --epochs 1" for fit in ROBUST_FITS},
    # After one epoch a network is too unsure for the proof of its integers; tests/export has that.
    **{f"{export} --int8": export for export in ROBUST_EXPORTS},
    # The committed report comes from the whole run.
    "python -m benchmarks.report": 'python -m benchmarks.report --quick --output "$work/report"',
    # The extra `scale` holds the extra `ray`, and where things are written is CI's own matter.
    'pip install ".[ray]"': 'pip install ".[scale]"',
    "mnist-infer batch examples runs/digits": 'mnist-infer batch examples "$work/digits"',
    "python -m export triton runs/models": 'python -m export triton "$work/models"',
    # CI has it from the extra `dev`; tests/mnist_infer/test_frozen.py builds and runs the command.
    "pip install . pyinstaller": 'pip install ".[dev]"',
    "pyinstaller packaging/mnist-infer.spec": "pytest -n 2 --dist loadfile -m slow",
    "dist/mnist-infer/mnist-infer examples/seven.png": "pytest -n 2 --dist loadfile -m slow",
    # Where things are written is CI's own matter.
    "mkdocs build --strict": 'mkdocs build --strict --quiet --site-dir "$work/site"',
    "python -m benchmarks.realworld ../shared/data/realworld": (
        'python -m benchmarks.realworld ../shared/data/realworld --output "$work/realworld"'
    ),
    'pip install ".[train]"': 'pip install ".[dev]"',
    # A run of CI is the test of this one.
    ".ci/run": "#!/usr/bin/env bash",
}


@dataclass(frozen=True)
class Block:
    """A fenced block of a document."""

    page: str
    language: str
    title: str
    content: str

    def commands(self) -> Iterator[tuple[str, str]]:
        """The commands of a console block, each with the output that is shown under it."""
        return (
            (command.replace("\\\n", ""), shown)
            for command, shown in re.findall(
                r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", self.content, re.MULTILINE
            )
        )


def blocks_of(page: Path) -> list[Block]:
    """The blocks of a page, in their order."""
    pattern = re.compile(r'^```(\w+)(?: title="(.+?)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
    text = page.read_text(encoding="utf-8")
    name = page.relative_to(ROOT).as_posix()
    return [Block(name, *found.groups(default="")) for found in pattern.finditer(text)]


BLOCKS = [block for page in PAGES for block in blocks_of(page)]
COMMANDS = {
    command: (f"{block.page}: {command}", shown)
    for block in BLOCKS
    if block.language == "console"
    for command, shown in block.commands()
}


def is_ours(command: str) -> bool:
    return re.match(r"(cat .*\| )?mnist-infer (?!serve|batch)", command) is not None


OURS = [
    pytest.param(command, COMMANDS[command][1], id=COMMANDS[command][0])
    for command in COMMANDS
    if is_ours(command)
]
OTHERS = [
    pytest.param(command, id=COMMANDS[command][0]) for command in COMMANDS if not is_ours(command)
]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with what the documents' examples read; what they write lands beside it."""
    for folder in ("examples", "tests", "mnist_infer"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    return tmp_path


@pytest.fixture
def shell(place: Path) -> Callable[[str], str]:
    """Runs a command there, with this source as `mnist-infer`."""
    script = place / "bin" / "mnist-infer"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m mnist_infer "$@"\n')
    script.chmod(0o755)
    path = f"{script.parent}{os.pathsep}{os.environ['PATH']}"

    def run(command: str) -> str:
        done = subprocess.run(
            command,
            shell=True,
            cwd=place,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "80"},
        )
        # 1: some pictures have no answer, which a page may well show.
        assert done.returncode in (0, 1), done.stdout
        return done.stdout

    return run


@pytest.mark.skipif(os.name == "nt", reason="the documents' commands are for a POSIX shell")
@pytest.mark.parametrize(("command", "shown"), OURS)
def test_commands_of_the_package_run_as_shown(
    command: str, shown: str, shell: Callable[[str], str]
):
    output = shell(command)
    assert output
    if shown:
        assert output == shown


@pytest.mark.parametrize("command", OTHERS)
def test_every_other_command_is_run_by_ci(command: str):
    assert RUN_BY_CI_AS.get(command, command) in CI


@pytest.mark.parametrize(
    "page", sorted({block.page for block in BLOCKS if block.language == "python"})
)
def test_python_examples_run_and_print_what_is_shown(
    page: str,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    """The examples of one page run one after another, as a reader would type them."""
    monkeypatch.chdir(place)
    names: dict[str, object] = {"__name__": page}
    blocks = [block for block in BLOCKS if block.page == page]
    for block, following in zip(blocks, [*blocks[1:], None], strict=True):
        if block.language != "python" or block.title:
            continue
        exec(compile(block.content, page, "exec"), names)
        printed = capsys.readouterr().out
        if following is not None and following.language == "text":
            assert printed == following.content


@pytest.mark.parametrize(
    "block", [pytest.param(block, id=block.title) for block in BLOCKS if block.title]
)
def test_a_file_that_is_shown_is_the_file(block: Block):
    assert block.content == (ROOT / block.title).read_text(encoding="utf-8")


@pytest.mark.parametrize("page", documents.documents(), ids=lambda page: page.name)
def test_tables_are_made_from_the_committed_figures(page: Path):
    text = page.read_text(encoding="utf-8")
    assert text == documents.updated(text)


@pytest.mark.parametrize("name", IN_ROOT)
def test_links_lead_somewhere(name: str):
    """Those of the pages in docs/ are checked by mkdocs."""
    text = (ROOT / name).read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_the_readme_is_read_in_five_minutes():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 160
    assert len(text.split()) <= 1000


def test_the_changelog_knows_the_version():
    """A release has its entry; between releases the version ends in `.dev0`."""
    heading = "## [Unreleased]" if __version__.endswith(".dev0") else f"## [{__version__}] - "
    assert heading in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_public_name_is_in_the_reference():
    text = (ROOT / "docs" / "reference" / "python.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"^::: mnist_infer\.(\w+)$", text, re.MULTILINE))
    shown |= set(vars(errors)) if "errors" in shown else set()
    assert set(mnist_infer.__all__) - shown == {"__version__"}


def test_pictures_show_what_the_models_make_of_the_drawings(tmp_path: Path):
    pictures.draw(tmp_path)
    drawn, shown = (
        {path.name: path for path in folder.glob("*.png")} for folder in (tmp_path, pictures.FOLDER)
    )
    assert drawn.keys() == shown.keys()
    for name, path in drawn.items():
        with Image.open(path) as new, Image.open(shown[name]) as old:
            assert new.size == old.size
            difference = np.subtract(new.convert("L"), old.convert("L"), dtype=np.int16)
        # Decoders of JPEG may differ by a shade.
        assert np.abs(difference).mean() < 2
