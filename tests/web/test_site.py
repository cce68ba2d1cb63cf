"""The static site in a real Chromium: digit.onnx answers in the visitor's browser, offline too."""

from __future__ import annotations

import json
import re
import shutil
from base64 import b64decode
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tests.chromium import Page, needs_chromium, open_page, sync_api
from tests.paths import SEVEN
from tests.web.host import Host, hosting, wait_until_kept

pytestmark = needs_chromium

NO_DIGIT = "\N{EN DASH}"


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

    site.expect("#place", "Answered in your browser: nothing is sent.")
    assert [url for url in requested if not url.startswith(("data:", "blob:"))] == []


def test_a_chosen_picture_is_recognised(site: Page):
    site.tab.locator("#file").set_input_files(SEVEN)

    site.expect_digit(7)
    sync_api.expect(site.tab.locator("#boxes rect")).to_have_count(1)


def test_it_works_offline_once_it_was_open(browser: sync_api.Browser, folder: Path):
    context = browser.new_context()
    tab = context.new_page()
    with hosting(folder) as host:
        tab.goto(host.url)
        wait_until_kept(tab)
    tab.reload()
    page = Page(tab)
    page.draw(4)
    page.expect_digit(4)
    page.expect("#place", re.compile("in your browser"))
    context.close()


def test_it_can_be_installed(site: Page, host: Host):
    manifest = site.tab.request.get(host.url + "manifest.webmanifest").json()

    assert manifest["display"] == "standalone"
    icons = manifest["icons"]
    assert all(site.tab.request.get(host.url + icon["src"]).ok for icon in icons)
    assert {icon["sizes"] for icon in icons} >= {"192x192", "512x512"}
    assert "maskable" in [icon.get("purpose") for icon in icons]


def test_home_screen_icons_are_as_large_as_the_manifest_says(folder: Path):
    icons = json.loads((folder / "manifest.webmanifest").read_text(encoding="utf-8"))["icons"]
    for icon in icons[1:]:
        with Image.open(folder / icon["src"]) as picture:
            assert f"{picture.width}x{picture.height}" == icon["sizes"]
            is_filled = picture.getpixel((0, 0))[3] == 255
            assert is_filled == (icon.get("purpose") == "maskable")


def test_several_digits_are_told_and_not_guessed(site: Page):
    site.draw(1, left=0.1, size=0.3)
    site.expect_digit(1)
    site.draw(7, left=0.6, size=0.3)
    site.expect("#sentence", re.compile("More than one digit"))
    sync_api.expect(site.tab.get_by_role("button", name="Read them all")).to_be_hidden()


class TestWasIRight:
    def downloaded(self, site: Page) -> list[dict[str, object]]:
        with site.tab.expect_download() as download:
            site.tab.get_by_role("button", name="Download").click()
        return json.loads(Path(download.value.path()).read_text(encoding="utf-8"))

    def test_yes_and_no_keep_the_drawing_with_its_digit(self, site: Page, tmp_path: Path):
        requested: list[str] = []
        site.draw(7)
        site.expect_digit(7)
        site.tab.on("request", lambda request: requested.append(request.url))
        site.expect("#consent", "Both keep the drawing, in this browser only.")
        site.tab.get_by_role("button", name="Yes").click()
        site.expect("#kept-count", "1 drawing kept here")
        site.tab.keyboard.press("Escape")
        site.draw(1)
        site.expect_digit(1)
        site.tab.get_by_role("button", name="No", exact=True).click()
        site.tab.get_by_role("group", name="Which digit is it?").get_by_text("4").click()
        site.expect("#kept-count", "2 drawings kept here")

        seven, four = self.downloaded(site)

        assert (seven["digit"], seven["answer"]) == (7, 7)
        assert (four["digit"], four["answer"]) == (4, 1)
        _, _, content = str(four["png"]).partition("data:image/png;base64,")
        drawing = Image.open(BytesIO(b64decode(content)))
        assert drawing.convert("L").getextrema() == (0, 255)
        assert [url for url in requested if not url.startswith(("data:", "blob:"))] == []

    def test_they_stay_until_they_are_deleted(self, site: Page):
        site.draw(7)
        site.expect_digit(7)
        site.tab.get_by_role("button", name="Yes").click()
        site.expect("#kept-count", "1 drawing kept here")
        sync_api.expect(site.tab.get_by_role("button", name="Yes")).to_be_disabled()
        site.tab.reload()
        site.expect("#kept-count", "1 drawing kept here")
        site.tab.get_by_role("button", name="Delete").click()
        sync_api.expect(site.tab.locator("#kept")).to_be_hidden()
        site.tab.reload()
        site.expect("#place", "Answered in your browser: nothing is sent.")
        sync_api.expect(site.tab.locator("#kept")).to_be_hidden()


def test_what_needs_a_server_is_not_offered(site: Page):
    sync_api.expect(site.tab.get_by_label("Read many")).to_be_hidden()
    sync_api.expect(site.tab.get_by_text("API")).to_be_hidden()


def test_the_first_load_is_small(folder: Path):
    packed = shutil.make_archive(str(folder.parent / "site"), "gztar", folder)

    assert Path(packed).stat().st_size < 5_000_000
