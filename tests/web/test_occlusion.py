"""What each part of the ink counts for, as the page shows it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chromium import Page, needs_chromium, open_page, sync_api
from tests.server.conftest import serving
from tests.web.host import hosting

pytestmark = needs_chromium

# A network that is sure of a 3 as long as there is ink at (20, 8), and else not; the picture has
# two bars, x 6 to 9 and x 18 to 21. What is given back is the colour at two places of each.
OF_A_KNOWN_NETWORK = """async () => {
  const { occlusion } = await import("./static/occlusion.js");
  const image = Object.assign(document.createElement("canvas"), { width: 28, height: 28 });
  const context = image.getContext("2d");
  context.fillRect(0, 0, 28, 28);
  context.fillStyle = "white";
  for (const x of [6, 18]) context.fillRect(x, 4, 4, 20);
  const classify = async (images) =>
    images.map((pixels) => Array(10).fill(pixels[28 * 8 + 20] > 128 ? 0.9 : 0.1));
  const picture = await occlusion(image, 3, classify);
  const { data } = picture.getContext("2d").getImageData(0, 0, 28, 28);
  const at = (x, y) => [...data.slice(4 * (28 * y + x), 4 * (28 * y + x) + 3)];
  return { counts: at(20, 8), same_bar: at(20, 20), other_bar: at(7, 8), paper: at(13, 8) };
}"""
REDS = """(stage) => {
  const copy = new OffscreenCanvas(28, 28).getContext("2d");
  copy.drawImage(document.querySelector(`#stage-${stage} > *`), 0, 0);
  return [...copy.getImageData(0, 0, 28, 28).data].filter((_, place) => place % 4 === 0);
}"""


@pytest.fixture(params=["browser", "server"])
def site(request: pytest.FixtureRequest, browser: sync_api.Browser, folder: Path) -> Iterator[Page]:
    """The page with either engine alone."""
    host = hosting(folder) if request.param == "browser" else serving("--quiet")
    with host as found:
        yield from open_page(browser, found.url)


def test_ink_that_decides_is_bright_and_other_ink_dim(site: Page):
    colours = site.tab.evaluate(OF_A_KNOWN_NETWORK)

    assert colours["counts"] == [255, 190, 60]
    assert colours["same_bar"] == colours["other_bar"] == [64, 68, 82]
    assert colours["paper"] == [0, 0, 0]


def test_it_comes_after_the_answer_and_has_the_ink_of_the_digit(site: Page):
    site.draw(7)
    site.expect_digit(7)
    sync_api.expect(shown(site)).to_have_attribute(
        "aria-label", "How much each part of the ink counts for the answer"
    )

    image, occlusion = (site.tab.evaluate(REDS, stage) for stage in ("image", "occlusion"))
    paper = {red for red, shade in zip(occlusion, image, strict=True) if shade == 0}
    ink = {red for red, shade in zip(occlusion, image, strict=True) if shade == 255}
    assert paper == {0}
    assert min(ink) > 0
    assert max(ink) > 1.5 * min(ink)  # some of it counts for more


def test_a_changed_drawing_takes_it_back(site: Page):
    site.draw(7)
    sync_api.expect(shown(site)).to_have_count(1)
    site.tab.keyboard.press("Escape")
    sync_api.expect(shown(site)).to_have_count(0)


def shown(site: Page) -> sync_api.Locator:
    return site.tab.locator("#stage-occlusion > *")
