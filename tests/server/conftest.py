"""A real server in a process of its own, as `mnist-infer serve` starts it."""

from __future__ import annotations

import io
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mnist_infer import Recognizer
from mnist_infer.config import DEFAULT_MODEL
from mnist_infer.inference.registry import bundled_info
from tests.glyphs import digit_mask

MODEL = DEFAULT_MODEL
VERSION = str(bundled_info(MODEL).sidecar["version"])


@dataclass
class Server:
    """A running server."""

    process: subprocess.Popen[str]
    url: str
    log: str = field(default="", init=False)
    """What it wrote to stderr, once it has stopped."""

    def stop(self) -> int:
        """Ask it to stop, and give its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        _, self.log = self.process.communicate(timeout=60)
        return self.process.returncode

    def access_log(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.log.splitlines()]


@contextmanager
def serving(*options: str, limit: str = "") -> Iterator[Server]:
    """A server on a free port of loopback; `limit` is what the shell's `ulimit` sets for it."""
    command = [sys.executable, "-m", "mnist_infer", "serve", "--port", "0", "--device", "cpu"]
    shell = ["sh", "-c", f'ulimit {limit} && exec "$@"', "sh"] if limit else []
    with subprocess.Popen(
        [*shell, *command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        server = Server(process, process.stdout.readline().strip())
        try:
            yield server
        finally:
            if process.poll() is None:
                server.stop()


@pytest.fixture(scope="session")
def recognizer() -> Recognizer:
    return Recognizer(device="cpu")


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with serving("--quiet") as server:
        yield server


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url, timeout=60) as client:
        yield client


def connect(url: str) -> socket.socket:
    """A connection to the server with this address."""
    host, port = url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=60)


def exchange(connection: socket.socket, *sent: bytes) -> bytes:
    """Everything that the server answers until it closes the connection."""
    with suppress(ConnectionError):  # It may close before all is sent.
        for data in sent:
            connection.sendall(data)
    received = b""
    with suppress(ConnectionError):
        while data := connection.recv(65536):
            received += data
    return received


def page(text: str, height: int = 90) -> Image.Image:
    """Well separated digits in black on white; a line of the text is a line of the page."""
    lines = text.split("\n")
    width = max(len(line) for line in lines)
    sheet = Image.new("L", (width * height + height, len(lines) * height * 2), 255)
    for row, line in enumerate(lines):
        for column, digit in enumerate(line):
            mask = digit_mask(int(digit), height)
            sheet.paste(0, (height // 2 + column * height, height // 3 + row * 2 * height), mask)
    return sheet


def png(image: Image.Image | NDArray[np.uint8]) -> bytes:
    """The bytes of a PNG."""
    stream = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(stream, "PNG")
    return stream.getvalue()
