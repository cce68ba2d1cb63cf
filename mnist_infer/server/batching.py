"""Micro-batching: requests that wait at the same time go through a worker thread together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Batcher(Generic[Item, Result]):
    """Runs items off the event loop, one batch at a time, in batches that grow with the load.

    A batch is all that waits when the last one has ended. So a lone item goes at once: no item
    waits for others to join it.
    """

    def __init__(
        self,
        run: Callable[[list[Item]], list[Result]],
        executor: Executor,
        *,
        cost: Callable[[Item], int],
        budget: int,
        observe: Callable[[int], None],
    ) -> None:
        """Make a batcher; it is used from one event loop.

        Args:
            run: Gives one result for each item, in order; called in a worker thread.
            executor: Where it is called.
            cost: What an item takes from a batch's budget.
            budget: What the items of one batch may cost together; one item always may go.
            observe: Called with the number of items of each batch.
        """
        self._run = run
        self._executor = executor
        self._cost = cost
        self._budget = budget
        self._observe = observe
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._working: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> Result:
        """Wait for the item's result."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._working is None:
            # It starts in the event loop's next turn: items that arrive in this one join it.
            self._working = asyncio.create_task(self._work())
        return await future

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while batch := self._take():
            self._observe(len(batch))
            items = [item for item, _ in batch]
            try:
                results = await loop.run_in_executor(self._executor, self._run, items)
            except Exception as error:
                for _, future in batch:
                    if not future.cancelled():
                        future.set_exception(error)
            else:
                for (_, future), result in zip(batch, results, strict=True):
                    if not future.cancelled():
                        future.set_result(result)
        self._working = None

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
