"""What works on requests: the recogniser and its threads, so that the event loop never waits."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

from mnist_infer.recognizer import Recognizer
from mnist_infer.server.batching import Batcher
from mnist_infer.server.limits import ConcurrencyLimit, Limits
from mnist_infer.server.metrics import Metrics

_SPARE_THREADS = 2

Item = TypeVar("Item")
Result = TypeVar("Result")
Args = TypeVarTuple("Args")


class Backend:
    """A recogniser with a pool of threads for what takes the processor, and one for decoders."""

    def __init__(self, recognizer: Recognizer, limits: Limits, metrics: Metrics) -> None:
        self.recognizer = recognizer
        self.limits = limits
        self.concurrency = ConcurrencyLimit(limits.queue)
        self._metrics = metrics
        metrics.in_progress.set_function(lambda: self.concurrency.in_progress)
        threads = (os.cpu_count() or 1) + _SPARE_THREADS
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="worker")
        # The decoder, and not a thread that is missing, decides who waits.
        self._decoding = ThreadPoolExecutor(limits.queue, thread_name_prefix="decoding")

    async def run(self, function: Callable[[*Args], Result], *args: *Args) -> Result:
        """The function's result, from a worker thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, function, *args)

    async def decode(self, function: Callable[[*Args], Result], *args: *Args) -> Result:
        """The function's result, from a thread that waits for a decoder."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._decoding, function, *args)

    def batcher(
        self,
        kind: str,
        run: Callable[[list[Item]], list[Result]],
        cost: Callable[[Item], int],
    ) -> Batcher[Item, Result]:
        """A batcher whose batches run here, one at a time; `kind` names them in the metrics.

        Two batches half as large would take longer than one.
        """
        return Batcher(
            run,
            self._executor,
            cost=cost,
            budget=self.limits.max_batch,
            observe=self._metrics.batch_size.labels(kind).observe,
        )

    def close(self) -> None:
        """End the decoders, and finish what the threads have begun."""
        self.recognizer.close()
        self._decoding.shutdown()
        self._executor.shutdown()
