"""The server as an operator sees it: headers, metrics, log, load, start and stop."""

from __future__ import annotations

import asyncio
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.types import Message, Receive

from mnist_infer import Recognizer
from mnist_infer.server.app import STATIC, create_app
from mnist_infer.server.limits import Limits
from tests.paths import SEVEN

from .conftest import MODEL, Server, connect, exchange, page, png, serving

SEVEN_PNG = SEVEN.read_bytes()


@pytest.mark.parametrize("path", ["/", "/static/app.js", "/about", "/nothing", "/v2/nothing"])
def test_every_response_has_strict_security_headers(client: httpx.Client, path: str):
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "server" not in headers


def test_answers_to_post_may_do_nothing_in_a_browser(client: httpx.Client):
    for path in ("/predict", "/explain", "/nowhere"):
        headers = client.post(path, content=b"no picture").headers
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", sorted(STATIC.iterdir()), ids=lambda path: path.name)
def test_the_page_needs_no_other_address_and_nothing_inline(path: Path):
    text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert "://" not in text
    if path.suffix == ".html":
        assert "style=" not in text
        assert "<style" not in text
        assert text.count("<script") == len(
            re.findall('<script type="module" src="/?static/', text)
        )


def test_the_page_doubts_the_answers_that_the_model_does():
    threshold = re.search(r"\nconst THRESHOLD = (.+);", (STATIC / "answer.js").read_text("utf-8"))
    assert threshold
    assert float(threshold[1]) == Recognizer().model.recommended_threshold


def test_a_page_with_a_network_of_its_own_may_compile_it_and_nothing_else(tmp_path: Path):
    (tmp_path / "model").mkdir()
    (tmp_path / "runtime").mkdir()
    (tmp_path / "model" / "digit.onnx").write_bytes(b"a network")
    with serving("--quiet", "--page", str(tmp_path)) as server:
        assert httpx.get(server.url + "/about").json()["engines"] == ["server", "browser"]
        assert httpx.get(server.url + "/model/digit.onnx").content == b"a network"
        policy = httpx.get(server.url + "/").headers["content-security-policy"]
    assert "script-src 'self' 'wasm-unsafe-eval';" in policy
    assert "'unsafe-" not in policy


def test_a_folder_without_a_built_site_is_refused(tmp_path: Path):
    command = [sys.executable, "-m", "mnist_infer", "serve", "--page", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "npm run build" in done.stderr


@pytest.mark.parametrize("name", [b"../app.py", b"%2e%2e/app.py", b"%2fetc/passwd"])
def test_files_outside_the_static_folder_are_out_of_reach(server: Server, name: bytes):
    """The path is sent as it stands: httpx would take `..` out of it."""
    with connect(server.url) as connection:
        answer = exchange(
            connection,
            b"GET /static/%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % name,
        )
    assert answer.startswith(b"HTTP/1.1 404 ")


def test_metrics_count_requests_by_method_route_and_status(client: httpx.Client):
    client.post("/predict", content=SEVEN_PNG)
    client.request("PROPFIND", "/predict")
    text = client.get("/metrics").text
    assert (
        'http_request_duration_seconds_count{method="POST",route="/predict",status="200"}' in text
    )
    assert (
        'http_request_duration_seconds_count{method="other",route="/predict",status="405"}' in text
    )
    assert "mnist_infer_requests_in_progress 0.0" in text
    assert "PROPFIND" not in text


def test_a_wrong_address_or_method_is_named(client: httpx.Client):
    refused = client.get("/predict")
    assert refused.json()["error"]["message"] == "/predict takes POST, not GET"
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
    assert client.get("/v2/none").json() == {
        "error": "there is nothing at /v2/none; /docs lists all addresses"
    }


def test_the_durations_are_a_histogram_of_all_requests(client: httpx.Client):
    for body in (SEVEN_PNG, b"no picture"):
        client.post("/predict", content=body)
    samples = [
        sample
        for family in text_string_to_metric_families(client.get("/metrics").text)
        for sample in family.samples
        if sample.labels.get("route") == "/predict" and sample.labels["status"] in ("200", "422")
    ]
    for status in ("200", "422"):
        value = {
            sample.name.removeprefix("http_request_duration_seconds_"): sample.value
            for sample in samples
            if sample.labels["status"] == status
        }
        buckets = [
            sample.value
            for sample in samples
            if sample.name.endswith("_bucket") and sample.labels["status"] == status
        ]
        assert buckets == sorted(buckets)
        assert buckets[-1] == value["count"] >= 1
        assert 0 < value["sum"] < 60 * value["count"]


def test_the_access_log_is_json_and_cannot_be_forged():
    with serving() as server:
        httpx.get(server.url + "/about")
        httpx.get(server.url + "/a%0Ab")
        httpx.get(server.url + "/about", headers={"X-Forwarded-For": "192.0.2.1"})
        server.stop()
    about, forged, behind_a_local_proxy = server.access_log()
    assert about.keys() >= {"time", "bytes", "milliseconds"}
    assert about["client"] == "127.0.0.1"
    assert behind_a_local_proxy["client"] == "192.0.2.1"
    assert (about["method"], about["path"], about["status"]) == ("GET", "/about", 200)
    assert (forged["path"], forged["status"]) == ("/a\nb", 404)


@pytest.fixture
def connection(server: Server) -> Iterator[socket.socket]:
    with connect(server.url) as connection:
        yield connection


def test_requests_that_come_together_are_answered_in_order(connection: socket.socket):
    connection.sendall(
        b"HEAD /about HTTP/1.1\r\nHost: localhost\r\n\r\n"
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
        b"GET /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )
    with connection.makefile("rb") as stream:
        answers = stream.read().split(b"HTTP/1.1 ")
    assert [answer[:3] for answer in answers] == [b"", b"200", b"200", b"404"]
    assert answers[1].endswith(b"\r\n\r\n")
    assert answers[2].endswith(b"</html>\n")


def test_a_client_that_waits_to_be_told_to_go_on_is_told_so(connection: socket.socket):
    connection.sendall(
        b"POST /predict HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(SEVEN_PNG)
    )
    with connection.makefile("rb") as stream:
        assert stream.readline() == b"HTTP/1.1 100 Continue\r\n"
        connection.sendall(SEVEN_PNG)
        assert stream.read().endswith(b"}")


def test_a_content_length_of_thousands_of_zeros_is_read_as_a_number(connection: socket.socket):
    connection.sendall(
        b"POST /predict HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        b"Content-Length: %s5\r\n\r\nhello" % (b"0" * 4400)
    )
    with connection.makefile("rb") as stream:
        assert b" 422 " in stream.readline()


def test_more_requests_than_fit_get_a_503_and_the_rest_their_answer():
    big = png(page("0123456789\n" * 3, height=120).resize((4000, 3000)))
    with (
        serving("--queue", "2", "--quiet") as server,
        ThreadPoolExecutor(12) as pool,
        httpx.Client(base_url=server.url, timeout=60) as client,
    ):
        responses = list(pool.map(lambda _: client.post("/read", content=big), range(12)))
        statuses = [response.status_code for response in responses]
        assert set(statuses) == {200, 503}
        refused = responses[statuses.index(503)]
        assert refused.json()["error"]["type"] == "OverloadedError"
        assert refused.headers["retry-after"] == "1"
        infer = client.post(f"/v2/models/{MODEL}/infer", json={})
        assert infer.status_code == 400  # there is room again


def test_heavy_work_does_not_hold_up_the_light():
    # Few bytes and much work, so that next to nothing of the time goes into sending it.
    big = png(page("0123456789\n" * 3, height=120).resize((4000, 3000)))
    answered = 0
    with serving("--quiet") as server, ThreadPoolExecutor(1) as pool:
        with httpx.Client(base_url=server.url) as client:
            client.get("/v2/health/live")
            busy = pool.submit(httpx.post, server.url + "/read", content=big, timeout=60)
            while not busy.done():
                assert client.get("/v2/health/live").status_code == 200
                answered += 1
        assert busy.result().status_code == 200
    # A server that works on one request at a time answers once before it and once after.
    assert answered > 5, answered


def test_stopping_finishes_what_has_begun():
    big = png(page("0123456789\n" * 3, height=120).resize((4000, 3000)))
    with serving("--quiet") as server, ThreadPoolExecutor(4) as pool:
        running = [
            pool.submit(httpx.post, server.url + "/read", content=big, timeout=60) for _ in range(4)
        ]
        while httpx.get(server.url + "/metrics").text.find("in_progress 4.0") < 0:
            pass
        assert server.stop() == 0
        assert [each.result().status_code for each in running] == [200] * 4
    assert server.log == ""
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url)


class TestCommandLine:
    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "mnist_infer", "serve", *arguments],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def test_it_listens_on_loopback_by_default(self):
        with serving("--quiet") as server:
            assert server.url.startswith("http://127.0.0.1:")

    def test_an_ipv6_address_to_listen_on(self):
        with serving("--quiet", "--host", "::1") as server:
            assert server.url.startswith("http://[::1]:")
            assert httpx.get(server.url + "/about").status_code == 200

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (["--model", "none"], "no model named"),
            (["--host", "192.0.2.1"], "cannot listen on 192.0.2.1:8000"),
            (["--host", "192.0.2.1"], "--host takes one of this machine"),
            (["--host", "nonsense.invalid"], "--host takes one of this machine"),
            (["--port", "70000"], "--port"),
        ],
    )
    def test_wrong_usage_is_exit_code_2(self, arguments: list[str], says: str):
        done = self.run(*arguments)
        assert says in done.stderr
        assert (done.stdout, done.returncode) == ("", 2)

    def test_without_the_extra_it_says_what_to_install(self):
        code = (
            "import sys; sys.modules['starlette'] = sys.modules['uvicorn'] = None\n"
            "sys.argv = ['mnist-infer', 'serve']; from mnist_infer.cli.main import main; main()"
        )
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
        )
        assert 'pip install "mnist-infer[serve]"' in done.stderr
        assert done.returncode == 2


def test_the_package_itself_never_imports_the_server():
    code = (
        "import sys, mnist_infer.cli.main; from mnist_infer import Recognizer; Recognizer(); "
        "print([name for name in sys.modules if 'server' in name or 'starlette' in name])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert "mnist_infer.server" not in done.stdout
    assert "starlette" not in done.stdout


class TestInProcess:
    """What takes too long, or a defect, to see from outside."""

    def post(self, recognizer: Recognizer, path: str, receive: Receive, sent: list[Message]):
        app = create_app(recognizer, Limits(10_000, 8, 8, body_seconds=0.05))

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": path, "root_path": ""}
        scope |= {"headers": [(b"host", b"localhost")]}
        scope |= {"query_string": b"", "scheme": "http", "server": ("127.0.0.1", 80)}
        asyncio.run(app(scope, receive, send))

    @pytest.mark.parametrize("path", ["/predict", "/read", f"/v2/models/{MODEL}/infer"])
    @pytest.mark.parametrize("parts", [[], [b"half a body"]])
    def test_a_body_that_does_not_arrive_in_time_is_a_408(
        self, recognizer: Recognizer, path: str, parts: list[bytes]
    ):
        coming = iter(parts)

        async def receive() -> Message:
            if (part := next(coming, None)) is None:
                await asyncio.sleep(60)
            return {"type": "http.request", "body": part, "more_body": True}

        sent: list[Message] = []
        self.post(recognizer, path, receive, sent)
        assert sent[0]["status"] == 408
        assert b"took more than 0.05 s" in sent[1]["body"]

    def test_a_client_that_hangs_up_is_a_499(self, recognizer: Recognizer):
        async def receive() -> Message:
            return {"type": "http.disconnect"}

        sent: list[Message] = []
        self.post(recognizer, "/predict", receive, sent)
        assert sent[0]["status"] == 499

    @pytest.mark.parametrize("path", ["/predict", "/read"])
    def test_a_defect_is_told_as_json_and_goes_on_to_the_log(
        self, recognizer: Recognizer, path: str
    ):
        async def receive() -> Message:
            raise RuntimeError("a defect")

        sent: list[Message] = []
        with pytest.raises(RuntimeError, match="a defect"):
            self.post(recognizer, path, receive, sent)
        assert sent[0]["status"] == 500
        assert b"its log says more" in sent[1]["body"]
