"""Which Host and Origin headers are answered: no page of another site may use the server."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.command import mnist_infer
from tests.paths import SEVEN

from .conftest import Server, serving

SEVEN_PNG = SEVEN.read_bytes()


@pytest.fixture(scope="module")
def named() -> Iterator[Server]:
    with serving("--allowed-host", "digits.example", "--quiet") as server:
        yield server


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8000", "127.0.0.1", "[::1]:8000", "192.0.2.7:80"]
)
def test_localhost_and_addresses_are_the_servers_names(client: httpx.Client, host: str):
    assert client.get("/about", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.nip", "["])
def test_a_name_that_is_not_the_servers_is_a_421(client: httpx.Client, host: str):
    for method, path in (("GET", "/about"), ("POST", "/predict"), ("GET", "/metrics")):
        response = client.request(method, path, headers={"Host": host})
        assert response.status_code == 421
        assert response.json()["error"]["type"] == "UnknownHostError"
        assert host in response.json()["error"]["message"]
        assert response.headers["x-content-type-options"] == "nosniff"


def test_the_document_names_both_refusals(client: httpx.Client):
    for operations in client.get("/openapi.json").json()["paths"].values():
        for method, operation in operations.items():
            assert "421" in operation["responses"]
            assert ("403" in operation["responses"]) == (method == "post")


def test_the_operator_adds_names(named: Server):
    for host, status in (("digits.example", 200), ("Digits.Example:443", 200), ("x.example", 421)):
        assert httpx.get(named.url + "/about", headers={"Host": host}).status_code == status


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://localhost:3000", "http://127.0.0.1", "null", "http://["],
)
@pytest.mark.parametrize("path", ["/predict", "/read", "/v2/models/dense-512x2/infer"])
def test_a_page_of_another_site_may_not_post(client: httpx.Client, origin: str, path: str):
    response = client.post(path, content=SEVEN_PNG, headers={"Origin": origin})
    assert response.status_code == 403
    assert origin in str(response.json()["error"])


def test_a_page_of_another_site_may_get_and_its_browser_keeps_the_answer_from_it(
    client: httpx.Client,
):
    response = client.get("/about", headers={"Origin": "https://evil.example"})
    assert response.status_code == 200
    assert "access-control-allow-origin" not in response.headers


def test_the_servers_own_page_may_post(server: Server):
    response = httpx.post(
        server.url + "/predict", content=SEVEN_PNG, headers={"Origin": server.url}
    )
    assert response.json()["digit"] == 7


def test_behind_a_proxy_the_page_has_the_allowed_name(named: Server):
    headers = {"Origin": "https://digits.example"}
    assert httpx.post(named.url + "/predict", content=SEVEN_PNG, headers=headers).status_code == 200


@pytest.mark.parametrize("name", ["digits.example:80", "https://digits.example/", "*.example"])
def test_an_allowed_host_is_a_bare_name(name: str):
    done = mnist_infer("serve", "--port", "0", "--allowed-host", name)
    assert done.returncode == 2
    assert b"a name alone is needed" in done.stderr
