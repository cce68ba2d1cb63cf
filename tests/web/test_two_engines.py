"""The server's page with a network of its own: drawings stay in the browser, the rest is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chromium import Page, needs_chromium, open_page, sync_api
from tests.paths import SEVEN
from tests.server.conftest import Server, page, png, serving

pytestmark = needs_chromium

FROM_PAGE = "Answered in your browser: nothing is sent."
FROM_SERVER = "Answered by the server: pictures are sent."


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with serving("--quiet", "--page", str(folder)) as server:
        yield server


@pytest.fixture
def site(browser: sync_api.Browser, server: Server) -> Iterator[Page]:
    for site in open_page(browser, server.url):
        site.expect("#place", FROM_PAGE)  # its network is loaded
        yield site


def posts(site: Page) -> list[str]:
    sent: list[str] = []
    site.tab.on("request", lambda request: sent.append(request.method))
    return sent


def test_a_drawing_is_not_sent(site: Page):
    sent = posts(site)
    site.draw(5)
    site.expect_digit(5)
    site.expect("#model", re.compile("^digit "))
    assert "POST" not in sent


def test_a_photo_is_answered_by_the_server(site: Page):
    site.tab.locator("#file").set_input_files(SEVEN)
    site.expect_digit(7)
    site.expect("#place", FROM_SERVER)
    site.expect("#model", re.compile("dense-512x2 on cpu"))
    site.tab.keyboard.press("Escape")
    site.draw(3)
    site.expect_digit(3)
    site.expect("#place", FROM_PAGE)


def test_several_drawn_digits_are_read_by_the_server(site: Page):
    site.draw(1, left=0.1, size=0.3)
    site.draw(7, left=0.6, size=0.3)
    site.expect("#sentence", "More than one digit")
    site.tab.get_by_role("button", name="Read them all").click()
    site.expect("#text", "17")
    site.expect("#place", FROM_SERVER)
    site.tab.evaluate("window.shifts = []")


def test_rows_are_read_by_the_server(site: Page):
    site.choose("Read many")
    site.tab.locator("#file").set_input_files(
        {"name": "row.png", "mimeType": "image/png", "buffer": png(page("407"))}
    )
    site.expect("#text", "407")
    site.expect("#place", FROM_SERVER)


def test_drawings_are_answered_without_the_server(browser: sync_api.Browser, folder: Path):
    with serving("--quiet", "--page", str(folder)) as server:
        context = browser.new_context()
        tab = context.new_page()
        tab.goto(server.url)
        page = Page(tab)
        page.expect("#place", FROM_PAGE)
    page.draw(4)
    page.expect_digit(4)
    page.tab.locator("#file").set_input_files(SEVEN)
    page.expect("#sentence", re.compile("The server does not answer"))
    context.close()
