"""Processes that decode pictures, one at a time each: how they start, what they do, how they end.

A request and an answer are each a line of JSON and the bytes that it announces: nothing that a
worker sends is executed.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import IO, TYPE_CHECKING, BinaryIO, Self, TypeAlias

from mnist_infer.config import is_frozen
from mnist_infer.decode.formats import limit_pillow, load_plugins
from mnist_infer.decode.images import Page, decode_picture
from mnist_infer.decode.limits import discard_output, limit_memory, limit_time
from mnist_infer.errors import DecodeLimitError, ImageError

if TYPE_CHECKING:
    from subprocess import Popen

LINE_BYTES = 2**16
"""The longest line of a request or an answer."""

START_SECONDS = 60
"""How long a process may take to start."""

_NUMBER_BYTES = 4
_LOW_PRIORITY = 10
_PROGRAM = "import sys; from {0} import {1}; {1}(int(sys.argv[1]))"


class ForkedWorker:
    """A worker that is a fork, with the methods of a `Popen`."""

    def __init__(
        self, pid: int, to_worker: int, from_worker: int, reap: Callable[[int], int | None]
    ) -> None:
        """Take over a process, our ends of its pipes, and what waits for its end."""
        self.pid = pid
        self.stdin, self.stdout = os.fdopen(to_worker, "wb"), os.fdopen(from_worker, "rb")
        self._reap = reap
        self._is_reaped = False
        self._exit_code: int | None = None

    def poll(self) -> int | None:
        """Return 1 if it has ended, else None. While it is idle its pipe is open and empty."""
        if self.stdout.closed:
            return 1
        return 1 if select.select([self.stdout], [], [], 0)[0] else None

    def kill(self) -> None:
        """End it; its number is not given to another process before `wait`."""
        if not self._is_reaped:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int | None:
        """Its exit code, as of a `Popen`, once it has ended; None where it is not known."""
        if not self._is_reaped:
            self._is_reaped = True
            self._exit_code = self._reap(self.pid)
        return self._exit_code


Worker: TypeAlias = "Popen[bytes] | ForkedWorker"


class ForkServer:
    """A new Python with everything imported, whose forks are workers and start in milliseconds.

    A fork of this process would not be safe: its other threads may hold locks.
    """

    def __init__(self, max_pixels: int) -> None:
        """Start it; raises `OSError`."""
        import socket

        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair()
        self._control.settimeout(START_SECONDS)
        with theirs:
            self._process = _start_python("serve_forks", max_pixels, stdin=theirs.fileno())

    def fork(self) -> ForkedWorker:
        """Start a worker; raise `OSError` if that fails."""
        import socket

        (requests, to_worker), (from_worker, answers) = pipes = _two_pipes()
        try:
            with self._lock:
                socket.send_fds(self._control, [bytes(_NUMBER_BYTES)], [requests, answers])
                answer = self._control.recv(_NUMBER_BYTES)
            if not answer:
                raise ConnectionError("it has ended")
            pid = int.from_bytes(answer, "big")
            if not pid:
                raise OSError("no process is available")
        except OSError:
            _close_all(pipes)
            raise
        os.close(requests)
        os.close(answers)
        return ForkedWorker(pid, to_worker, from_worker, self._reap)

    def end(self) -> None:
        """End it, once its workers have ended."""
        self._control.close()
        self._process.kill()
        self._process.wait()

    def _reap(self, pid: int) -> int | None:
        with self._lock, suppress(OSError):  # Without a fork server, the system has reaped it.
            self._control.sendall(pid.to_bytes(_NUMBER_BYTES, "big"))
            if answer := self._control.recv(_NUMBER_BYTES):
                return int.from_bytes(answer, "big", signed=True)
        return None


def fork_worker(max_pixels: int) -> ForkedWorker:
    """Start a worker as a fork of this process; raise `OSError` if that fails."""
    (requests, to_worker), (from_worker, answers) = pipes = _two_pipes()
    try:
        pid = _fork(requests, answers, max_pixels, to_worker, from_worker)
    except OSError:
        _close_all(pipes)
        raise
    os.close(requests)
    os.close(answers)
    return ForkedWorker(pid, to_worker, from_worker, _wait)


def spawn_worker(max_pixels: int) -> Popen[bytes]:
    """Start a worker as a new Python; raise `OSError` if that fails."""
    import subprocess

    return _start_python("serve", max_pixels, stdin=subprocess.PIPE)


def was_killed(exit_code: int | None) -> bool:
    """Tell from an exit code, as of `subprocess`, whether another process killed this one."""
    return sys.platform != "win32" and exit_code == -signal.SIGKILL


class Deadline:
    """Kills a worker that is still at work when its time is over; its pipes then end."""

    def __init__(self, worker: Worker, seconds: float) -> None:
        """Kill `worker` if the block takes longer than `seconds`."""
        self.is_over = False
        self._worker = worker
        self._timer = threading.Timer(seconds, self._kill)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        """Start the clock."""
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop the clock."""
        self._timer.cancel()
        self._timer.join()  # Else it might kill a process that then has the same number.

    def _kill(self) -> None:
        self.is_over = True
        self._worker.kill()


def pipes_of(worker: Worker) -> tuple[IO[bytes], IO[bytes]]:
    """Return the pipes for requests and for answers."""
    if worker.stdin is None or worker.stdout is None:
        raise OSError("the worker has no pipes")
    return worker.stdin, worker.stdout


def end_worker(worker: Worker) -> None:
    """Kill a worker and wait until it is gone."""
    worker.kill()
    for pipe in pipes_of(worker):
        with suppress(OSError, ValueError):  # What was still to be written has no reader.
            pipe.close()
    worker.wait()


def serve(max_pixels: int) -> None:
    """Work as a new Python: decode pictures until standard input is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # The process that started it ends it.
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # Other output must not be taken for an answer.
    load_plugins()
    _work(requests, answers, max_pixels)


def serve_forks(max_pixels: int) -> None:
    """Serve forks as a new Python, until the other end of its socket is closed."""
    import socket

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    load_plugins()
    with socket.socket(fileno=os.dup(0)) as control:
        while True:
            message, pipes, *_ = socket.recv_fds(control, _NUMBER_BYTES, 2)
            if not message:
                return
            answer = 0
            if pid := int.from_bytes(message, "big"):
                answer = _wait(pid)
            else:
                with suppress(OSError):  # No process is available: the answer is 0.
                    answer = _fork(*pipes, max_pixels, 0, control.fileno())
                for pipe in pipes:
                    os.close(pipe)
            control.sendall(answer.to_bytes(_NUMBER_BYTES, "big", signed=True))


def _start_python(function: str, max_pixels: int, stdin: int) -> Popen[bytes]:
    """Start a new Python that runs a function of this module."""
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
    program = _PROGRAM.format(__name__, function)
    return subprocess.Popen(
        [sys.executable, "-P", "-W", "ignore", "-c", program, str(max_pixels)],
        stdin=stdin,
        stdout=subprocess.PIPE if stdin == subprocess.PIPE else subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
    )


def _two_pipes() -> tuple[tuple[int, int], tuple[int, int]]:
    first = os.pipe()
    try:
        return first, os.pipe()
    except OSError:
        _close_all((first,))
        raise


def _close_all(pipes: tuple[tuple[int, int], ...]) -> None:
    for pipe in pipes:
        for end in pipe:
            os.close(end)


def _wait(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _fork(requests: int, answers: int, max_pixels: int, *others: int) -> int:
    """Fork a worker, which has no use for the open files `others`; give its number."""
    # Ctrl-C is for this process alone, which then ends the other.
    unblocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        pid = os.fork()
        if not pid:
            try:
                for other in others:
                    os.close(other)
                discard_output()
                _work(os.fdopen(requests, "rb"), os.fdopen(answers, "wb"), max_pixels)
            finally:
                os._exit(1)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)
    return pid


def _work(requests: BinaryIO, answers: BinaryIO, max_pixels: int) -> None:
    """Decode one picture after the other, until the pipe of requests is closed."""
    limit_pillow(max_pixels)
    limit_memory(max_pixels)
    answers.write(b"ready\n")
    answers.flush()
    while line := requests.readline():
        request = json.loads(line)
        content, page = requests.read(request["size"]), request["page"]
        source = content if page is None else Page(content, page)
        if request["low_priority"] and sys.platform != "win32":
            os.nice(_LOW_PRIORITY)
        answer: dict[str, object]
        pixels = b""
        try:
            with limit_time(max_pixels):
                picture = decode_picture(source, request["working_side"], max_pixels)
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
