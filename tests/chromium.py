"""The page in a real Chromium, as a visitor uses it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.glyphs import GLYPHS, outline

sync_api = pytest.importorskip(
    "playwright.sync_api", reason='needs Playwright: pip install ".[dev]"'
)

CHROMIUM = shutil.which("chromium")
# A busy machine takes long to compile a runtime; what does not come at all fails as well.
sync_api.expect.set_options(timeout=60_000)

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium: apt install chromium")

OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]
WATCH_SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  const place = ({ x, y, width, height }) => [x, y, width, height].map(Math.round).join(" ");
  for (const { sources, startTime, hadRecentInput } of list.getEntries())
    for (const { node, previousRect, currentRect } of sources)
      window.shifts.push({
        node: node?.id || node?.className || node?.nodeName,
        from: place(previousRect),
        to: place(currentRect),
        at: Math.round(startTime),
        afterInput: hadRecentInput,
      });
}).observe({ type: "layout-shift", buffered: true });
"""


@contextmanager
def launched() -> Iterator[sync_api.Browser]:
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


class Page:
    """The page, as a visitor uses it."""

    def __init__(self, tab: sync_api.Page) -> None:
        self.tab = tab
        self.complaints: list[str] = []
        tab.on("console", lambda message: self._note(message.type, message.text))
        tab.on("pageerror", lambda error: self._note("error", str(error)))

    def _note(self, kind: str, text: str) -> None:
        # The browser reports 422, the status of a picture without a digit, as if it were a fault.
        if kind in ("error", "warning") and "422" not in text:
            self.complaints.append(text)

    def draw(self, digit: int, left: float = 0.2, top: float = 0.15, size: float = 0.65) -> None:
        """Draw a digit with the mouse, in shares of the canvas."""
        frame = self.tab.locator("#ink").bounding_box()
        mouse = self.tab.mouse
        for stroke in GLYPHS[digit]:
            places = [
                (
                    frame["x"] + frame["width"] * (left + x * size),
                    frame["y"] + frame["height"] * (top + y * size),
                )
                for x, y in outline(stroke, steps=4)
            ]
            mouse.move(*places[0])
            mouse.down()
            for place in places[1:]:
                mouse.move(*place)
            mouse.up()

    def upload(self, picture: bytes) -> None:
        """Choose a picture file of these bytes."""
        self.tab.locator("#file").set_input_files(
            {"name": "picture.png", "mimeType": "image/png", "buffer": picture}
        )

    def choose_sample(self, name: str) -> None:
        self.tab.get_by_role("button", name=f"Draw {name}").click()

    def expect(self, selector: str, text: str | re.Pattern[str]) -> None:
        sync_api.expect(self.tab.locator(selector)).to_have_text(text)

    def choose(self, mode: str) -> None:
        """Switch the mode; what moves then moves because the visitor asked for it."""
        self.tab.get_by_label(mode).check()
        self.tab.wait_for_timeout(50)
        self.tab.evaluate("window.shifts = []")

    def expect_digit(self, digit: int) -> None:
        self.expect("#digit", str(digit))


def open_page(browser: sync_api.Browser, url: str, **options: object) -> Iterator[Page]:
    """The page in a tab of its own; in the end nothing went wrong, and nothing moved by itself."""
    context = browser.new_context(**options)
    context.add_init_script(WATCH_SHIFTS)
    tab = context.new_page()
    page = Page(tab)
    tab.goto(url)
    page.expect("#model", re.compile(r"[a-z]"))  # it is ready
    yield page
    assert page.complaints == [], page.complaints
    shifts = tab.evaluate("window.shifts")
    assert shifts == [], shifts
    context.close()
