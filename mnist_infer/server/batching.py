"""Micro-batching: requests that wait at the same time go through a worker thread together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from functools import partial
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """Runs items off the event loop, in batches that grow with the load.

    A batch is whatever waits when a worker is free: a lone item goes at once, and none ever waits
    for company.
    """

    def __init__(
        self,
        run: Callable[[list[Item]], list[Result]],
        executor: Executor,
        *,
        workers: int,
        cost: Callable[[Item], int],
        budget: int,
        observe: Callable[[int], None],
    ) -> None:
        """Make a batcher; it is used from one event loop.

        Args:
            run: Gives one result for each item, in order; called in a worker thread.
            executor: Where it is called.
            workers: Batches that may run at once.
            cost: What an item takes from a batch's budget.
            budget: What the items of one batch may cost together; one item always may go.
            observe: Called with the number of items of each batch.
        """
        self._run = run
        self._executor = executor
        self._idle = workers
        self._cost = cost
        self._budget = budget
        self._observe = observe
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()

    async def submit(self, item: Item) -> Result:
        """The item's result."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._waiting.append((item, future))
        if self._idle and len(self._waiting) == 1:
            # Not at once: what else arrives in this turn of the event loop joins the batch.
            loop.call_soon(self._start)
        return await future

    def _start(self) -> None:
        while self._idle and (batch := self._take()):
            self._idle -= 1
            self._observe(len(batch))
            items = [item for item, _ in batch]
            running = asyncio.get_running_loop().run_in_executor(self._executor, self._run, items)
            running.add_done_callback(partial(self._finish, [future for _, future in batch]))

    def _take(self) -> list[tuple[Item, asyncio.Future[Result]]]:
        batch: list[tuple[Item, asyncio.Future[Result]]] = []
        left = self._budget
        while self._waiting:
            item, future = self._waiting[0]
            left -= self._cost(item)
            if batch and left < 0:
                break
            self._waiting.popleft()
            if not future.cancelled():
                batch.append((item, future))
        return batch

    def _finish(
        self, futures: list[asyncio.Future[Result]], done: asyncio.Future[list[Result]]
    ) -> None:
        self._idle += 1
        self._start()
        try:
            results = done.result()
        except Exception as error:
            for future in futures:
                if not future.cancelled():
                    future.set_exception(error)
            return
        for future, result in zip(futures, results, strict=True):
            if not future.cancelled():
                future.set_result(result)
