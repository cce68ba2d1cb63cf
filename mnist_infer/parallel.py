"""Pictures -> what the network sees: in this process, and in more where there is work for them.

Decoding and preparing take nearly all of the time, and Python runs one thread at a time. The
processes are forks, which start in milliseconds; where a fork is not safe, which is everywhere but
on Linux, there are none: a fresh Python would start for as long as a thousand small pictures take.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, cycle, islice
from typing import TYPE_CHECKING, TypeAlias

from mnist_infer.decode.discovery import STDIN, Name, open_source
from mnist_infer.decode.images import Picture, max_bytes, read_picture
from mnist_infer.errors import ImageError, PictureTooLargeError
from mnist_infer.imaging.pipeline import WORKING_SIDE, prepare_batch

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkContext
    from multiprocessing.process import BaseProcess

    import numpy as np
    from numpy.typing import NDArray

Prepared: TypeAlias = "NDArray[np.uint8] | ImageError"
"""What the network sees of a picture, `(K, 28, 28)`, or why there is nothing to see."""

MOST_PROCESSES = 8
"""By then, for small pictures, the process that they all work for has no time left."""

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
"""Larger pictures are decoded in this process, and so one at a time: memory is not for the many."""


def prepare_each(
    names: Iterable[Name], max_pixels: int, processes: int, at_once: int
) -> Generator[Prepared, None, None]:
    """Prepare pictures, in order; closing the generator ends the processes at once.

    Args:
        names: What stands for the pictures; standard input is read in its turn, and by us.
        max_pixels: The largest picture that is decoded.
        processes: The most that work side by side; 1: only this one.
        at_once: Pictures that this one prepares together, and so before the first is given.
    """
    remaining = iter(names)
    if processes == 1 or sys.platform != "linux":
        yield from _prepare_here(remaining, max_pixels, at_once)
        return
    ahead = deque(islice(remaining, _AHEAD))
    seconds = 0.0
    for number in range(min(_TRIAL, len(ahead))):
        start = time.perf_counter()
        prepared = _prepare([ahead.popleft()], max_pixels)
        if number:
            seconds += (time.perf_counter() - start) / (_TRIAL - 1)
        yield from prepared
    rest = chain(ahead, remaining)
    if seconds * len(ahead) < _WORTHWHILE:
        yield from _prepare_here(rest, max_pixels, at_once)
        return
    most = max(1, min(_MOST_PICTURES, int(_PART_SECONDS / seconds)))
    yield from _side_by_side(_parts(rest, most), max_pixels, processes)


def usable_processors() -> int:
    """The processors that this process may run on, by affinity and by its container's quota."""
    if sys.platform != "linux":
        return os.cpu_count() or 1
    count = float(len(os.sched_getaffinity(0)))
    with suppress(OSError, ValueError), open("/sys/fs/cgroup/cpu.max") as file:  # noqa: PTH123
        quota, period = map(int, file.read().split())
        count = min(count, quota / period)
    return max(1, round(count))


def _prepare_here(names: Iterable[Name], max_pixels: int, at_once: int) -> Iterator[Prepared]:
    remaining = iter(names)
    while some := list(islice(remaining, at_once)):
        yield from _prepare(some, max_pixels)


def _prepare(names: Iterable[Name], max_pixels: int) -> list[Prepared]:
    return prepare_batch(_read(name, max_pixels) for name in names)


def _read(name: Name, max_pixels: int) -> Picture | ImageError:
    try:
        source = open_source(name, max_bytes(max_pixels))
        return read_picture(source, WORKING_SIDE, max_pixels)
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


@dataclass(slots=True)
class _Worker:
    """A process that prepares pictures, and our ends of the pipes to and from it."""

    process: BaseProcess
    tasks: Connection
    results: Connection
    is_gone: bool = False

    @property
    def most_parts(self) -> int:
        """The most parts to give before one is taken: with more, each could wait for the other."""
        from fcntl import F_GETPIPE_SZ, fcntl

        pages = fcntl(self.tasks.fileno(), F_GETPIPE_SZ) // _PAGE
        return min(_MOST_PARTS, 1 + max(1, pages // 2))

    def give(self, part: list[Name]) -> bool:
        """Have a part prepared, unless it is for this process; whether it will be."""
        if self.is_gone or STDIN in part or len(str(part[0])) > _MOST_BYTES:
            return False
        try:
            self.tasks.send(part)
        except OSError:
            self.is_gone = True
        return not self.is_gone

    def take(self) -> tuple[Iterable[NDArray[np.uint8]], dict[int, ImageError]] | None:
        """The images and, by place, errors of the oldest part that was given; None: lost."""
        if not self.is_gone:
            try:
                done: tuple[Iterable[NDArray[np.uint8]], dict[int, ImageError]]
                done = self.results.recv()
                return done
            except (EOFError, OSError):  # It was killed, for want of memory say.
                self.is_gone = True
        return None


def _side_by_side(
    parts: Iterable[list[Name]], max_pixels: int, processes: int
) -> Iterator[Prepared]:
    with _workers(processes, max_pixels) as workers:
        if not workers:
            yield from _prepare_here(chain.from_iterable(parts), max_pixels, 1)
            return
        most = len(workers) * min(worker.most_parts for worker in workers)
        waiting: deque[tuple[_Worker | None, list[Name]]] = deque()
        for worker, part in zip(cycle(workers), parts):
            waiting.append((worker if worker.give(part) else None, part))
            if len(waiting) == most:
                yield from _results(*waiting.popleft(), max_pixels)
        for given in waiting:
            yield from _results(*given, max_pixels)


def _results(worker: _Worker | None, part: list[Name], max_pixels: int) -> Iterator[Prepared]:
    """What a worker has made of a part; what it was not given, lost or left is done here."""
    done = worker.take() if worker else None
    if done is None:
        yield from _prepare_here(part, max_pixels, 1)
        return
    images, errors = iter(done[0]), done[1]
    for place, name in enumerate(part):
        error = errors.get(place)
        if isinstance(error, PictureTooLargeError):
            yield from _prepare([name], max_pixels)
        else:
            yield error or next(images)


@contextmanager
def _workers(processes: int, max_pixels: int) -> Iterator[list[_Worker]]:
    """As many processes as asked for, or as are to be had, until the end of the block."""
    from multiprocessing import get_context

    context = get_context("fork")
    workers: list[_Worker] = []
    # Ctrl-C is for this process alone, which then ends the others; they inherit that it is blocked.
    unblocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        try:
            with suppress(OSError):  # Where no more are to be had, fewer do as well.
                for _ in range(processes):
                    workers.append(_start(context, workers, max_pixels))
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)
        yield workers
    finally:
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            worker.process.join(_SECONDS_TO_END)


def _start(context: ForkContext, before: Iterable[_Worker], max_pixels: int) -> _Worker:
    from fcntl import F_SETPIPE_SZ, fcntl

    their_tasks, tasks = context.Pipe(duplex=False)
    results, their_results = context.Pipe(duplex=False)
    for pipe in (tasks, results):
        with suppress(OSError):  # Each user has only so much of them.
            fcntl(pipe.fileno(), F_SETPIPE_SZ, _PIPE_BYTES)
    # Held open by it too, our ends would not tell it that we are gone.
    ours = [tasks, results, *(end for worker in before for end in (worker.tasks, worker.results))]
    process = context.Process(
        target=_work, args=(their_tasks, their_results, ours, max_pixels), daemon=True
    )
    process.start()
    their_tasks.close()
    their_results.close()
    return _Worker(process, tasks, results)


def _work(
    tasks: Connection, results: Connection, ours: Iterable[Connection], max_pixels: int
) -> None:
    """What a worker does, until there is nobody left to give it tasks."""
    for end in ours:
        end.close()
    most_pixels = min(max_pixels, _MOST_PIXELS)
    with suppress(EOFError, OSError):
        while True:
            images, errors = [], {}
            for place, prepared in enumerate(_prepare(tasks.recv(), most_pixels)):
                if isinstance(prepared, ImageError):
                    errors[place] = prepared
                else:
                    images.append(prepared)
            results.send((images, errors))
