"""How long honest pictures take beside hostile ones: `python -m benchmarks.neighbours`.

Pictures whose decoding never ends, three times as many as the server decodes at once, go to a
server together; honest ones follow one by one. The figures are seconds of wall time, the longest
and the median, without the hostile pictures and beside them.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from benchmarks import ROOT
from benchmarks.processes import serving
from mnist_infer.decode.isolated import decoders_at_once
from train.markdown import table

SEVEN = (ROOT / "examples" / "seven.png").read_bytes()
HONEST = 25
# Known bombs are refused by their headers: this stands for one that is not known yet.
_ENDLESS = """
from mnist_infer.decode import images

def decode_picture(source, *arguments, decode=images.decode_picture):
    while source == b"endless":
        pass
    return decode(source, *arguments)

images.decode_picture = decode_picture
"""


def _ask(url: str, picture: bytes) -> float:
    start = time.perf_counter()
    request = urllib.request.Request(f"{url}/predict", picture, method="POST")
    with urllib.request.urlopen(request, timeout=600) as response:
        response.read()
    return time.perf_counter() - start


def _ask_in_vain(url: str) -> None:
    with suppress(OSError):
        _ask(url, b"endless")


def measure(url: str) -> list[tuple[str, str, str]]:
    """The table's rows, from a server at this address."""
    _ask(url, SEVEN)
    hostile = 3 * decoders_at_once()
    rows = []
    for count in (0, hostile):
        with ThreadPoolExecutor(max(1, count)) as clients:
            for _ in range(count):
                clients.submit(_ask_in_vain, url)
            seconds = []
            for _ in range(HONEST):
                seconds.append(_ask(url, SEVEN))
                time.sleep(0.1)
        longest, median = max(seconds), statistics.median(seconds)
        rows.append((f"{count} hostile", f"{longest:.2f} s", f"{median:.2f} s"))
    return rows


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "sitecustomize.py").write_text(_ENDLESS)
        paths = os.pathsep.join((folder, str(ROOT)))
        with serving("--quiet", env={**os.environ, "PYTHONPATH": paths}) as (_, url):
            rows = measure(url)
    print(table(("beside", "longest of 25", "median"), rows))


if __name__ == "__main__":
    main()
