"""The static site as it is published, and a browser to open it in."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chromium import launched, sync_api
from tests.web.host import WEB, build


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as for its publication."""
    if shutil.which("node") is None:
        pytest.skip("building the site needs Node: apt install npm")
    if not (WEB / "node_modules").exists():
        pytest.skip("building the site needs its packages: npm ci --ignore-scripts in web")
    folder = tmp_path_factory.mktemp("site")
    build(folder)
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    with launched() as browser:
        yield browser
