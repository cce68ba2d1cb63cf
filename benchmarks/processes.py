"""Other processes: the server that is measured, and what Linux tells of a running process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def serving(
    *options: str, env: Mapping[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `mnist-infer serve` on a free port; give its process and its address."""
    with subprocess.Popen(
        [sys.executable, "-m", "mnist_infer", "serve", "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=env,
    ) as server:
        assert server.stdout
        try:
            yield server, server.stdout.readline().strip()
        finally:
            server.terminate()


def children(pid: int) -> list[int]:
    """List the processes that a process has started; raise `OSError` where it has ended."""
    return [
        int(child)
        for thread in Path(f"/proc/{pid}/task").iterdir()
        for child in (thread / "children").read_text().split()
    ]


def peak_bytes(pid: int | str = "self") -> int:
    """Find the most memory that a process has had resident; raise `OSError` where it has ended."""
    # `getrusage` would give the peak of the process that started it, where that is larger.
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024
