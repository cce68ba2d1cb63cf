"""Hostile pictures beside honest ones: they cost themselves an error, and nobody else anything."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from mnist_infer.decode.isolated import decoders_at_once
from tests.bombs import BOMBS
from tests.paths import SEVEN
from tests.processes import all_end, descendants

from .conftest import Server, serving

SEVEN_PNG = SEVEN.read_bytes()

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, limits memory")

QUICKLY_MADE = ("gif", "comment", "baseline_scan", "page", "text_comment", "tag")


def resident_mb(pid: int) -> int:
    """The memory of a process and of those that it has started, and so on."""
    total = 0
    for each in (pid, *descendants(pid)):
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{each}/status").read_text()
            total += int(status.split("VmRSS:")[1].split()[0]) // 1024
    return total


@pytest.fixture
def hostile_server(hostile_decoder: None) -> Iterator[Server]:
    """A server whose decoder does what the bytes of a picture name; each may take 8 seconds."""
    with serving("--quiet") as server:
        yield server


def post(server: Server, picture: bytes) -> httpx.Response:
    return httpx.post(f"{server.url}/predict", content=picture, timeout=120)


@pytest.mark.slow  # Waits until the limit has passed.
def test_honest_requests_do_not_wait_for_hostile_ones(hostile_server: Server):
    bombs = [b"sleep", b"loop", b"sleep"] * decoders_at_once()
    post(hostile_server, SEVEN_PNG)
    with ThreadPoolExecutor(len(bombs)) as clients:
        hostile = [clients.submit(post, hostile_server, kind) for kind in bombs]
        for _ in range(5):
            assert post(hostile_server, SEVEN_PNG).json()["digit"] == 7
        # Two of them have their error every 8 seconds; in order of arrival, most would have it.
        assert sum(request.done() for request in hostile) < decoders_at_once()
        hostile_server.process.send_signal(signal.SIGTERM)  # Do not wait for all of them.


@pytest.mark.slow  # Waits until the limit has passed.
def test_sigterm_ends_a_server_at_work_on_hostile_pictures(hostile_server: Server):
    post(hostile_server, SEVEN_PNG)
    with ThreadPoolExecutor() as clients:
        hostile = [clients.submit(post, hostile_server, kind) for kind in (b"loop", b"sleep")]
        while len(workers := descendants(hostile_server.process.pid)) < 3:
            pass
        hostile_server.process.send_signal(signal.SIGTERM)
        hostile_server.process.communicate(timeout=60)
        assert [request.result().status_code for request in hostile] == [422, 422]
    assert hostile_server.process.returncode == -signal.SIGTERM
    assert all_end(workers)


def test_bombs_are_refused_beside_honest_pictures_and_memory_returns(server: Server):
    made = [BOMBS[name]() for name in QUICKLY_MADE]
    pid = server.process.pid
    post(server, SEVEN_PNG)
    before = resident_mb(pid)
    with ThreadPoolExecutor(4) as clients:
        bombs = [clients.submit(post, server, content) for content in made]
        for _ in range(20):
            assert post(server, SEVEN_PNG).json()["digit"] == 7
        for name, request in zip(QUICKLY_MADE, bombs, strict=True):
            assert request.result().status_code in (413, 422), name
    assert resident_mb(pid) < before + 100 * decoders_at_once()
