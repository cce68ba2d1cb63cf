"""The page in every state, width and colour scheme: `python -m tests.web.screens FOLDER`.

Writes a picture of each to FOLDER, as WIDTH-SCHEME-STATE.png.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.chromium import Page, launched, open_page, sync_api
from tests.server.conftest import page, png, serving
from tests.web.host import build, hosting, wait_until_kept

WIDTHS = (320, 360, 768, 1440)
SCHEMES = ("light", "dark")


def visit(
    browser: sync_api.Browser, url: str, width: int, scheme: str
) -> Iterator[tuple[str, Page]]:
    """Bring the page of a server with both engines into one state after another."""
    for site in open_page(browser, url, **_look(width, scheme)):
        site.expect("#place", re.compile("in your browser"))
        yield "empty", _settled(site)
        site.draw(5)
        _expect_all_stages(site)
        yield "drawing", _settled(site)
        site.tab.get_by_role("button", name="No", exact=True).click()
        yield "which", _settled(site)
        site.tab.get_by_role("group", name="Which digit is it?").get_by_text("5").click()
        site.expect("#kept-count", "1 drawing kept here")
        yield "kept", _settled(site)
        site.tab.keyboard.press("Escape")
        site.choose_sample("something that is no digit")
        site.expect("#sentence", re.compile("perhaps"))
        _expect_all_stages(site)
        yield "unsure", _settled(site)
        site.upload(b"no picture")
        site.expect("#refused", "picture.png cannot be shown")
        site.expect("#sentence", re.compile("Not a picture"))
        yield "refused", _settled(site)
        site.upload(png(page("407")))
        site.expect("#sentence", "More than one digit")
        yield "several", _settled(site)
        site.choose("Read many")
        site.upload(png(page("31415\n92653\n58979")))
        site.expect("#text", "31415\n92653\n58979")
        yield "read", _settled(site)


def visit_offline(
    browser: sync_api.Browser, folder: Path, width: int, scheme: str
) -> Iterator[Page]:
    """Open the static site once, then again without a network, and draw."""
    with hosting(folder) as host:
        for site in open_page(browser, host.url, **_look(width, scheme)):
            wait_until_kept(site.tab)
            site.tab.context.set_offline(True)
            site.tab.reload()
            site.expect("#place", re.compile("Offline"))
            site.draw(4)
            _expect_all_stages(site)
            yield _settled(site)


def _look(width: int, scheme: str) -> dict[str, object]:
    height = 740 if width < 400 else 900
    return {"viewport": {"width": width, "height": height}, "color_scheme": scheme}


def _expect_all_stages(site: Page) -> None:
    """Wait for the answer and its story, whose last picture comes once the pen rests."""
    sync_api.expect(site.tab.locator("#stage-occlusion > *")).to_have_count(1)


def _settled(site: Page) -> Page:
    site.tab.wait_for_timeout(300)  # until the bars stand still
    return site


def main(folder: Path) -> None:
    """Write all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as built, launched() as browser:
        build(Path(built))
        with serving("--quiet", "--page", built) as server:
            for width in WIDTHS:
                for scheme in SCHEMES:
                    for state, site in visit(browser, server.url, width, scheme):
                        _save(site, folder / f"{width}-{scheme}-{state}.png")
                    for site in visit_offline(browser, Path(built), width, scheme):
                        _save(site, folder / f"{width}-{scheme}-offline.png")


def _save(site: Page, path: Path) -> None:
    site.tab.screenshot(path=path, full_page=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
