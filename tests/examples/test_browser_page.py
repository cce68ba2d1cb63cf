"""The JavaScript of docs/browser.md as it stands there, and `digit.onnx` in other runtimes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.glyphs import digit_mask
from tests.paths import ROOT

MODEL = ROOT / "mnist_infer" / "models" / "picture" / "digit.onnx"
DOCUMENT = (ROOT / "docs" / "browser.md").read_text(encoding="utf-8")
NODE_PACKAGES = ROOT / "examples" / "node" / "node_modules"
WEB_RUNTIME = ROOT / "web" / "node_modules" / "onnxruntime-web" / "dist"
WEB_FILES = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
TOLERANCE = 0.02
"""Of a probability: an int8 network may round a value that lies between two to either."""


def block(first_line: str) -> str:
    """The one block of JavaScript that begins so."""
    found = re.findall(rf"```js\n({re.escape(first_line)}.*?)```", DOCUMENT, re.DOTALL)
    assert len(found) == 1
    return found[0]


@pytest.fixture(scope="module")
def pictures() -> list[NDArray[np.uint8]]:
    """Each digit of our own, on canvases of many sizes, dark and bright in turn."""
    drawn = []
    for digit in range(10):
        height, width = 40 + 31 * digit, 48 + 37 * digit
        sheet = Image.new("L", (width, height), 255)
        sheet.paste(0, (5, 4), digit_mask(digit, height * 2 // 3, 0.06 + digit / 100))
        drawn.append(np.asarray(sheet) ^ np.uint8(255 * (digit % 2)))
    return drawn


@pytest.fixture(scope="module")
def expected(pictures: list[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
    """What ONNX Runtime gives for them in Python."""
    session = onnxruntime.InferenceSession(MODEL)
    return [session.run(["probabilities"], {"picture": each})[0] for each in pictures]


def test_openvino(pictures, expected):
    openvino = pytest.importorskip("openvino", reason="needs its runtime: pip install openvino")
    compiled = openvino.compile_model(MODEL, "CPU")

    for picture, probabilities in zip(pictures, expected, strict=True):
        np.testing.assert_allclose(
            compiled([picture])["probabilities"], probabilities, atol=TOLERANCE
        )


def test_node(pictures, expected, tmp_path: Path):
    if shutil.which("node") is None:
        pytest.skip("the example needs Node: apt install npm")
    if not NODE_PACKAGES.exists():
        pytest.skip("the example needs its package: npm install --ignore-scripts in examples/node")
    (tmp_path / "node_modules").symlink_to(NODE_PACKAGES)
    shutil.copy(MODEL, tmp_path)
    (tmp_path / "digit.mjs").write_text(block("// digit.mjs"))
    (tmp_path / "pictures.json").write_text(json.dumps(as_lists(pictures)))
    (tmp_path / "main.mjs").write_text(
        """
        import { readFile } from "node:fs/promises";
        import { digitOn } from "./digit.mjs";
        for (const { grey, height, width } of JSON.parse(await readFile("pictures.json"))) {
          console.log(JSON.stringify(await digitOn(Uint8Array.from(grey), height, width)));
        }
        """
    )

    done = subprocess.run(
        ["node", "main.mjs"], cwd=tmp_path, capture_output=True, text=True, check=True, timeout=120
    )

    assert_same([json.loads(line) for line in done.stdout.splitlines()], expected)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[str]:
    """The files that the document names, served as any web server would."""
    if not WEB_RUNTIME.exists():
        pytest.skip("the page needs its runtime: npm ci --ignore-scripts in web")
    for file in (MODEL, *(WEB_RUNTIME / name for name in WEB_FILES)):
        shutil.copy(file, tmp_path)
    (tmp_path / "digit.js").write_text(block("// digit.js"))
    (tmp_path / "index.html").write_text("<!doctype html><title>digits</title>")
    handler = partial(QuietHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def test_web(site: str, pictures, expected):
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs Playwright")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs Chromium: apt install chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        tab = browser.new_page()
        tab.goto(site)
        answers = tab.evaluate(
            """async (pictures) => {
              const { digitOn } = await import("./digit.js");
              const answers = [];
              for (const { grey, height, width } of pictures) {
                const canvas = Object.assign(document.createElement("canvas"), { width, height });
                const image = new ImageData(width, height);
                grey.forEach((shade, place) => {
                  image.data.set([shade, shade, shade, 255], 4 * place);
                });
                canvas.getContext("2d").putImageData(image, 0, 0);
                answers.push(await digitOn(canvas));
              }
              return answers;
            }""",
            as_lists(pictures),
        )
        browser.close()

    assert_same(answers, expected)


def as_lists(pictures: list[NDArray[np.uint8]]) -> list[dict[str, object]]:
    return [
        {"grey": each.ravel().tolist(), "height": each.shape[0], "width": each.shape[1]}
        for each in pictures
    ]


def assert_same(answers: list[dict[str, float]], expected: list[NDArray[np.float32]]) -> None:
    assert [answer["digit"] for answer in answers] == [each.argmax() for each in expected]
    probabilities = [answer["probability"] for answer in answers]
    np.testing.assert_allclose(probabilities, [each.max() for each in expected], atol=TOLERANCE)
