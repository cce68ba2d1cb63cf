"""The static site, built, and any web server that offers its files."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.chromium import sync_api

WEB = Path(__file__).resolve().parents[2] / "web"
IS_KEPT = "navigator.serviceWorker.ready.then((worker) => worker.active.state)"


def build(folder: Path) -> None:
    """Build the site as for its publication."""
    subprocess.run(["node", "build.mjs", str(folder)], cwd=WEB, check=True, timeout=120)


def wait_until_kept(tab: sync_api.Page) -> None:
    """Wait until the service worker keeps the site for when there is no network."""
    assert tab.evaluate(IS_KEPT) in ("activating", "activated")


class Handler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@dataclass
class Host:
    """Any web server, with the site's folder and nothing else."""

    server: ThreadingHTTPServer

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/"


@contextmanager
def hosting(folder: Path) -> Iterator[Host]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Host(server)
    finally:
        server.shutdown()
        server.server_close()
