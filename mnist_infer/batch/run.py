"""The parts of the work, each read by one of Ray's actors."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import ray
from ray.util import ActorPool

from mnist_infer.batch.state import Work
from mnist_infer.config import ModelConfig
from mnist_infer.decode.uris import fetch_each
from mnist_infer.integrations.columns import Columns
from mnist_infer.integrations.ray import PATH, with_answers
from mnist_infer.recognizer import Recognizer

# Only part numbers and counts pass through Ray: this is the least that it accepts.
_OBJECT_STORE_BYTES = 80_000_000
# A picture that kills whoever opens it must not keep a cluster busy for ever.
_RETRIES = 3


@dataclass(frozen=True, slots=True)
class Options:
    """How the work is done."""

    destination: str
    config: ModelConfig
    batch_size: int
    workers: int | None
    """Actors; None: one for each CPU of the cluster, or as many as its GPUs allow."""
    num_gpus: float
    """GPUs for each actor; 0 runs on CPUs."""


@dataclass(frozen=True, slots=True)
class Done:
    """A part that has just been done."""

    images: int
    errors: int
    """Images without an answer."""


class _PartReader:
    """One of Ray's actors: reads whole parts, and gives back how many images they had."""

    def __init__(self, options: Options) -> None:
        self._recognizer = Recognizer.from_config(options.config)
        self._work = Work(options.destination)
        self._batch_size = options.batch_size

    def read(self, part: int) -> Done:
        """Read a part and write its answers."""
        table = self._work.paths(part)
        paths = iter(table.column(PATH).to_pylist())
        answers = Columns()
        while some := list(islice(paths, self._batch_size)):
            answers.extend(self._recognizer, fetch_each(some))
        self._work.write(part, with_answers(table, answers))
        return Done(len(table), sum(error is not None for error in answers.error))


def run(work: Work, options: Options) -> Iterator[Done]:
    """Do the parts that are not done, in any order, and report each.

    If an actor dies, Ray starts it and its part again, up to three times.
    """
    pending = sorted(set(range(work.parts)) - work.done())
    if not pending:
        return
    with _cluster(options.workers):
        actor = ray.remote(_PartReader).options(
            num_cpus=1, num_gpus=options.num_gpus, max_restarts=-1, max_task_retries=_RETRIES
        )
        count = min(options.workers or _actors_at_once(options.num_gpus), len(pending))
        pool = ActorPool([actor.remote(options) for _ in range(count)])
        yield from pool.map_unordered(lambda reader, part: reader.read.remote(part), pending)


@contextmanager
def _cluster(workers: int | None) -> Iterator[None]:
    """Use the cluster at RAY_ADDRESS, or start one on this machine and end it afterwards."""
    quiet: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
    if os.environ.get("RAY_ADDRESS"):
        ray.init(**quiet)
    else:
        # Ray reports its usage to its makers by default.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        ray.init(
            address="local",
            num_cpus=workers,
            include_dashboard=False,
            object_store_memory=_OBJECT_STORE_BYTES,
            **quiet,
        )
    try:
        yield
    finally:
        ray.shutdown()


def _actors_at_once(num_gpus: float) -> int:
    """Count the actors that the cluster has room for."""
    resources = ray.cluster_resources()
    if num_gpus:
        return max(1, int(resources.get("GPU", 0) / num_gpus))
    return max(1, int(resources.get("CPU", 1)))
