"""Worker processes that share the work of decoding, and who waits for whom.

Each worker decodes one picture at a time; one that takes too long is killed, and the next picture
gets a new one.

Slow pictures do not keep the others waiting. Where no worker is free for half a second, the picture
that has had one for longest is preempted: it loses its worker, and is decoded anew by one of two
workers of low priority. The free worker goes to the picture that came last: however many hostile
ones wait, the next honest one does not queue behind them.
"""

from __future__ import annotations

import json
import math
import os
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from mnist_infer.decode.limits import decode_seconds
from mnist_infer.decode.worker_process import (
    LINE_BYTES,
    START_SECONDS,
    Deadline,
    ForkServer,
    Worker,
    end_worker,
    fork_worker,
    pipes_of,
    spawn_worker,
    was_killed,
)
from mnist_infer.errors import DecodeLimitError, DecoderBusyError

if TYPE_CHECKING:
    from collections.abc import Iterator

Request: TypeAlias = dict[str, Any]
"""What a worker is asked, as JSON; the file's bytes follow it."""

Answer: TypeAlias = tuple[dict[str, Any], NDArray[np.uint8]]
"""What a worker answers, as JSON, and the picture's pixels in one row."""

_PREEMPT_SECONDS = 0.5
"""How long a picture keeps its worker if others wait for one."""
_SLOW_WORKERS = 2
"""Workers of low priority, for pictures that were preempted."""
# Each of them keeps the bytes of its file, and a server's place for a request.
_MAX_SLOW_PICTURES = 64
_FREE_MEMORY = "end other programs, which may take too much memory or too many processes"


def _limit_error(max_pixels: int) -> DecodeLimitError:
    """Make the error of a picture that has ended its worker."""
    return DecodeLimitError(
        f"decoding took more than {decode_seconds(max_pixels):g} seconds, or too much memory; "
        "save it anew as PNG or JPEG, or try again where the machine is busy"
    )


class WorkerPool:
    """The workers of one process, and the pictures that have one or wait for one."""

    def __init__(self, max_pixels: int, workers: int, by_fork: bool) -> None:
        """Start nothing yet; the arguments are those of `IsolatedDecoder`."""
        self.pid = os.getpid()
        self._max_pixels = max_pixels
        self._processes = _Processes(max_pixels, by_fork)
        self._scheduler = _Scheduler(workers)
        self._slow_pictures = threading.Semaphore(_MAX_SLOW_PICTURES)
        self._slow_workers = threading.Semaphore(_SLOW_WORKERS)

    def decode(self, request: Request, content: bytes) -> Answer:
        """Let a worker decode a picture; return its answer, and the pixels.

        Raises:
            DecodeLimitError: It takes more time or memory than pictures of this size need.
            DecoderBusyError: It takes long, and so many others do that it cannot wait for them.
        """
        try:
            try:
                return self._decode_quickly(request, content)
            except _PreemptedError:
                return self._decode_slowly(request, content)
        except _KilledError:
            raise _limit_error(self._max_pixels) from None

    def close(self) -> None:
        """End all workers, if they are those of this process, and start no more."""
        if self.pid == os.getpid():
            self._processes.close()

    def _decode_quickly(self, request: Request, content: bytes) -> Answer:
        worker = self._scheduler.take()
        job = None
        try:
            if worker is None or worker.poll() is not None:
                worker = self._processes.replace(worker)
            with self._scheduler.at_work(worker) as job:
                try:
                    answer = self._ask(worker, request, content)
                except _KilledError:
                    if job.is_preempted:
                        raise
                    worker = job.worker = self._processes.replace(worker)
                    answer = self._ask(worker, request, content)
            if job.is_preempted:  # While the answer was arriving.
                self._processes.discard(worker)
                worker = None
            return answer
        except BaseException:
            self._processes.discard(worker)
            worker = None
            if job and job.is_preempted:
                raise _PreemptedError from None
            raise
        finally:
            self._scheduler.give_back(worker)

    def _decode_slowly(self, request: Request, content: bytes) -> Answer:
        if not self._slow_pictures.acquire(blocking=False):
            raise DecoderBusyError(
                f"{_MAX_SLOW_PICTURES} pictures that take long to decode are waiting already; "
                "try again later"
            )
        try:
            with self._slow_workers:
                worker = self._processes.start()
                try:
                    return self._ask(worker, {**request, "low_priority": True}, content)
                finally:
                    self._processes.discard(worker)  # A process cannot take its priority back.
        finally:
            self._slow_pictures.release()

    def _ask(self, worker: Worker, request: Request, content: bytes) -> Answer:
        requests, answers = pipes_of(worker)
        with Deadline(worker, decode_seconds(self._max_pixels)) as deadline:
            with suppress(OSError, ValueError):
                requests.write(json.dumps(request).encode() + b"\n")
                requests.write(content)
                requests.flush()
                answer = json.loads(answers.readline(LINE_BYTES))
                size = min(math.prod(answer.get("shape", (0,))), 3 * self._max_pixels)
                pixels = np.frombuffer(answers.read(size), np.uint8)
                if len(pixels) == size:
                    return answer, pixels
            exit_code = worker.wait()
        if was_killed(exit_code) and not deadline.is_over:
            raise _KilledError
        raise _limit_error(self._max_pixels)


class _KilledError(Exception):
    """A worker was killed by another process, which says nothing about its picture."""


class _PreemptedError(Exception):
    """A picture was preempted: it has lost its worker to one that waited."""


@dataclass(eq=False)
class _Job:
    """A picture that is being decoded."""

    worker: Worker
    start: float = field(default_factory=time.monotonic)
    is_preempted: bool = False


class _Scheduler:
    """Decides which pictures have a worker, and which wait for one."""

    def __init__(self, workers: int) -> None:
        self._lock = threading.Lock()
        self._idle: list[Worker | None] = [None] * workers
        self._at_work: list[_Job] = []  # The longest at work comes first.
        self._waiting: list[SimpleQueue[Worker | None]] = []

    def take(self) -> Worker | None:
        """An idle worker, or None where one is to be started; wait until there is one."""
        with self._lock:
            if self._idle:
                return self._idle.pop()
            mine: SimpleQueue[Worker | None] = SimpleQueue()
            self._waiting.append(mine)
        while True:
            try:
                return mine.get(timeout=self._preempt())
            except Empty:
                continue

    def give_back(self, worker: Worker | None) -> None:
        """Pass a worker on to the picture that came last; None: one that has ended."""
        with self._lock:
            if self._waiting:
                self._waiting.pop().put(worker)
            else:
                self._idle.append(worker)

    @contextmanager
    def at_work(self, worker: Worker) -> Iterator[_Job]:
        """Let a waiting picture preempt the one that this worker decodes in the block."""
        job = _Job(worker)
        with self._lock:
            self._at_work.append(job)
        try:
            yield job
        finally:
            with self._lock:
                if not job.is_preempted:
                    self._at_work.remove(job)

    def _preempt(self) -> float:
        """Preempt the longest job if it is over its time; return the seconds until one may be."""
        with self._lock:
            if not self._at_work:
                return _PREEMPT_SECONDS
            job = self._at_work[0]
            left = job.start + _PREEMPT_SECONDS - time.monotonic()
            if left > 0:
                return left
            self._at_work.remove(job)
            job.is_preempted = True
            job.worker.kill()
            return _PREEMPT_SECONDS


class _Processes:
    """All running workers, idle or at work."""

    def __init__(self, max_pixels: int, by_fork: bool) -> None:
        self._max_pixels = max_pixels
        self._by_fork = by_fork
        self._lock = threading.Lock()
        self._running: set[Worker] = set()
        self._is_closed = False
        self._fork_server: ForkServer | None = None

    def start(self) -> Worker:
        """A worker that is ready, with everything imported.

        Raises:
            DecodeLimitError: It does not start.
        """
        with self._lock:
            if self._is_closed:
                raise DecodeLimitError("the decoder was closed before it had decoded the picture")
            try:
                worker = self._start()
            except OSError as error:
                raise DecodeLimitError(
                    "the process that decodes pictures does not start "
                    f"({error.strerror or error}); {_FREE_MEMORY}"
                ) from error
            self._running.add(worker)
        try:
            with Deadline(worker, START_SECONDS), suppress(OSError, ValueError):
                if pipes_of(worker)[1].readline(LINE_BYTES):
                    return worker
        except BaseException:
            self.discard(worker)
            raise
        self.discard(worker)
        raise DecodeLimitError(f"the process that decodes pictures does not start; {_FREE_MEMORY}")

    def replace(self, worker: Worker | None) -> Worker:
        """Discard a worker and start another one; raise as `start` does."""
        self.discard(worker)
        return self.start()

    def discard(self, worker: Worker | None) -> None:
        """End a worker, if there is one."""
        if worker is not None:
            self._running.discard(worker)
            end_worker(worker)

    def close(self) -> None:
        """End all of them, and start no more."""
        with self._lock:
            self._is_closed = True
        for worker in list(self._running):
            end_worker(worker)
        if self._fork_server:
            self._fork_server.end()

    def _start(self) -> Worker:
        if self._by_fork:
            return fork_worker(self._max_pixels)
        if sys.platform != "linux":
            return spawn_worker(self._max_pixels)
        self._fork_server = self._fork_server or ForkServer(self._max_pixels)
        try:
            return self._fork_server.fork()
        except (ConnectionError, TimeoutError):  # It has ended: the next worker gets another one.
            self._fork_server.end()
            self._fork_server = None
            raise
