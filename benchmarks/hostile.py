"""What hostile files cost: `python -m benchmarks.hostile FOLDER`.

Each file of the folder goes to `mnist-infer FILE --max-pixels 1000000`, and to `/predict` of a
server with the same limit. The figures are seconds of wall time, start-up included, and how much
more memory the processes have resident at their peak than for a small picture, which is the first
row, looked at every 20 ms. The exit code is 1 where a file takes more than 5 s or 400 MB, or has
any other outcome than one error. Linux only.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from benchmarks import ROOT
from benchmarks.processes import children, serving
from train.markdown import table

MAX_PIXELS = "1000000"
MAX_SECONDS, MAX_MB = 5, 400
SMALL = ROOT / "examples" / "seven.png"


def by_command(path: Path) -> tuple[float, int, int]:
    """Seconds, peak megabytes and the number of errors of the command line."""
    with tempfile.TemporaryFile("w+") as errors:
        start = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "mnist_infer", str(path), "--max-pixels", MAX_PIXELS],
            stdout=subprocess.DEVNULL,
            stderr=errors,
        )
        with _watched(process.pid) as peak:
            process.wait()
        seconds = time.perf_counter() - start
        errors.seek(0)
        return seconds, peak(), len(errors.readlines())


def by_server(server: subprocess.Popen[str], url: str, path: Path) -> tuple[float, int, int]:
    """Seconds, peak megabytes and the number of errors of a server's answer."""
    request = urllib.request.Request(f"{url}/predict", path.read_bytes(), method="POST")
    start = time.perf_counter()
    with _watched(server.pid) as peak:
        try:
            with urllib.request.urlopen(request, timeout=120) as response:
                answer = json.load(response)
        except urllib.error.HTTPError as error:
            answer = json.load(error)
    return time.perf_counter() - start, peak(), int("error" in answer)


@contextmanager
def _watched(pid: int) -> Iterator[Callable[[], int]]:
    """Watch a process and its children; give a function for their peak in megabytes."""
    peak = 0
    ended = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not ended.wait(0.02):
            peak = max(peak, _resident(pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield lambda: peak // 2**20
    finally:
        ended.set()
        watcher.join()


def _resident(pid: int) -> int:
    """Bytes of a process and its children, what they share counted in shares."""
    total = 0
    with suppress(OSError, IndexError):
        total = sum(map(_resident, children(pid)))
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        total += int(rollup.split("Pss:")[1].split()[0]) * 1024
    return total


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    files = sorted(parser.parse_args().folder.iterdir())
    rows, is_over = [], False
    with serving("--quiet", "--max-pixels", MAX_PIXELS) as (server, url):
        ways: list[Callable[[Path], tuple[float, int, int]]] = [
            by_command,
            lambda path: by_server(server, url, path),
        ]
        rest = [way(SMALL)[1] for way in ways]
        for path in (SMALL, *files):
            row = [path.name]
            for way, megabytes in zip(ways, rest, strict=True):
                seconds, peak, errors = way(path)
                more = max(0, peak - megabytes)
                row += [f"{seconds:.1f} s", f"{more} MB", str(errors)]
                is_over |= seconds > MAX_SECONDS or more > MAX_MB or errors != (path != SMALL)
            rows.append(tuple(row))
    columns = ("command", "more memory", "errors", "/predict", "more memory", "errors")
    print(table(("file", *columns), rows))
    sys.exit(int(is_over))


if __name__ == "__main__":
    main()
