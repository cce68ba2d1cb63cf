"""The page in a real Chromium: draw, undo, upload, paste, read, keyboard, camera, every width."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from PIL import Image

from tests.chromium import Page, launched, needs_chromium, open_page, sync_api
from tests.glyphs import GLYPHS
from tests.paths import SEVEN

from .conftest import Server, page, png

pytestmark = needs_chromium

NO_DIGIT = "\N{EN DASH}"
HAS_PICTURE = "id => document.querySelector(`#${id} > *`)?.width > 0"
DARK_PIXELS = """async () => {
  await new Promise(requestAnimationFrame); // the pad has drawn
  const canvas = document.querySelector("#ink");
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d");
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
  return data.filter((value, place) => place % 4 === 3 && value > 127).length;
}"""
# WCAG 2.2: the contrast of two sRGB colours, as the browser computes them from the style sheet.
CONTRASTS = r"""(pairs) => {
  const probe = document.body.appendChild(document.createElement("i"));
  const luminance = (name) => {
    probe.className = `probe-${name}`;
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`.probe-${name} { color: var(--${name}); }`);
    document.adoptedStyleSheets = [sheet];
    const linear = getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3)
      .map((value) => value / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const contrasts = pairs.map((pair) => {
    const [dark, light] = pair.map(luminance).sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  });
  probe.remove();
  return contrasts;
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[sync_api.Browser]:
    with launched() as browser:
        yield browser


@pytest.fixture
def site(browser: sync_api.Browser, server: Server) -> Iterator[Page]:
    yield from open_page(browser, server.url)


@contextmanager
def in_parts(server: Server) -> Iterator[Server]:
    """The same server, whose documents come in parts, as over a slow line."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = httpx.get(server.url + self.path)
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.end_headers()
            lines = answer.content.splitlines(keepends=True)
            for start in range(0, len(lines), 8):
                self.wfile.write(b"".join(lines[start : start + 8]))
                self.wfile.flush()
                if self.path == "/":
                    time.sleep(0.1)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as proxy:
        threading.Thread(target=proxy.serve_forever).start()
        try:
            yield replace(server, url=f"http://127.0.0.1:{proxy.server_port}")
        finally:
            proxy.shutdown()


def test_nothing_moves_while_the_page_arrives(browser: sync_api.Browser, server: Server):
    with in_parts(server) as slow:
        for site in open_page(browser, slow.url):
            sync_api.expect(site.tab.locator("#bars li")).to_have_count(10)


def test_drawn_digits_are_recognised(site: Page):
    for digit in range(10):
        site.draw(digit)
        site.expect_digit(digit)
        site.expect("#announcement", re.compile(rf"{digit}, [\d.]+ % sure"))
        site.expect("#latency", re.compile(r"\d+ ms \(server [\d.]+\)"))
        sync_api.expect(site.tab.locator("#bars .best span").first).to_have_text(str(digit))
        for stage in ("foreground", "cleaned", "image", "occlusion"):
            site.tab.wait_for_function(HAS_PICTURE, arg=f"stage-{stage}")
        site.tab.keyboard.press("Escape")
        site.expect("#digit", NO_DIGIT)


def test_answers_come_while_the_pen_is_down(site: Page):
    frame = site.tab.locator("#ink").bounding_box()
    x, y = frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] * 0.2
    site.tab.mouse.move(x, y)
    site.tab.mouse.down()
    site.tab.mouse.move(x, y + frame["height"] * 0.6, steps=5)
    site.expect_digit(1)
    site.expect("#announcement", "")
    site.tab.mouse.up()
    site.expect("#announcement", re.compile("1, "))


@pytest.mark.parametrize("kind", ["pen", "touch"])
def test_a_pen_that_is_pressed_draws_wider_and_a_finger_does_not(site: Page, kind: str):
    widths = []
    for force in (0.2, 1.0):
        drag(site, kind, force)
        site.expect_digit(1)
        widths.append(site.tab.evaluate(DARK_PIXELS))
        site.tab.get_by_role("button", name="Clear").click()
        site.expect("#digit", NO_DIGIT)
    # A pen that is pressed draws a wider stroke; a finger's pressure means nothing.
    assert widths[1] > 1.3 * widths[0] if kind == "pen" else widths[1] == widths[0]


def test_undo_takes_strokes_away_and_clear_all(site: Page):
    undo, clear = (site.tab.get_by_role("button", name=name) for name in ("Undo", "Clear"))
    sync_api.expect(undo).to_be_disabled()
    site.draw(1)
    site.expect_digit(1)
    site.draw(4)
    undo.click(click_count=len(GLYPHS[4]))
    site.expect_digit(1)
    undo.click(click_count=len(GLYPHS[1]))
    site.expect("#sentence", "Waiting for a digit")
    site.draw(7)
    site.expect_digit(7)
    clear.click()
    site.expect("#digit", NO_DIGIT)
    sync_api.expect(clear).to_be_disabled()


def test_no_digit_is_said(site: Page):
    site.upload(png(Image.new("L", (60, 60), 255)))
    site.expect("#sentence", "No digit here")
    site.expect("#announcement", "No digit here")
    site.expect("#digit", NO_DIGIT)


def test_a_chosen_picture_is_recognised(site: Page):
    site.upload((SEVEN).read_bytes())
    site.expect_digit(7)
    sync_api.expect(site.tab.locator("#boxes rect")).to_have_count(1)
    site.tab.keyboard.press("Escape")
    site.expect("#digit", NO_DIGIT)
    sync_api.expect(site.tab.locator("#photo")).to_be_hidden()


@pytest.mark.parametrize("way", ["paste", "drop"])
def test_a_picture_by_clipboard_or_mouse(site: Page, way: str):
    site.tab.evaluate(
        """async ([bytes, way]) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(bytes)], "x.png", { type: "image/png" }));
          document.dispatchEvent(way === "paste"
            ? new ClipboardEvent("paste", { clipboardData: transfer })
            : new DragEvent("drop", { dataTransfer: transfer }));
        }""",
        [list((SEVEN).read_bytes()), way],
    )
    site.expect_digit(7)


def test_the_camera_takes_a_picture(site: Page):
    site.tab.get_by_role("button", name="Camera").click()
    sync_api.expect(site.tab.locator("#viewfinder")).to_be_visible()
    site.tab.get_by_role("button", name="Take it").click()
    sync_api.expect(site.tab.locator("#photo")).to_be_visible()
    sync_api.expect(site.tab.locator("#sentence")).not_to_have_text("Waiting for a digit")
    sync_api.expect(site.tab.locator("#viewfinder")).to_be_hidden()


def test_samples_are_recognised(site: Page):
    for name, digit in (("a three", 3), ("a thin five", 5), ("a small two", 2)):
        site.choose_sample(name)
        site.expect_digit(digit)
        site.tab.keyboard.press("Escape")
        site.expect("#digit", NO_DIGIT)


def test_what_is_doubtful_is_not_claimed(site: Page):
    site.choose_sample("something that is no digit")
    site.expect("#sentence", re.compile(r"Not sure: perhaps \d|No digit here"))
    site.expect("#digit", re.compile(f"[?{NO_DIGIT}]"))


def test_redo_brings_back_what_was_undone(site: Page):
    redo = site.tab.get_by_role("button", name="Redo")
    sync_api.expect(redo).to_be_disabled()
    site.draw(7)
    site.expect_digit(7)
    site.tab.keyboard.press("Control+z")
    site.expect("#digit", NO_DIGIT)
    redo.click()
    site.expect_digit(7)
    sync_api.expect(redo).to_be_disabled()


def test_the_eraser_takes_ink_away(site: Page):
    site.draw(8)
    site.expect_digit(8)
    inked = site.tab.evaluate(DARK_PIXELS)
    site.tab.get_by_role("button", name="Eraser").click()
    site.draw(1)
    assert site.tab.evaluate(DARK_PIXELS) < inked


def test_pens_differ_in_width(site: Page):
    widths = []
    for _ in range(3):
        drag(site, "touch", 0.5)
        widths.append(site.tab.evaluate(DARK_PIXELS))
        site.tab.keyboard.press("Escape")
        site.tab.get_by_role("button", name="Pen").click()
    medium, fat, thin = widths
    assert thin < medium < fat


def test_the_answer_can_be_copied(site: Page):
    copied = {"Text": "7", "JSON": '"digit": 7', "curl": "/explain", "Python": "predict("}
    buttons = {form: site.tab.get_by_role("button", name=form, exact=True) for form in copied}
    site.tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for button in buttons.values():
        sync_api.expect(button).to_be_hidden()
    site.draw(7)
    site.expect_digit(7)
    for form, has in copied.items():
        buttons[form].click()
        site.tab.wait_for_function(
            "async (has) => (await navigator.clipboard.readText()).includes(has)", arg=has
        )


def test_several_digits_are_read_by_one_button(site: Page):
    site.upload(png(page("407")))
    site.expect("#sentence", "More than one digit")
    site.tab.get_by_role("button", name="Read them all").click()
    site.expect("#text", "407")
    site.tab.evaluate("window.shifts = []")


def test_a_file_that_is_no_picture_is_refused_in_words(site: Page):
    site.upload(b"no picture")
    site.expect("#refused", "picture.png cannot be shown")
    sync_api.expect(site.tab.locator("#photo")).to_be_hidden()
    sync_api.expect(site.tab.locator("#sentence")).not_to_have_text("Waiting for a digit")


def test_a_phone_shows_canvas_answer_and_bars_on_one_screen(
    browser: sync_api.Browser, server: Server
):
    for site in open_page(browser, server.url, viewport={"width": 360, "height": 740}):
        for part in ("#ink", "#digit", "#sentence", "#bars"):
            frame = site.tab.locator(part).bounding_box()
            assert frame["y"] >= 0
            assert frame["y"] + frame["height"] <= 740


class TestReading:
    def test_a_picture(self, site: Page):
        site.choose("Read many")
        site.upload(png(page("407\n19")))
        site.expect("#text", "407\n19")
        site.expect("#summary", re.compile("5 digits on 2 lines"))
        sync_api.expect(site.tab.locator("#boxes text")).to_have_text(list("40719"))
        sync_api.expect(site.tab.locator("#photo")).to_be_visible()
        sync_api.expect(site.tab.locator("#boxes rect").last).to_be_visible()
        frames = site.tab.locator("#boxes rect").evaluate_all(
            "boxes => boxes.map(box => box.getBoundingClientRect())"
        )
        photo = site.tab.locator("#photo").bounding_box()
        assert all(photo["x"] <= frame["x"] < photo["x"] + photo["width"] for frame in frames)
        assert frames[0]["x"] < frames[1]["x"] < frames[2]["x"]
        assert frames[3]["y"] > frames[0]["y"] + frames[0]["height"]

    def test_a_drawing(self, site: Page):
        site.choose("Read many")
        for place, digit in enumerate((3, 1, 7)):
            site.draw(digit, left=0.05 + 0.32 * place, top=0.35, size=0.24)
        site.expect("#text", "317")
        site.choose("One digit")
        sync_api.expect(site.tab.locator("#single")).to_be_visible()


def test_a_digit_is_drawn_by_keyboard_alone(site: Page):
    press = site.tab.keyboard.press
    press("Tab")  # One digit
    press("Tab")  # the drawing area
    assert site.tab.evaluate("document.activeElement.id") == "ink"
    for _ in range(16):
        press("ArrowUp")
    press(" ")
    for _ in range(32):
        press("ArrowDown")
    press(" ")
    site.expect_digit(1)
    press("Control+z")
    site.expect("#digit", NO_DIGIT)
    press("Tab")
    assert site.tab.evaluate("document.activeElement.id") == "redo"  # undo is disabled
    press("Shift+Tab")
    press("Shift+Tab")
    press("ArrowRight")
    site.tab.wait_for_timeout(50)
    site.tab.evaluate("window.shifts = []")
    sync_api.expect(site.tab.locator("#page")).to_be_visible()


def drag(site: Page, kind: str, force: float) -> None:
    """A stroke from top to bottom, with a pen or a finger, through Chromium's own input."""
    frame = site.tab.locator("#ink").bounding_box()
    x = frame["x"] + frame["width"] / 2
    ys = [frame["y"] + frame["height"] * share for share in (0.2, 0.35, 0.5, 0.65, 0.8)]
    devtools = site.tab.context.new_cdp_session(site.tab)
    if kind == "touch":
        for event, y in [("touchStart", ys[0]), *(("touchMove", y) for y in ys)]:
            point = {"x": x, "y": y, "force": force}
            devtools.send("Input.dispatchTouchEvent", {"type": event, "touchPoints": [point]})
        devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        return
    pen = {"x": x, "pointerType": "pen", "force": force, "button": "left"}
    for event, y in [("mousePressed", ys[0]), *(("mouseMoved", y) for y in ys)]:
        buttons = {"buttons": 1, "clickCount": 1}
        devtools.send("Input.dispatchMouseEvent", {"type": event, "y": y, **pen, **buttons})
    devtools.send("Input.dispatchMouseEvent", {"type": "mouseReleased", "y": ys[-1], **pen})


TEXT = [
    (text, ground) for text in ("ink", "muted", "accent") for ground in ("ground", "card", "pad")
] + [("on-accent", "accent")]
CONTROLS = [("edge", "ground"), ("edge", "card"), ("edge", "pad")]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_have_the_contrast_of_wcag_aa(
    browser: sync_api.Browser, server: Server, scheme: str
):
    for site in open_page(browser, server.url, color_scheme=scheme):
        measured = site.tab.evaluate(CONTRASTS, TEXT + CONTROLS)
    contrasts = dict(zip(TEXT + CONTROLS, measured, strict=True))
    assert contrasts["ink", "ground"] > 10  # the measurement itself works
    assert {pair: contrasts[pair] for pair in TEXT if contrasts[pair] < 4.5} == {}
    assert {pair: contrasts[pair] for pair in CONTROLS if contrasts[pair] < 3} == {}
