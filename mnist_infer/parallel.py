"""Prepare pictures for the networks, in several processes where there are many of them.

Decoding and preparing take nearly all of the time, and Python runs one thread at a time. The
processes are forks, which start in milliseconds; only on Linux is a fork safe, and elsewhere one
process prepares all pictures. Each process has the limits of `decode.limits`; one that passes a
limit is replaced, and the pictures that it had left are prepared one at a time.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, cycle, islice, starmap
from typing import TYPE_CHECKING, TypeAlias

from mnist_infer.decode.find_images import STDIN, Name, open_source
from mnist_infer.decode.images import ImageSource, Picture, max_bytes, read_picture
from mnist_infer.decode.isolated import limit_error
from mnist_infer.decode.limits import is_over_time, limit_memory, limit_time
from mnist_infer.errors import ImageError, PictureTooLargeError
from mnist_infer.imaging.pipeline import WORKING_SIDE, prepare_batch
from mnist_infer.inference.ensemble import NetworkInputs

if TYPE_CHECKING:
    from mmap import mmap
    from multiprocessing.connection import Connection


Prepared: TypeAlias = NetworkInputs | ImageError
"""What the networks see of a picture, or why there is nothing to see."""

MOST_PROCESSES = 8
"""With more, the process that gives them work cannot keep up where pictures are small."""

# The first picture takes the imports along; some more tell what one costs.
_TRIAL = 5
_AHEAD = 1024
# With less work than this ahead, in seconds, it is done before other processes have started.
_WORTHWHILE = 0.04
# What a process is given at a time: some milliseconds of work.
_PART_SECONDS, _MOST_PICTURES = 0.005, 64
# Parts that a process has before it or done: enough that it never waits for us. What it has done
# waits in a pipe, which the system by itself would make for one part.
_MOST_PARTS = 16
_PIPE_BYTES = 1 << 20
# Bytes of the names of one part: with what holds them together, less than a page.
_MOST_BYTES = 3000
_PAGE = 4096
# A process that the system does not let end, as over a network that is gone, is not waited for.
_SECONDS_TO_END = 1
_MOST_PIXELS = 16_000_000
"""Larger pictures are decoded one at a time: memory is not for the many."""

Read: TypeAlias = Callable[[ImageSource, int | None], Picture]
"""Decodes an image, shrunk to a working side if any, as `IsolatedDecoder.read` does."""


def prepare_each(
    names: Iterable[Name], read: Read, max_pixels: int, processes: int, at_once: int
) -> Generator[Prepared, None, None]:
    """Prepare pictures, in order; closing the generator ends the processes at once.

    Args:
        names: What stands for the pictures; standard input is read in its turn, and by us.
        read: Decodes one at a time.
        max_pixels: The largest picture that is decoded.
        processes: The most that work side by side.
        at_once: Pictures that are prepared together where nothing is done side by side.
    """
    remaining = iter(names)
    one_by_one = _OneByOne(read, max_pixels)
    if sys.platform != "linux":
        yield from one_by_one.prepare(remaining, at_once)
        return
    ahead = deque(islice(remaining, _AHEAD))
    seconds = 0.0
    for number in range(min(_TRIAL, len(ahead))):
        start = time.perf_counter()
        prepared = list(one_by_one.prepare([ahead.popleft()]))
        if number:
            seconds += (time.perf_counter() - start) / (_TRIAL - 1)
        yield from prepared
    rest = chain(ahead, remaining)
    if seconds * len(ahead) < _WORTHWHILE:
        yield from one_by_one.prepare(rest)
        return
    most = max(1, min(_MOST_PICTURES, int(_PART_SECONDS / seconds)))
    yield from _side_by_side(_parts(rest, most), one_by_one, processes)


def usable_processors() -> int:
    """The processors that this process may run on, by affinity and by its container's quota."""
    if sys.platform != "linux":
        return os.cpu_count() or 1
    count = float(len(os.sched_getaffinity(0)))
    with suppress(OSError, ValueError), open("/sys/fs/cgroup/cpu.max") as file:  # noqa: PTH123
        quota, period = map(int, file.read().split())
        count = min(count, quota / period)
    return max(1, round(count))


@dataclass(frozen=True, slots=True)
class _OneByOne:
    """Decodes one picture at a time, and prepares it in this process."""

    read: Read
    max_pixels: int

    def prepare(self, names: Iterable[Name], at_once: int = 1) -> Iterator[Prepared]:
        remaining = iter(names)
        while some := list(islice(remaining, at_once)):
            yield from prepare_batch(map(self._try_read, some))

    def _try_read(self, name: Name) -> Picture | ImageError:
        try:
            return self.read(open_source(name, max_bytes(self.max_pixels)), WORKING_SIDE)
        except ImageError as error:
            return error


def _parts(names: Iterable[Name], most: int) -> Iterator[list[Name]]:
    part: list[Name] = []
    size = 0
    for name in names:
        length = len(os.fsencode(str(name)))
        if part and (len(part) == most or size + length > _MOST_BYTES):
            yield part
            part, size = [], 0
        part.append(name)
        size += length
    if part:
        yield part


class _Worker:
    """A process that prepares pictures, and our ends of the pipes to and from it."""

    def __init__(self, max_pixels: int) -> None:
        """Start the process.

        Raises:
            OSError: The system has no process or file left.
        """
        from mmap import mmap

        self._max_pixels = max_pixels
        # Shared with the process, which notes in it which picture of a part it is at.
        self._place = mmap(-1, 1)
        self.start()

    def start(self) -> None:
        """Start the process, once more after it was lost; raises `OSError`."""
        from fcntl import F_SETPIPE_SZ, fcntl
        from multiprocessing import get_context

        context = get_context("fork")
        their_tasks, self._tasks = context.Pipe(duplex=False)
        self._results, their_results = context.Pipe(duplex=False)
        for pipe in (self._tasks, self._results):
            with suppress(OSError):  # Each user has only so much of them.
                fcntl(pipe.fileno(), F_SETPIPE_SZ, _PIPE_BYTES)
        # Held open by it too, our end would not tell it that we are gone.
        self._process = context.Process(
            target=_work,
            args=(their_tasks, their_results, self._tasks, self._place, self._max_pixels),
            daemon=True,
        )
        # Ctrl-C is for this process alone, which then ends the others; they inherit the mask.
        unblocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            self._process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)
        their_tasks.close()
        their_results.close()

    @property
    def most_parts(self) -> int:
        """The most parts to give before one is taken: with more, each could wait for the other."""
        from fcntl import F_GETPIPE_SZ, fcntl

        pages = fcntl(self._tasks.fileno(), F_GETPIPE_SZ) // _PAGE
        return min(_MOST_PARTS, 1 + max(1, pages // 2))

    def give(self, part: list[Name]) -> bool:
        """Have a part prepared, unless it is for this process; whether it will be."""
        if STDIN in part or len(str(part[0])) > _MOST_BYTES:
            return False
        with suppress(OSError):  # `take` finds that the process is lost.
            self._tasks.send(part)
        return True

    def take(self) -> list[Prepared] | None:
        """What became of the oldest part that was given; None: the process was lost over it."""
        try:
            prepared: list[Prepared] = self._results.recv()
            return prepared
        except (EOFError, OSError):
            return None

    def over_time(self) -> int | None:
        """The place, in its part, of the picture that took a lost process over its time, if any."""
        self._process.join()
        return self._place[0] if is_over_time(self._process.exitcode) else None

    def end(self) -> None:
        """Have the process end, without waiting for it."""
        self._process.terminate()

    def wait(self) -> None:
        """Wait until it has ended, but not for long."""
        self._process.join(_SECONDS_TO_END)


_Given: TypeAlias = tuple[_Worker | None, list[Name]]
"""A part, and who prepares it; None: this process."""


def _side_by_side(
    parts: Iterable[list[Name]], one_by_one: _OneByOne, processes: int
) -> Iterator[Prepared]:
    with _workers(processes, min(one_by_one.max_pixels, _MOST_PIXELS)) as workers:
        if not workers:
            yield from one_by_one.prepare(chain.from_iterable(parts))
            return
        most = len(workers) * min(worker.most_parts for worker in workers)
        waiting: deque[_Given] = deque()
        for worker, part in zip(cycle(workers), parts):
            waiting.append((worker if worker.give(part) else None, part))
            if len(waiting) == most:
                yield from _take(waiting, one_by_one)
        while waiting:
            yield from _take(waiting, one_by_one)


def _take(waiting: deque[_Given], one_by_one: _OneByOne) -> Iterator[Prepared]:
    """What the oldest part has become; what no process has done of it is done one by one."""
    worker, part = waiting.popleft()
    done = worker.take() if worker else None
    over_time = None
    if worker and done is None:
        over_time = worker.over_time()
        with suppress(OSError):  # Without another one, its parts are done one by one.
            worker.start()
        for other, given in waiting:
            if other is worker:
                worker.give(given)
    for place, name in enumerate(part):
        prepared = done[place] if done else None
        if place == over_time:
            yield limit_error(one_by_one.max_pixels)
        elif prepared is None or isinstance(prepared, PictureTooLargeError):
            yield from one_by_one.prepare([name])
        else:
            yield prepared


@contextmanager
def _workers(processes: int, max_pixels: int) -> Iterator[list[_Worker]]:
    """As many processes as asked for, or fewer where the system has no more."""
    workers: list[_Worker] = []
    try:
        with suppress(OSError):  # Fewer will do.
            for _ in range(processes):
                workers.append(_Worker(max_pixels))
        yield workers
    finally:
        for worker in workers:
            worker.end()
        for worker in workers:
            worker.wait()


def _work(
    tasks: Connection,
    results: Connection,
    their_tasks: Connection,
    place: mmap,
    max_pixels: int,
) -> None:
    """What a worker does, until its pipe of tasks is closed."""
    their_tasks.close()
    limit_memory(max_pixels)

    def read(number: int, name: Name) -> Picture | ImageError:
        place[0] = number
        try:
            with limit_time(max_pixels):
                return read_picture(name, WORKING_SIDE, max_pixels)
        except ImageError as error:
            return error

    with suppress(EOFError, OSError):
        while True:
            results.send(prepare_batch(starmap(read, enumerate(tasks.recv()))))
