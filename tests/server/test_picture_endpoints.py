"""/predict, /read and /explain: a picture in, the command line's record out."""

from __future__ import annotations

import base64
import io
import json
import re

import httpx
import numpy as np
import pytest
from PIL import Image

from mnist_infer import Recognizer
from tests.command import mnist_infer
from tests.paths import SEVEN
from tests.pictures import uncertain_digit, uncertain_page

from .conftest import Server, connect, exchange, page, png, serving


@pytest.mark.parametrize("endpoint", ["predict", "read"])
@pytest.mark.parametrize("is_uncertain", [False, True])
def test_the_record_is_the_command_lines_own(
    client: httpx.Client, recognizer: Recognizer, endpoint: str, is_uncertain: bool
):
    content = SEVEN.read_bytes()
    if is_uncertain:
        draw = uncertain_digit if endpoint == "predict" else uncertain_page
        content = png(draw(recognizer))
    done = mnist_infer(endpoint, "-", "--jsonl", "--device", "cpu", stdin=content)
    response = client.post(f"/{endpoint}", content=content)
    assert response.status_code == 200
    assert response.json() == json.loads(done.stdout)
    assert response.json()["uncertain"] is is_uncertain


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
    for stage in ("image", "original_stroke"):
        url = record["stages"][stage]
        seen = Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2])))
        assert seen.size == (28, 28)
        answers.append(client.post("/predict", content=png(seen)).json()["probabilities"])
    # The cell network, which sees the picture itself, changes little.
    assert np.mean(answers, axis=0) == pytest.approx(record["probabilities"], abs=1e-3)


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
            if (path, name) == ("/read", "several digits"):
                continue
            response = client.post(path, content=body)
            assert response.status_code == (413 if name == "pixels" else 422), (name, path)
            message = response.json()["error"]["message"]
            assert not NOT_HTTP.search(message), (name, path, message)


@pytest.mark.parametrize("path", ["/predict", "/read", "/explain"])
class TestNoAnswer:
    def test_a_blank_picture_is_a_422_with_a_record(self, client: httpx.Client, path: str):
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
    def test_what_is_no_picture_is_a_422_that_says_what_it_is(
        self, client: httpx.Client, path: str, body: bytes, says: str
    ):
        response = client.post(path, content=body)
        assert response.status_code == 422
        assert says in response.json()["error"]["message"]

    def test_a_picture_that_was_cut_short_is_a_422(self, client: httpx.Client, path: str):
        noise = np.random.default_rng(0).integers(0, 256, (90, 90), np.uint8)
        response = client.post(path, content=png(noise)[:2000])
        assert response.status_code == 422
        assert response.json()["error"]["type"] == "ImageError"

    def test_a_form_without_a_file_is_a_400(self, client: httpx.Client, path: str):
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
    def test_a_malformed_form_is_a_400(self, client: httpx.Client, path: str, body: bytes):
        headers = {"Content-Type": "multipart/form-data; boundary=x"}
        response = client.post(path, content=body, headers=headers)
        assert response.status_code == 400
        assert "form" in response.json()["error"]["message"]


@pytest.fixture(scope="module")
def strict():
    with serving("--max-body", "20000", "--max-pixels", "10000", "--quiet") as server:
        yield server


class TestLimits:
    def test_a_body_above_the_limit_is_a_413(self, strict: Server):
        response = httpx.post(strict.url + "/predict", content=b"x" * 20_001)
        assert response.status_code == 413
        assert "20,000" in response.json()["error"]["message"]

    def test_a_body_that_is_announced_as_too_long_is_refused_before_it_arrives(
        self, strict: Server
    ):
        with connect(strict.url) as connection:
            answer = exchange(
                connection,
                b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20001\r\n"
                b"Connection: close\r\n\r\n",
            )
        assert answer.startswith(b"HTTP/1.1 413 ")

    def test_a_body_of_unknown_length_above_the_limit_is_a_413(self, strict: Server):
        response = httpx.post(strict.url + "/predict", content=iter([b"x" * 15_000] * 2))
        assert response.status_code == 413

    def test_many_pixels_in_few_bytes_are_a_413(self, strict: Server):
        response = httpx.post(strict.url + "/predict", content=png(Image.new("L", (101, 100))))
        assert response.status_code == 413
        assert response.json()["error"]["type"] == "PictureTooLargeError"

    def test_a_compressed_body_is_a_415(self, strict: Server):
        headers = {"Content-Encoding": "gzip"}
        response = httpx.post(strict.url + "/predict", content=b"x", headers=headers)
        assert response.status_code == 415


@pytest.mark.parametrize("name", ["/etc/passwd", "file:///etc/passwd", "http://127.0.0.1:1/x.png"])
def test_names_are_never_opened(client: httpx.Client, name: str):
    response = client.post("/predict", content=name.encode())
    assert response.status_code == 422
    response = client.post("/predict", files={"image": (name, SEVEN.read_bytes())})
    assert response.json()["digit"] == 7
