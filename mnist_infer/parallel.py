"""Prepare pictures for the networks, in several processes where there are many of them.

Decoding and preparing take nearly all of the time, and Python runs one thread at a time. The
processes are forks, which start in milliseconds; only on Linux is a fork safe, and elsewhere one
process prepares all pictures. Each process has the limits of `decode.limits`. If one exceeds a
limit, or is killed, all of them are ended. The pictures that they had left are then prepared one at
a time, each with its own error if any, and new processes take the rest.
"""

from __future__ import annotations

import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain, islice
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, TypeAlias

from mnist_infer.decode.find_images import STDIN, Name, open_source
from mnist_infer.decode.images import ImageSource, Picture, decode_picture
from mnist_infer.decode.limits import discard_output, limit_memory, limit_time
from mnist_infer.errors import ImageError, PictureTooLargeError
from mnist_infer.imaging.pipeline import WORKING_SIDE, prepare_batch
from mnist_infer.results import NetworkInputs

if TYPE_CHECKING:
    from concurrent.futures import Future
    from multiprocessing.connection import Connection

Prepared: TypeAlias = NetworkInputs | ImageError
"""What the networks see of a picture, or why there is nothing to see."""

MAX_PROCESSES = 8
"""With more, the process that gives them work cannot keep up where pictures are small."""

PREPARED_FIRST = 4
"""Pictures that this process prepares alone: others would take longer to start."""

PART_SIZES = (4, 64)
"""Pictures that a process is given at a time: at first, and at most. Each part has one more than
the one before. So a few large pictures are shared out evenly, and many small ones go in few
parts."""

PARTS_AHEAD = 4
"""Parts that are given for each process before the first of them is taken."""

MAX_PARALLEL_PIXELS = 16_000_000
"""Pixels of the largest picture that is decoded beside others: memory must suffice for them all."""

Decode: TypeAlias = Callable[[ImageSource, int | None], Picture]
"""Decodes an image, shrunk to a working side if any, as `IsolatedDecoder.decode` does."""

Parts: TypeAlias = "deque[tuple[list[Name], Future[list[Prepared]] | None]]"
"""Names of pictures and what becomes of them; None: they are prepared one at a time."""

Submit: TypeAlias = "Callable[[list[Name]], Future[list[Prepared]]]"
"""Gives a part to a process; its future raises `EOFError` or `OSError` if the process is lost."""


def prepare_each(
    names: Iterable[Name], decode: Decode, max_pixels: int, processes: int, at_once: int
) -> Generator[Prepared, None, None]:
    """Prepare pictures, in order; closing the generator ends the processes at once.

    Args:
        names: The pictures' names. This process itself reads standard input, when its turn comes.
        decode: Decodes one picture at a time.
        max_pixels: The largest picture that is decoded.
        processes: The most processes that work side by side.
        at_once: Pictures that are prepared together where only one process works.
    """
    remaining = iter(names)
    one_by_one = _OneByOne(decode, max_pixels)
    if sys.platform != "linux":
        yield from one_by_one.prepare(remaining, at_once)
        return
    few = list(islice(remaining, PREPARED_FIRST))
    yield from one_by_one.prepare(few)
    parts = _parts(remaining)
    for part in parts:
        yield from _side_by_side(part, parts, one_by_one, processes)


@dataclass(frozen=True, slots=True)
class _OneByOne:
    """Decodes one picture at a time, and prepares it in this process."""

    decode: Decode
    max_pixels: int

    def prepare(self, names: Iterable[Name], at_once: int = 1) -> Iterator[Prepared]:
        remaining = iter(names)
        while some := list(islice(remaining, at_once)):
            yield from prepare_batch(map(self._try_decode, some))

    def _try_decode(self, name: Name) -> Picture | ImageError:
        try:
            return self.decode(open_source(name, self.max_pixels), WORKING_SIDE)
        except ImageError as error:
            return error


def _parts(names: Iterator[Name]) -> Iterator[list[Name]]:
    size, most = PART_SIZES
    while part := list(islice(names, size)):
        yield part
        size = min(size + 1, most)


def _side_by_side(
    first: list[Name], others: Iterator[list[Name]], one_by_one: _OneByOne, processes: int
) -> Iterator[Prepared]:
    """Prepare the first part and the others, until they end or a process is lost."""
    max_pixels = min(one_by_one.max_pixels, MAX_PARALLEL_PIXELS)
    waiting: Parts = deque([(first, None)])
    with suppress(EOFError, OSError), _start_processes(processes, max_pixels) as submit:
        waiting.clear()
        for part in chain([first], others):
            waiting.append((part, None))
            if STDIN not in part:
                waiting[-1] = part, submit(part)
            if len(waiting) == PARTS_AHEAD * processes:
                yield from _take(waiting, one_by_one)
        while waiting:
            yield from _take(waiting, one_by_one)
    for part, _ in waiting:
        yield from one_by_one.prepare(part)


def _take(waiting: Parts, one_by_one: _OneByOne) -> Iterator[Prepared]:
    """Take the oldest part's results; raise as its future does, and leave it waiting then."""
    part, future = waiting[0]
    done = future.result() if future else [None] * len(part)
    waiting.popleft()
    for name, prepared in zip(part, done, strict=True):
        if prepared is None or isinstance(prepared, PictureTooLargeError):
            yield from one_by_one.prepare([name])
        else:
            yield prepared


@contextmanager
def _start_processes(count: int, max_pixels: int) -> Iterator[Submit]:
    """Start processes, and end them at once in the end; raises `OSError` where none are left.

    Each has a pipe of its own, for which a thread of ours waits: a pipe ends with its process, even
    amid an answer. A `ProcessPoolExecutor` has one pipe for all, and would wait for the rest.
    """
    # Imported here, since one picture needs none of it.
    from concurrent.futures import ThreadPoolExecutor
    from multiprocessing import get_context

    context = get_context("fork")
    workers = []
    idle: SimpleQueue[Connection] = SimpleQueue()

    def prepare(part: list[Name]) -> list[Prepared]:
        connection = idle.get()
        try:
            connection.send(part)
            done: list[Prepared] = connection.recv()
            return done
        finally:
            idle.put(connection)

    threads = ThreadPoolExecutor(count)
    # Ctrl-C is for this process alone, which then ends the others; they inherit the mask.
    unblocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        for _ in range(count):
            ours, theirs = context.Pipe()
            with theirs:  # Only the process keeps it open.
                worker = context.Process(target=_work, args=(theirs, max_pixels))
                worker.start()
            workers.append(worker)
            idle.put(ours)
        signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)
        yield lambda part: threads.submit(prepare, part)
    finally:
        for worker in workers:
            worker.terminate()
        threads.shutdown(cancel_futures=True)
        for worker in workers:
            worker.join()
        signal.pthread_sigmask(signal.SIG_SETMASK, unblocked)


def _work(connection: Connection, max_pixels: int) -> None:
    """Work as a process: prepare one part after the other until it is ended."""
    Thread(target=_end_with_parent, daemon=True).start()
    discard_output()
    limit_memory(max_pixels)
    while True:
        connection.send(_prepare(connection.recv(), max_pixels))


def _end_with_parent() -> None:
    from multiprocessing import parent_process

    if parent := parent_process():
        parent.join()
    os._exit(1)


def _prepare(names: list[Name], max_pixels: int) -> list[Prepared]:
    """Prepare a part."""

    def decode(name: Name) -> Picture | ImageError:
        try:
            with limit_time(max_pixels):
                return decode_picture(name, WORKING_SIDE, max_pixels)
        except ImageError as error:
            return error

    return prepare_batch(map(decode, names))
