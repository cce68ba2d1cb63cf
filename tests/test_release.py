"""What `packaging/check_release.py` lets a tag publish."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import ROOT

SCRIPT = ROOT / "packaging" / "check_release.py"
PROJECTS = ("pyproject.toml", "packaging/gpu/pyproject.toml")


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """The files that a release changes, as CONTRIBUTING.md asks for version 1.2.3."""
    for name in PROJECTS:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
        replace(tmp_path / name, "OWNER", "somebody")
    (tmp_path / "mnist_infer").mkdir()
    (tmp_path / "mnist_infer" / "__init__.py").write_text('__version__ = "1.2.3"\n')
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## [1.2.3] - 2027-01-31\n")
    return tmp_path


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def check(folder: Path, tag: str = "v1.2.3", repository: str = "somebody/mnist-infer") -> str:
    """What is wrong; nothing if the release may go."""
    done = subprocess.run(
        [sys.executable, SCRIPT, tag, repository],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) == (not done.stderr)
    return done.stderr


def test_a_release_as_documented_may_go(release: Path):
    assert check(release) == ""


@pytest.mark.parametrize("name", PROJECTS)
def test_the_placeholder_of_the_account_must_be_replaced(release: Path, name: str):
    shutil.copy(ROOT / name, release / name)
    assert check(release) == (
        f"{name}: Source leads to https://github.com/OWNER/mnist-infer, "
        "not to https://github.com/somebody/mnist-infer\n"
    )


def test_links_must_lead_to_the_repository_that_publishes(release: Path):
    assert "not to https://github.com/other/mnist-infer" in check(
        release, repository="other/mnist-infer"
    )


def test_the_package_must_have_the_tags_version(release: Path):
    replace(release / "mnist_infer" / "__init__.py", "1.2.3", "1.2.3.dev0")
    assert check(release) == "mnist_infer/__init__.py does not name version 1.2.3\n"


def test_the_changelog_must_have_the_tags_version(release: Path):
    replace(release / "CHANGELOG.md", "[1.2.3] - 2027-01-31", "Unreleased")
    assert check(release) == "CHANGELOG.md does not name version 1.2.3\n"


def test_the_release_workflow_runs_the_check():
    workflow = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    assert 'run: python3 packaging/check_release.py "$TAG" "$REPOSITORY"' in workflow
    assert "needs: [test, version]" in workflow
