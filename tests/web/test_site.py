"""The static site in a real Chromium: digit.onnx answers in the visitor's browser, offline too."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.chromium import Page, launched, needs_chromium, open_page, sync_api

pytestmark = needs_chromium

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "web"
NO_DIGIT = "\N{EN DASH}"
IS_KEPT = "navigator.serviceWorker.ready.then((worker) => worker.active.state)"


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@dataclass
class Host:
    """Any web server, with the site's folder and nothing else."""

    server: ThreadingHTTPServer

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/"


@contextmanager
def hosting(folder: Path) -> Iterator[Host]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Host(server)
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as for its publication."""
    if shutil.which("node") is None:
        pytest.skip("building the site needs Node: apt install npm")
    if not (WEB / "node_modules").exists():
        pytest.skip("building the site needs its packages: npm ci --ignore-scripts in web")
    folder = tmp_path_factory.mktemp("site")
    subprocess.run(["node", "build.mjs", str(folder)], cwd=WEB, check=True, timeout=120)
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def host(folder: Path) -> Iterator[Host]:
    with hosting(folder) as host:
        yield host


@pytest.fixture
def site(browser: sync_api.Browser, host: Host) -> Iterator[Page]:
    yield from open_page(browser, host.url)


def test_drawn_digits_are_recognised_and_no_request_leaves(site: Page, host: Host):
    requested: list[str] = []
    site.tab.on("request", lambda request: requested.append(request.url))
    for digit in range(10):
        site.draw(digit)
        site.expect_digit(digit)
        site.tab.keyboard.press("Escape")
        site.expect("#digit", NO_DIGIT)

    assert [url for url in requested if not url.startswith((host.url, "data:", "blob:"))] == []


def test_a_chosen_picture_is_recognised(site: Page):
    site.tab.locator("#file").set_input_files(ROOT / "examples" / "seven.png")

    site.expect_digit(7)
    sync_api.expect(site.tab.locator("#boxes rect")).to_have_count(1)


def test_it_works_offline_once_it_was_open(browser: sync_api.Browser, folder: Path):
    context = browser.new_context()
    tab = context.new_page()
    with hosting(folder) as host:
        tab.goto(host.url)
        assert tab.evaluate(IS_KEPT) in ("activating", "activated")
    tab.reload()
    page = Page(tab)
    page.draw(4)
    page.expect_digit(4)
    context.close()


def test_it_can_be_installed(site: Page, host: Host):
    manifest = site.tab.request.get(host.url + "manifest.webmanifest").json()

    assert manifest["display"] == "standalone"
    assert site.tab.request.get(host.url + manifest["icons"][0]["src"]).ok


def test_what_needs_a_server_is_not_offered(site: Page):
    sync_api.expect(site.tab.get_by_label("Read many")).to_be_hidden()
    sync_api.expect(site.tab.get_by_text("API")).to_be_hidden()


def test_the_first_load_is_small(folder: Path):
    packed = shutil.make_archive(str(folder.parent / "site"), "gztar", folder)

    assert Path(packed).stat().st_size < 5_000_000
