"""The threads that infer, and those that wait for decoders, so that the event loop never does."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

from mnist_infer.server.batching import Batcher
from mnist_infer.server.limits import Limits
from mnist_infer.server.metrics import Metrics

_SPARE_THREADS = 2

Item = TypeVar("Item")
Result = TypeVar("Result")
Args = TypeVarTuple("Args")


class Workers:
    """One pool of threads for what takes the processor, and one for what waits for a decoder."""

    def __init__(self, metrics: Metrics, limits: Limits) -> None:
        self._metrics = metrics
        self._max_batch = limits.max_batch
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
            workers=1,
            cost=cost,
            budget=self._max_batch,
            observe=self._metrics.batch_size.labels(kind).observe,
        )

    def close(self) -> None:
        """Finish what has begun."""
        self._decoding.shutdown()
        self._executor.shutdown()
