"""The threads that decode and infer, so that the event loop never does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, TypeVarTuple

from mnist_infer.decode.isolated import decoders_at_once
from mnist_infer.server.batching import Batcher
from mnist_infer.server.metrics import Metrics

Item = TypeVar("Item")
Result = TypeVar("Result")
Args = TypeVarTuple("Args")


class Workers:
    """One pool of threads for everything that takes the processor."""

    def __init__(self, metrics: Metrics, max_batch: int) -> None:
        self._metrics = metrics
        self._max_batch = max_batch
        self._executor = ThreadPoolExecutor(decoders_at_once(), thread_name_prefix="worker")

    async def run(self, function: Callable[[*Args], Result], *args: *Args) -> Result:
        """The function's result, from a worker thread."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, function, *args)

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
        self._executor.shutdown()
