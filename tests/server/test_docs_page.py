"""The page about the API: each address with curl that works, and a form that tries it."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chromium import launched, needs_chromium, sync_api
from tests.paths import SEVEN

from .conftest import Server

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def tab(server: Server) -> Iterator[sync_api.Page]:
    with launched() as browser:
        tab = browser.new_page()
        tab.goto(f"{server.url}/docs")
        yield tab


def section(tab: sync_api.Page, operation: str) -> sync_api.Locator:
    title = tab.get_by_role("heading", name=operation, exact=True)
    return tab.locator("section").filter(has=title)


def test_every_operation_of_the_document_is_there(tab: sync_api.Page, server: Server):
    paths = tab.request.get(f"{server.url}/openapi.json").json()["paths"]
    operations = [f"{method.upper()} {path}" for path in paths for method in paths[path]]
    sync_api.expect(tab.locator("section h2")).to_have_text(operations)


def test_a_picture_to_try(tab: sync_api.Page):
    predict = section(tab, "POST /predict")
    predict.get_by_role("button", name="Try").click()
    sync_api.expect(predict.locator(".answer")).to_contain_text('"digit": 3')
    predict.locator("[type=file]").set_input_files(SEVEN)
    predict.get_by_role("button", name="Try").click()
    sync_api.expect(predict.locator(".answer")).to_contain_text('"digit": 7')


def test_a_tensor_to_try(tab: sync_api.Page):
    infer = section(tab, "POST /v2/models/{model}/infer")
    infer.get_by_role("button", name="Try").click()
    sync_api.expect(infer.locator(".answer")).to_contain_text('"probabilities"')


def test_an_address_to_get(tab: sync_api.Page):
    metrics = section(tab, "GET /metrics")
    metrics.get_by_role("button", name="Try").click()
    sync_api.expect(metrics.locator(".answer")).to_contain_text(
        "http_request_duration_seconds_count"
    )


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl: apt install curl")
@pytest.mark.parametrize("operation", ["POST /read", "POST /v2/models/{model}/infer", "GET /about"])
def test_curl_to_copy(tab: sync_api.Page, tmp_path: Path, operation: str):
    found = section(tab, operation)
    shutil.copy(SEVEN, tmp_path / "picture.png")
    if found.locator("textarea").count():
        (tmp_path / "request.json").write_text(found.locator("textarea").input_value())
    command = shlex.split(found.locator(".curl code").inner_text())
    done = subprocess.run(
        [*command, "--fail"], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr


def test_it_fits_a_phone(tab: sync_api.Page, server: Server):
    phone = tab.context.browser.new_page(viewport={"width": 360, "height": 740})
    phone.goto(f"{server.url}/docs")
    sync_api.expect(phone.locator("section h2").first).to_be_visible()
    assert phone.evaluate("document.documentElement.scrollWidth") == 360
