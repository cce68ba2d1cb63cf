"""The recogniser behind the server, with the threads it works in: the event loop never waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

from mnist_infer.config import usable_processors
from mnist_infer.recognizer import Recognizer
from mnist_infer.server.batching import Batcher
from mnist_infer.server.errors import OverloadedError
from mnist_infer.server.limits import Limits
from mnist_infer.server.metrics import Metrics

_SPARE_THREADS = 2

Item = TypeVar("Item")
Result = TypeVar("Result")
Args = TypeVarTuple("Args")


class ConcurrencyLimit:
    """Counts the requests in progress and refuses more than fit, before their bodies are read."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self.in_progress = 0

    def __enter__(self) -> None:
        """Take one of the places.

        Raises:
            OverloadedError: None is free.
        """
        if self.in_progress >= self._capacity:
            raise OverloadedError(
                f"{self.in_progress} requests are in progress already; try again later"
            )
        self.in_progress += 1

    def __exit__(self, *_: object) -> None:
        """Give the place back."""
        self.in_progress -= 1


class Backend:
    """A recogniser with two pools of threads: one that computes, one that waits for decoders."""

    def __init__(self, recognizer: Recognizer, limits: Limits, metrics: Metrics) -> None:
        self.recognizer = recognizer
        self.limits = limits
        self.concurrency = ConcurrencyLimit(limits.queue)
        self._metrics = metrics
        metrics.in_progress.set_function(lambda: self.concurrency.in_progress)
        threads = usable_processors() + _SPARE_THREADS
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="worker")
        # As many threads as requests: the decoder decides who waits, never a lack of threads.
        self._decoding = ThreadPoolExecutor(limits.queue, thread_name_prefix="decoding")

    async def run(self, function: Callable[[*Args], Result], *args: *Args) -> Result:
        """Call a function in a worker thread; return its result."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, function, *args)

    async def wait_for_decoder(self, function: Callable[[*Args], Result], *args: *Args) -> Result:
        """Call a function in a thread that may wait for a decoder; return its result."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._decoding, function, *args)

    def batcher(
        self,
        kind: str,
        run: Callable[[list[Item]], list[Result]],
        cost: Callable[[Item], int],
    ) -> Batcher[Item, Result]:
        """Make a batcher whose batches run in a worker thread, one at a time.

        Two batches half as large would take longer than one.

        Args:
            kind: What the metrics call its batches.
            run: Gives one result for each item, in order.
            cost: What an item takes from `Limits.max_batch`.
        """
        return Batcher(
            run,
            self._executor,
            cost=cost,
            budget=self.limits.max_batch,
            observe=self._metrics.batch_size.labels(kind).observe,
        )

    def close(self) -> None:
        """End the decoders, and let the threads finish their work."""
        self.recognizer.close()
        self._decoding.shutdown()
        self._executor.shutdown()
