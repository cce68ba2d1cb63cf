"""Decoding in processes of its own, with limits on memory and time that no picture can pass.

A picture's header does not always tell what decoding will cost. Each worker decodes one picture
at a time; one that takes too long is killed, and the next picture gets a new one. A request and an
answer are each a line of JSON and the bytes that it announces: nothing a worker sends is executed.
"""

from __future__ import annotations

import json
import math
import os
import signal
import sys
import threading
import weakref
from contextlib import suppress
from queue import LifoQueue
from typing import IO, TYPE_CHECKING, Any, BinaryIO, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mnist_infer.decode.formats import limit_pillow, load_plugins
from mnist_infer.decode.images import ImageSource, Page, Picture, read_file, read_picture
from mnist_infer.decode.limits import decode_seconds, limit_memory, limit_time, was_killed
from mnist_infer.errors import (
    DecodeLimitError,
    ImageError,
    PictureTooLargeError,
    SeveralPagesError,
)

if TYPE_CHECKING:
    from subprocess import Popen

# Hostile pictures may keep some workers until their time is over; others go on meanwhile.
_SPARE_WORKERS = 2
_START_SECONDS = 60
_LINE_BYTES = 2**16
_ERRORS = {
    each.__name__: each for each in (DecodeLimitError, PictureTooLargeError, SeveralPagesError)
}
_PROGRAM = "import sys; from mnist_infer.decode.isolated import serve; serve(int(sys.argv[1]))"


class IsolatedDecoder:
    """`read_picture` in worker processes. Safe to share between threads."""

    def __init__(
        self, max_pixels: int, workers: int | None = None, *, by_fork: bool = False
    ) -> None:
        """Start nothing yet: workers start when pictures come.

        Args:
            max_pixels: The largest picture that is decoded.
            workers: Pictures that are decoded at once; None: `decoders_at_once`.
            by_fork: Workers are forks, which start in milliseconds: for programs on Linux whose
                other threads, if any, hold no lock. Else each is a new Python.
        """
        self._max_pixels = max_pixels
        self._by_fork = by_fork or (is_frozen() and sys.platform == "linux")
        self._workers = workers or decoders_at_once()
        self._begin()

    def _begin(self) -> None:
        self._pid = os.getpid()
        self._running: set[_Worker] = set()
        self._idle: LifoQueue[_Worker | None] = LifoQueue()
        for _ in range(self._workers):
            self._idle.put(None)
        self._finalizer = weakref.finalize(self, _end_all, self._running, self._pid)

    def read(self, source: ImageSource, working_side: int | None = None) -> Picture:
        """Decode one image, as `read_picture` does; arrays and PIL images need no worker.

        Raises:
            DecodeLimitError: It takes more time or memory than pictures of this size need.
            ImageError, TypeError: As `read_picture`.
        """
        if isinstance(source, (np.ndarray, Image.Image, Picture)):
            return read_picture(source, working_side, self._max_pixels)
        file, page = (source.file, source.number) if isinstance(source, Page) else (source, None)
        content = read_file(file, self._max_pixels)
        request = {"size": len(content), "page": page, "working_side": working_side}
        if self._pid != os.getpid():
            self._begin()  # After a fork, the workers are the parent's.
        worker = self._idle.get()
        try:
            if worker is None or worker.poll() is not None:
                worker = self._replace(worker)
            try:
                answer, pixels = self._ask(worker, request, content)
            except _KilledError:
                worker = self._replace(worker)
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

    def _replace(self, worker: _Worker | None) -> _Worker:
        self._discard(worker)
        return self._start()

    def _start(self) -> _Worker:
        """A worker that is ready, with everything imported.

        Raises:
            DecodeLimitError: It does not start.
        """
        start = _Fork if self._by_fork else _spawn
        try:
            worker: _Worker = start(self._max_pixels)
        except OSError as error:
            raise DecodeLimitError(
                f"the process that decodes pictures does not start ({error.strerror})"
            ) from error
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
        self, worker: _Worker, request: dict[str, Any], content: bytes
    ) -> tuple[dict[str, Any], NDArray[np.uint8]]:
        requests, answers = _pipes(worker)
        with _Deadline(worker, decode_seconds(self._max_pixels)) as deadline:
            with suppress(OSError, ValueError):
                requests.write(json.dumps(request).encode() + b"\n")
                requests.write(content)
                requests.flush()
                answer = json.loads(answers.readline(_LINE_BYTES))
                size = min(math.prod(answer.get("shape", (0,))), 3 * self._max_pixels)
                pixels = np.frombuffer(answers.read(size), np.uint8)
                if len(pixels) == size:
                    return answer, pixels
            exit_code = worker.wait()
        if was_killed(exit_code) and not deadline.is_over:
            raise _KilledError(limit_error(self._max_pixels).message)
        raise limit_error(self._max_pixels)

    def _discard(self, worker: _Worker | None) -> None:
        if worker is not None:
            self._running.discard(worker)
            _end(worker)


def decoders_at_once() -> int:
    """How many pictures are best decoded at once: one for each processor, and some more."""
    return (os.cpu_count() or 1) + _SPARE_WORKERS


def is_frozen() -> bool:
    """Whether this is an app made by PyInstaller or the like, whose executable is no Python."""
    return bool(getattr(sys, "frozen", False))


def limit_error(max_pixels: int) -> DecodeLimitError:
    """What a picture costs that has ended its worker."""
    return DecodeLimitError(
        f"decoding took more than {decode_seconds(max_pixels):g} seconds or ended its process; "
        "save it as PNG or JPEG again"
    )


class _KilledError(DecodeLimitError):
    """Somebody else has killed a worker, which says nothing about its picture."""


class _Fork:
    """A worker that is a fork of this process, with the face of a `Popen`."""

    def __init__(self, max_pixels: int) -> None:
        requests, to_worker = os.pipe()
        try:
            from_worker, answers = os.pipe()
        except OSError:
            os.close(requests)
            os.close(to_worker)
            raise
        # Ctrl-C is for this process alone, which then ends the other.
        unblocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        self._pid = os.fork()
        if not self._pid:
            try:
                os.close(to_worker)
                _work(os.fdopen(requests, "rb"), os.fdopen(answers, "wb"), max_pixels)
            finally:
                os._exit(1)
        signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)
        os.close(requests)
        os.close(answers)
        self.stdin, self.stdout = os.fdopen(to_worker, "wb"), os.fdopen(from_worker, "rb")
        self._exit_code: int | None = None

    def poll(self) -> int | None:
        return self._wait(os.WNOHANG)

    def wait(self) -> int | None:
        return self._wait(0)

    def kill(self) -> None:
        if self._exit_code is None:
            os.kill(self._pid, signal.SIGKILL)

    def _wait(self, options: int) -> int | None:
        if self._exit_code is None:
            pid, status = os.waitpid(self._pid, options)
            if pid:
                self._exit_code = os.waitstatus_to_exitcode(status)
        return self._exit_code


_Worker: TypeAlias = "Popen[bytes] | _Fork"


def _spawn(max_pixels: int) -> Popen[bytes]:
    import subprocess

    if is_frozen():
        raise DecodeLimitError(
            "a frozen app has no Python to start for decoding on this system: leave out isolated"
        )
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "OPENBLAS_NUM_THREADS": "1",
    }
    return subprocess.Popen(
        [sys.executable, "-P", "-W", "ignore", "-c", _PROGRAM, str(max_pixels)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
    )


class _Deadline:
    """Kills a worker that is still at work after so many seconds; its pipes then end."""

    def __init__(self, worker: _Worker, seconds: float) -> None:
        self.is_over = False
        self._worker = worker
        self._timer = threading.Timer(seconds, self._kill)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()  # Else it might kill a process that then has the same number.

    def _kill(self) -> None:
        self.is_over = True
        self._worker.kill()


def _pipes(worker: _Worker) -> tuple[IO[bytes], IO[bytes]]:
    if worker.stdin is None or worker.stdout is None:
        raise OSError("the worker has no pipes")
    return worker.stdin, worker.stdout


def _end(worker: _Worker) -> None:
    worker.kill()
    for pipe in _pipes(worker):
        with suppress(OSError):  # What was still to be written has no reader.
            pipe.close()
    worker.wait()


def _end_all(workers: set[_Worker], pid: int) -> None:
    if os.getpid() == pid:
        for worker in list(workers):
            _end(worker)


def serve(max_pixels: int) -> None:
    """What a new Python does as a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Whom it works for ends it.
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # What else is printed must not be taken for an answer.
    load_plugins()
    _work(requests, answers, max_pixels)


def _work(requests: BinaryIO, answers: BinaryIO, max_pixels: int) -> None:
    """Decode what is asked for, until there is nobody left who asks."""
    limit_pillow(max_pixels)
    limit_memory(max_pixels)
    answers.write(b"ready\n")
    answers.flush()
    while line := requests.readline():
        request = json.loads(line)
        content, page = requests.read(request["size"]), request["page"]
        source = content if page is None else Page(content, page)
        answer: dict[str, object]
        pixels = b""
        try:
            with limit_time(max_pixels):
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
