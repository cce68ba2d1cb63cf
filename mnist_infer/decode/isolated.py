"""Decoding in processes of its own, with limits on memory and time that no picture can pass.

A picture's header does not always tell what decoding will cost. Each worker decodes one picture
at a time; one that takes too long is killed, and the next picture gets a new one. A request and an
answer are each a line of JSON and the bytes that it announces: nothing a worker sends is executed.
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import threading
import weakref
from contextlib import suppress
from queue import LifoQueue
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnist_infer.decode.images import ImageSource, Page, Picture, read_file, read_picture
from mnist_infer.errors import DecodeLimitError, ImageError, PictureTooLargeError

# Most of it is for the largest picture in the slowest format on a small machine.
_SECONDS, _SECONDS_PER_MEGAPIXEL = 3.0, 0.2
_MEMORY_BYTES, _MEMORY_BYTES_PER_PIXEL = 2**27, 32
_START_SECONDS = 60
_LINE_BYTES = 2**16
_ERRORS = {each.__name__: each for each in (DecodeLimitError, PictureTooLargeError)}
_PROGRAM = "from mnist_infer.decode.isolated import serve; serve()"


class IsolatedDecoder:
    """`read_picture` in worker processes. Safe to share between threads."""

    def __init__(self, max_pixels: int, workers: int | None = None) -> None:
        """Start nothing yet: workers start when pictures come.

        Args:
            max_pixels: The largest picture that is decoded.
            workers: Pictures that are decoded at once; None: one for each processor.
        """
        self._max_pixels = max_pixels
        self._workers = workers or os.cpu_count() or 1
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._running: set[subprocess.Popen[bytes]] = set()
        self._idle: LifoQueue[subprocess.Popen[bytes] | None] = LifoQueue()
        for _ in range(self._workers):
            self._idle.put(None)
        self._finalizer = weakref.finalize(self, _end_all, self._running, self._pid)

    def read(self, source: ImageSource, working_side: int | None = None) -> Picture:
        """Decode one image, as `read_picture` does; arrays and PIL images need no worker.

        Raises:
            DecodeLimitError: It takes more time or memory than pictures of this size need.
            ImageError, TypeError: As `read_picture`.
        """
        if isinstance(source, (np.ndarray, Image.Image)):
            return read_picture(source, working_side, self._max_pixels)
        file, page = (source.file, source.number) if isinstance(source, Page) else (source, None)
        content = read_file(file, self._max_pixels)
        request = {
            "size": len(content),
            "page": page,
            "working_side": working_side,
            "max_pixels": self._max_pixels,
        }
        if self._pid != os.getpid():
            self._begin()  # After a fork, the workers are the parent's.
        worker = self._idle.get()
        try:
            if worker is None or worker.poll() is not None:
                self._discard(worker)
                worker = None
                worker = self._start()
            answer, pixels = self._ask(worker, request, content)
        except BaseException:
            self._discard(worker)
            worker = None
            raise
        finally:
            self._idle.put(worker)
        if "error" in answer:
            raise _ERRORS.get(answer["error"], ImageError)(answer["message"])
        return Picture(pixels.reshape(answer["shape"]), tuple(answer["size"]), answer["shrink"])

    def close(self) -> None:
        """End all workers; the next picture starts a new one."""
        self._finalizer()
        self._begin()

    def _start(self) -> subprocess.Popen[bytes]:
        """A worker that is ready, with everything imported.

        Raises:
            DecodeLimitError: It does not start.
        """
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "OPENBLAS_NUM_THREADS": "1",
        }
        worker = subprocess.Popen(
            [sys.executable, "-P", "-W", "ignore", "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        self._running.add(worker)
        try:
            with _Deadline(worker, _START_SECONDS):
                if not _pipes(worker)[1].readline(_LINE_BYTES):
                    raise DecodeLimitError("the process that decodes pictures does not start")
        except BaseException:
            self._discard(worker)
            raise
        return worker

    def _ask(
        self, worker: subprocess.Popen[bytes], request: dict[str, Any], content: bytes
    ) -> tuple[dict[str, Any], NDArray[np.uint8]]:
        seconds = _SECONDS + _SECONDS_PER_MEGAPIXEL * self._max_pixels / 1e6
        requests, answers = _pipes(worker)
        try:
            with _Deadline(worker, seconds):
                requests.write(json.dumps(request | {"seconds": seconds}).encode() + b"\n")
                requests.write(content)
                requests.flush()
                answer = json.loads(answers.readline(_LINE_BYTES))
                size = min(math.prod(answer.get("shape", (0,))), 3 * self._max_pixels)
                pixels = np.frombuffer(answers.read(size), np.uint8)
                if len(pixels) == size:
                    return answer, pixels
        except (OSError, ValueError):
            pass
        raise DecodeLimitError(
            f"decoding took more than {seconds:g} seconds or ended its process; "
            "save it as PNG or JPEG again"
        )

    def _discard(self, worker: subprocess.Popen[bytes] | None) -> None:
        if worker is not None:
            self._running.discard(worker)
            _end(worker)


class _Deadline:
    """Kills a worker that is still at work after so many seconds; its pipes then end."""

    def __init__(self, worker: subprocess.Popen[bytes], seconds: float) -> None:
        self._timer = threading.Timer(seconds, worker.kill)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()


def _pipes(worker: subprocess.Popen[bytes]) -> tuple[IO[bytes], IO[bytes]]:
    if worker.stdin is None or worker.stdout is None:
        raise OSError("the worker has no pipes")
    return worker.stdin, worker.stdout


def _end(worker: subprocess.Popen[bytes]) -> None:
    worker.kill()
    for pipe in _pipes(worker):
        with suppress(OSError):  # What was still to be written has no reader.
            pipe.close()
    worker.wait()


def _end_all(workers: set[subprocess.Popen[bytes]], pid: int) -> None:
    if os.getpid() == pid:
        for worker in list(workers):
            _end(worker)


def serve() -> None:
    """What a worker does: decode what comes on standard input, until that ends."""
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Whom it works for ends it.
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # What else is printed must not be taken for an answer.
    from mnist_infer.decode.formats import limit_pillow, load_plugins

    load_plugins()
    data_bytes = _data_bytes()
    answers.write(b"ready\n")
    answers.flush()
    while line := requests.readline():
        request = json.loads(line)
        content = requests.read(request["size"])
        max_pixels, page = request["max_pixels"], request["page"]
        limit_pillow(max_pixels)
        _limit(
            data_bytes + len(content) + _MEMORY_BYTES + _MEMORY_BYTES_PER_PIXEL * max_pixels,
            request["seconds"],
        )
        source = content if page is None else Page(content, page)
        answer: dict[str, object]
        pixels = b""
        try:
            picture = read_picture(source, request["working_side"], max_pixels)
            answer = {
                "shape": picture.pixels.shape,
                "size": picture.size,
                "shrink": picture.shrink,
            }
            pixels = picture.pixels.tobytes()
        except ImageError as error:
            answer = {"error": type(error).__name__, "message": error.message}
        answers.write(json.dumps(answer).encode() + b"\n" + pixels)
        answers.flush()


def _data_bytes() -> int:
    """The memory that Linux counts for `RLIMIT_DATA`, so far."""
    if sys.platform != "linux":
        return 0
    with open("/proc/self/statm") as file:  # noqa: PTH123
        return int(file.read().split()[5]) * os.sysconf("SC_PAGESIZE")


def _limit(data_bytes: int, seconds: float) -> None:
    """Limit this process: its memory, and the processor time from now on."""
    if sys.platform != "linux":
        return
    import resource

    used = resource.getrusage(resource.RUSAGE_SELF)
    processor_seconds = math.ceil(used.ru_utime + used.ru_stime + seconds) + 1
    for kind, value in (
        (resource.RLIMIT_DATA, data_bytes),
        (resource.RLIMIT_CPU, processor_seconds),
    ):
        hard = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (value if hard < 0 else min(value, hard), hard))
