"""How fast the static site is in Chromium: `python -m tests.web.speed`.

An answer is timed from the canvas to the digit with its pictures. Frames are counted while one
draws and is answered, also with a processor that Chromium slows down to a quarter.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median, quantiles

from tests.chromium import Page, launched, open_page
from tests.web.host import build, hosting

SLOWED = 4
ANSWERS = """async (count) => {
  const { BrowserEngine } = await import("./static/engine.js");
  const { paint } = await import("./static/pad.js");
  const { SAMPLES } = await import("./static/samples.js");
  const engine = await BrowserEngine.load("model/digit.onnx");
  const { side } = engine;
  const sheet = Object.assign(document.createElement("canvas"), { width: side, height: side });
  const context = sheet.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "white";
  context.fillRect(0, 0, side, side);
  paint(context, side, "black", SAMPLES[0].strokes);
  const taken = [];
  for (let i = 0; i < count; i++) {
    const started = performance.now();
    await engine.recognize("explain", sheet);
    taken.push(performance.now() - started);
  }
  return taken.slice(count / 4); // once the runtime is warm
}"""
COUNT_FRAMES = """() => {
  window.frames = [];
  const next = (time) => {
    window.frames.push(time);
    window.counting = requestAnimationFrame(next);
  };
  requestAnimationFrame(next);
}"""
FRAMES = "() => { cancelAnimationFrame(window.counting); return window.frames; }"


def main() -> None:
    """Print what was measured."""
    with tempfile.TemporaryDirectory() as folder, launched() as browser:
        build(Path(folder))
        with hosting(Path(folder)) as host:
            for site in open_page(browser, host.url, viewport={"width": 360, "height": 740}):
                site.expect("#place", re.compile("in your browser"))
                show("an answer", site.tab.evaluate(ANSWERS, 80))
                show("a frame while drawing", frames(site))
                devtools = site.tab.context.new_cdp_session(site.tab)
                devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
                show(f"a frame while drawing, processor {SLOWED} times slower", frames(site))


def frames(site: Page) -> list[float]:
    """Milliseconds from one frame to the next while digits are drawn."""
    site.tab.evaluate(COUNT_FRAMES)
    for digit in range(10):
        site.draw(digit)
        site.tab.keyboard.press("Escape")
    times: list[float] = site.tab.evaluate(FRAMES)
    return [after - before for before, after in pairwise(times)]


def show(what: str, milliseconds: Sequence[float]) -> None:
    """Print the least, the median and the 95th percentile."""
    high = quantiles(milliseconds, n=20)[-1]
    print(
        f"{what}: {min(milliseconds):.1f} ms at best, median {median(milliseconds):.1f}, "
        f"95 % within {high:.1f} ({len(milliseconds)} measured)"
    )


if __name__ == "__main__":
    main()
