"""/predict, /read and /explain: a picture in, the command line's record out."""

from __future__ import annotations

import base64
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import numpy as np
import pytest
from PIL import Image

from .conftest import Server, page, png, serving

SEVEN = Path(__file__).resolve().parent.parent.parent / "examples" / "seven.png"


def test_the_record_is_the_command_lines_own(client: httpx.Client):
    done = subprocess.run(
        [sys.executable, "-m", "mnist_infer", "-", "--jsonl", "--device", "cpu"],
        input=SEVEN.read_bytes(),
        capture_output=True,
        check=True,
        timeout=60,
    )
    response = client.post("/predict", content=SEVEN.read_bytes())
    assert response.status_code == 200
    assert response.json() == json.loads(done.stdout)


@pytest.mark.parametrize("path", ["/predict", "/read", "/explain"])
def test_a_form_gives_the_same_and_names_the_file(client: httpx.Client, path: str):
    raw = client.post(path, content=SEVEN.read_bytes()).json()
    form = client.post(path, files={"any": ("seven.png", SEVEN.read_bytes())}).json()
    assert form == raw | {"path": "seven.png"}


def test_a_page_is_read_with_places(client: httpx.Client):
    record = client.post("/read", content=png(page("407\n19"))).json()
    assert record["text"] == "407\n19"
    assert record["lines"] == ["407", "19"]
    assert [digit["digit"] for digit in record["digits"]] == [4, 0, 7, 1, 9]
    for digit in record["digits"]:
        assert len(digit["box"]) == 4
        assert 0 < digit["confidence"] <= 1


def test_explain_shows_what_the_network_saw(client: httpx.Client):
    record = client.post("/explain", content=SEVEN.read_bytes()).json()
    assert record["digit"] == 7
    answers = []
    for look in ("image", "original_stroke"):
        url = record["stages"][look]
        seen = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))
        assert seen.size == (28, 28)
        answers.append(client.post("/predict", content=png(seen)).json()["probabilities"])
    assert np.mean(answers, axis=0) == pytest.approx(record["probabilities"], abs=1e-6)


@pytest.mark.parametrize("path", ["/predict", "/explain"])
def test_for_several_digits_it_names_the_address_that_reads_them(client: httpx.Client, path: str):
    response = client.post(path, content=png(page("407")))
    assert response.status_code == 422
    error = response.json()["error"]
    assert error["type"] == "SeveralDigitsError"
    assert "POST it to /read" in error["message"]


@pytest.mark.parametrize("path", ["/predict", "/read", "/explain"])
def test_of_several_pages_each_must_be_sent_alone(client: httpx.Client, path: str):
    error = client.post(path, content=refused_bodies()["several pages"]).json()["error"]
    assert error["type"] == "SeveralPagesError"
    assert "POST each as a picture of its own" in error["message"]


NOT_HTTP = re.compile(r"--|\w=|\w\(|`|Recognizer|Python|mnist-infer|[Pp]illow|PIL|command")


def refused_bodies() -> dict[str, bytes]:
    """A body for each message that a picture, or what is sent for one, can cause."""
    white = Image.new("L", (120, 120), 255)
    texture = np.random.default_rng(0).integers(0, 2, (300, 300), np.uint8) * np.uint8(255)
    tiff, blob, dash, odd = io.BytesIO(), white.copy(), white.copy(), io.BytesIO()
    page("4").save(tiff, "TIFF", save_all=True, append_images=[page("7")])
    blob.paste(0, (50, 50, 62, 62))
    dash.paste(0, (10, 58, 110, 62))
    Image.fromarray(np.full((40, 40), 1e6, np.float32)).save(odd, "TIFF")
    return {
        "several digits": png(page("407")),
        "several pages": tiff.getvalue(),
        "blank": png(white),
        "blob": png(blob),
        "dash": png(dash),
        "texture": png(texture),
        "pixels": png(Image.new("1", (6000, 6000))),
        "32-bit pixels": odd.getvalue(),
        "cut short": png(texture)[:2000],
        "empty": b"",
        "text": b"text",
        "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n",
        "PDF": b"%PDF-1.7\n",
        "SVG": b"<svg></svg>",
        "JPEG 2000": b"\0\0\0\x0cjP  \r\n",
        "HEIC": b"\0\0\0\x18ftypheic",
    }


def test_messages_say_what_a_client_can_do_not_a_user_of_python(client: httpx.Client):
    for name, body in refused_bodies().items():
        for path in ("/predict", "/explain", "/read"):
            response = client.post(path, content=body)
            if response.status_code != 200:
                assert response.status_code in (413, 422), (name, path)
                message = response.json()["error"]["message"]
                assert not NOT_HTTP.search(message), (name, path, message)
            else:
                assert path == "/read", name


@pytest.mark.parametrize("path", ["/predict", "/read", "/explain"])
class TestNoAnswer:
    def test_a_blank_picture(self, client: httpx.Client, path: str):
        response = client.post(path, content=png(Image.new("L", (60, 60), 255)))
        assert response.status_code == 422
        assert response.json()["text" if path == "/read" else "digit"] is None
        assert response.json()["error"]["type"] == "NoDigitError"

    @pytest.mark.parametrize(
        ("body", "says"),
        [
            (b"", "empty"),
            (b"text", "not a picture"),
            (b"%!PS-Adobe-3.0 EPSF-3.0\n", "PostScript is not supported"),
        ],
    )
    def test_no_picture(self, client: httpx.Client, path: str, body: bytes, says: str):
        response = client.post(path, content=body)
        assert response.status_code == 422
        assert says in response.json()["error"]["message"]

    def test_a_picture_that_was_cut_short(self, client: httpx.Client, path: str):
        noise = np.random.default_rng(0).integers(0, 256, (90, 90), np.uint8)
        response = client.post(path, content=png(noise)[:2000])
        assert response.status_code == 422
        assert response.json()["error"]["type"] == "ImageError"

    def test_a_form_without_a_file(self, client: httpx.Client, path: str):
        response = client.post(path, files={"image": (None, "text")})
        assert response.status_code == 400
        assert "no file" in response.json()["error"]["message"]

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"garbage",
            b"--x\r\nA\r\n",
            b"--x\r\n\xff: a\r\n\r\n",
            b"--x\r\nContent-Disposition: form-data\r\n\r\nno name\r\n--x--",
            b'--x\r\nContent-Disposition: form-data; name="cut"; filename="short"\r\n\r\n',
        ],
    )
    def test_a_malformed_form(self, client: httpx.Client, path: str, body: bytes):
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        response = client.post(path, content=body, headers=headers)
        assert response.status_code == 400
        assert "form" in response.json()["error"]["message"]


@pytest.fixture(scope="module")
def strict():
    with serving("--max-body", "20000", "--max-pixels", "10000", "--quiet") as server:
        yield server


class TestLimits:
    def test_a_long_body(self, strict: Server):
        response = httpx.post(strict.url + "/predict", content=b"x" * 20_001)
        assert response.status_code == 413
        assert "20,000" in response.json()["error"]["message"]

    def test_a_long_body_of_unknown_length(self, strict: Server):
        response = httpx.post(strict.url + "/predict", content=iter([b"x" * 15_000] * 2))
        assert response.status_code == 413

    def test_many_pixels_in_few_bytes(self, strict: Server):
        response = httpx.post(strict.url + "/predict", content=png(Image.new("L", (101, 100))))
        assert response.status_code == 413
        assert response.json()["error"]["type"] == "PictureTooLargeError"

    def test_a_compressed_body(self, strict: Server):
        headers = {"Content-Encoding": "gzip"}
        response = httpx.post(strict.url + "/predict", content=b"x", headers=headers)
        assert response.status_code == 415


@pytest.mark.parametrize("name", ["/etc/passwd", "file:///etc/passwd", "http://127.0.0.1:1/x.png"])
def test_names_are_never_opened(client: httpx.Client, name: str):
    response = client.post("/predict", content=name.encode())
    assert response.status_code == 422
    response = client.post("/predict", files={"image": (name, SEVEN.read_bytes())})
    assert response.json()["digit"] == 7
