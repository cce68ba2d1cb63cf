"""Each state of the page in each width, and in both colour schemes: it fits, and suits axe-core."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chromium import Page, needs_chromium, sync_api
from tests.server.conftest import Server, serving
from tests.web.host import WEB
from tests.web.screens import SCHEMES, WIDTHS, visit, visit_offline

pytestmark = needs_chromium

AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"
VIOLATIONS = """async () => {
  const { violations } = await axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"] });
  return violations.map(({ id, nodes }) => [id, ...nodes.map(({ target }) => target.join(" "))]);
}"""


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with serving("--quiet", "--page", str(folder)) as server:
        yield server


# The layout follows from the width and the colours from the scheme, so not each with each.
@pytest.mark.parametrize(("width", "scheme"), list(zip(WIDTHS, 2 * SCHEMES, strict=True)))
def test_every_state(browser: sync_api.Browser, server: Server, width: int, scheme: str):
    for state, site in visit(browser, server.url, width, scheme):
        assert (state, width_of(site), violations(site)) == (state, width, [])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_offline(browser: sync_api.Browser, folder: Path, scheme: str):
    for site in visit_offline(browser, folder, 360, scheme):
        assert (width_of(site), violations(site)) == (360, [])


def width_of(site: Page) -> int:
    return int(site.tab.evaluate("document.documentElement.scrollWidth"))


def violations(site: Page) -> list[object]:
    # By the protocol of developer tools, to which the page's own policy does not apply.
    site.tab.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[object] = site.tab.evaluate(VIOLATIONS)
    return found
