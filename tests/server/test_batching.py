"""The batcher alone: who goes together, in what order, and what happens to errors."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from mnist_infer.server.batching import Batcher


class Worker:
    """Doubles numbers, and waits in each batch until it may go on."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.go = threading.Event()
        self.threads: set[int] = set()

    def run(self, batch: list[int]) -> list[int]:
        self.batches.append(batch)
        self.threads.add(threading.get_ident())
        assert self.go.wait(10)
        if 13 in batch:
            raise RuntimeError("unlucky")
        return [2 * item for item in batch]


def play(scene: Callable[[Batcher[int, int], Worker], object]) -> Worker:
    worker = Worker()

    async def main() -> None:
        with ThreadPoolExecutor(2) as executor:
            batcher = Batcher(
                worker.run,
                executor,
                cost=lambda item: 1 if item < 100 else 4,
                budget=4,
                observe=lambda size: None,
            )
            await scene(batcher, worker)

    asyncio.run(main())
    assert threading.get_ident() not in worker.threads
    return worker


async def submit(batcher: Batcher[int, int], *items: int) -> list[asyncio.Task[int]]:
    tasks = [asyncio.create_task(batcher.submit(item)) for item in items]
    await asyncio.sleep(0.01)
    return tasks


def test_what_waits_together_goes_together_in_order():
    async def scene(batcher: Batcher[int, int], worker: Worker) -> None:
        first = await submit(batcher, 0)
        rest = await submit(batcher, *range(1, 7))
        assert worker.batches == [[0]]
        worker.go.set()
        assert await asyncio.gather(*first, *rest) == [0, 2, 4, 6, 8, 10, 12]

    assert play(scene).batches == [[0], [1, 2, 3, 4], [5, 6]]


def test_a_costly_item_goes_alone():
    async def scene(batcher: Batcher[int, int], worker: Worker) -> None:
        tasks = await submit(batcher, 1, 100, 2)
        worker.go.set()
        await asyncio.gather(*tasks)

    assert play(scene).batches == [[1], [100], [2]]


def test_who_has_given_up_is_left_out():
    async def scene(batcher: Batcher[int, int], worker: Worker) -> None:
        first = await submit(batcher, 0)
        gone, stays = await submit(batcher, 1, 2)
        gone.cancel()
        await asyncio.sleep(0)
        worker.go.set()
        assert await asyncio.gather(*first, stays) == [0, 4]

    assert play(scene).batches == [[0], [2]]


def test_an_error_reaches_its_batch_and_no_other():
    async def scene(batcher: Batcher[int, int], worker: Worker) -> None:
        unlucky = await submit(batcher, 13)
        others = await submit(batcher, 1, 2)
        worker.go.set()
        with pytest.raises(RuntimeError, match="unlucky"):
            await unlucky[0]
        assert await asyncio.gather(*others) == [2, 4]

    play(scene)
