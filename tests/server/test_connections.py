"""What a client may do with a connection: how long its lines may be, and how long it may wait."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from mnist_infer.server.limits import Limits
from mnist_infer.server.run import configure

from .conftest import Server, connect, exchange, serving

HEAD = b"GET /about HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"


class TestLongHeads:
    """Against the real server, with its own limits of 8 and 64 KiB."""

    @pytest.mark.parametrize(
        "sent",
        [
            b"GET /about?%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            % (b"a" * 8000),
            HEAD + b"X: %s\r\n\r\n" % (b"a" * 65_000),
        ],
        ids=["url", "head"],
    )
    def test_what_is_just_short_enough_is_answered(self, server: Server, sent: bytes):
        with connect(server.url) as connection:
            assert exchange(connection, sent).startswith(b"HTTP/1.1 200 ")

    @pytest.mark.parametrize(
        ("sent", "status", "kind"),
        [
            (b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n" % (b"a" * 8200), 414, b"LongUrl"),
            (HEAD + b"X: %s\r\n\r\n" % (b"a" * 65_536), 431, b"LongHead"),
            (HEAD + b"X: a\r\n" * 33_000 + b"\r\n", 431, b"LongHead"),
            (b"this is no HTTP\r\n\r\n", 400, b"MalformedRequest"),
        ],
    )
    def test_what_is_too_long_is_refused(
        self, server: Server, sent: bytes, status: int, kind: bytes
    ):
        with connect(server.url) as connection:
            answer = exchange(connection, sent)
        assert answer.startswith(b"HTTP/1.1 %d " % status)
        assert b'{"error":{"type":"%sError"' % kind in answer
        assert b"x-content-type-options: nosniff" in answer.lower()

    @pytest.mark.parametrize(
        ("start", "endless"),
        [
            (b"GET /", b"a" * 1000),
            (HEAD, b"X: a\r\n" * 1000),
            (HEAD + b"X: ", b"a" * 1000),
            (HEAD, b"a" * 1000),
            (b"", b"\r\n" * 1000),
            (
                b"POST /predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"0\r\n",
                b"X: a\r\n" * 1000,
            ),
            (
                b"POST /predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"5;",
                b"a" * 1000,
            ),
        ],
        ids=["url", "headers", "value", "name", "blank lines", "trailers", "chunk extension"],
    )
    def test_what_never_ends_is_cut_off(self, server: Server, start: bytes, endless: bytes):
        with connect(server.url) as connection:
            connection.sendall(start)
            with pytest.raises(ConnectionError):
                connection.sendall(endless * 100_000)
        assert httpx.get(server.url + "/about").status_code == 200


@contextmanager
def running(app: ASGIApp, limits: Limits) -> Iterator[str]:
    """An application behind the server's connections, in a thread; gives its address."""
    server = uvicorn.Server(configure(app, limits))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer at once, before any body has arrived; at /echo with the body."""
    if scope["type"] == "http":
        request = Request(scope, receive)
        body = await request.body() if scope["path"] == "/echo" else b"now"
        await Response(body)(scope, receive, send)


@pytest.fixture(scope="module")
def hasty() -> Iterator[str]:
    with running(answer, Limits(head_seconds=0.4, body_seconds=0.4)) as url:
        yield url


class TestDeadlines:
    @pytest.mark.parametrize(
        "sent", [b"", b"\r\n", b"GET /", HEAD, HEAD + b"X: a"], ids=lambda sent: repr(sent[-9:])
    )
    def test_a_head_that_does_not_arrive_is_a_408(self, hasty: str, sent: bytes):
        with connect(hasty) as connection:
            answered = exchange(connection, sent)
        assert answered.startswith(b"HTTP/1.1 408 ")
        assert b"took more than 0.4 s" in answered

    @pytest.mark.parametrize(
        "next_request", [b"", b"GET /"], ids=["idle", "half a head of the next request"]
    )
    def test_a_connection_is_closed_some_time_after_its_last_answer(
        self, hasty: str, next_request: bytes
    ):
        with connect(hasty) as connection:
            answered = exchange(connection, b"GET / HTTP/1.1\r\n\r\n" + next_request)
        assert answered.startswith(b"HTTP/1.1 200 ")

    def test_a_body_that_nobody_waits_for_keeps_no_connection(self, hasty: str):
        with connect(hasty) as connection:
            answered = exchange(connection, b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf")
        assert answered.startswith(b"HTTP/1.1 200 ")

    def test_an_answer_that_is_never_read_keeps_no_connection(self):
        closed = threading.Event()

        async def much(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                await Response(b"a" * 50_000_000)(scope, receive, send)
                while (await receive())["type"] != "http.disconnect":
                    pass
                closed.set()

        with (
            running(much, Limits(head_seconds=0.4, body_seconds=0.4)) as url,
            connect(url) as connection,
        ):
            connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
            assert closed.wait(60)

    def test_requests_that_arrive_in_time_are_answered_however_long_they_take_to_answer(self):
        go_on = threading.Event()

        async def slow(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "http":
                await asyncio.to_thread(go_on.wait, 60)
                await answer(scope, receive, send)

        with running(slow, Limits(head_seconds=0.1)) as url, connect(url) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nConnection: close\r\n\r\n")
            threading.Timer(0.5, go_on.set).start()
            assert exchange(connection).count(b"HTTP/1.1 200 ") == 2


class TestManyConnections:
    def test_the_one_that_has_waited_longest_makes_room(self):
        with running(answer, Limits(connections=2)) as url, ExitStack() as stack:
            first = stack.enter_context(connect(url))
            time.sleep(0.05)  # The event loop's clock counts milliseconds.
            others = [stack.enter_context(connect(url)) for _ in range(2)]
            assert exchange(first) == b""
            for other in others:
                assert exchange(other, HEAD + b"\r\n").startswith(b"HTTP/1.1 200 ")

    def test_where_all_are_at_work_the_next_gets_a_503(self):
        with running(answer, Limits(connections=1)) as url, connect(url) as busy:
            busy.sendall(
                b"POST /echo HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n"
                b"Connection: close\r\n\r\n"
            )
            assert b"100 Continue" in busy.recv(100)
            with connect(url) as refused:
                answered = exchange(refused)
            assert answered.startswith(b"HTTP/1.1 503 ")
            assert b"Retry-After: 1" in answered
            assert exchange(busy, b"done").endswith(b"done")

    def test_half_open_connections_lock_nobody_out(self):
        with serving("--quiet", limit="-n 64") as server, ExitStack() as stack:
            for _ in range(60):
                stack.enter_context(connect(server.url)).sendall(b"GET /")
            for _ in range(10):
                assert httpx.get(server.url + "/about", timeout=60).status_code == 200
