"""An archive on a Ray cluster: the same work as on one machine, a Ray task a recording."""

import logging
import os
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from functools import cache
from typing import Any

import ray
import ray.exceptions

from vyraz.archive.hand import Hand, Limit
from vyraz.archive.task import Outcome, Reply, Settings, Task
from vyraz.errors import ArchiveError, VyrazError

__all__ = ["Cluster"]

#: Tasks given to Ray for each core, so that one waits where another ends and an autoscaler sees what is wanted.
_QUEUED = 2


class Cluster:
    """The engine of a Ray cluster; see `vyraz.archive.local.Engine`.

    Ray places a task where cores are free, and does those of a lost node again. Its processes each mind a worker,
    which loads the networks once: what kills a worker does not kill Ray's process, and a time limit is the same as
    elsewhere.

    Args:
        settings: of the results.
        jobs: tasks at a time; None is as many as the cluster's cores take.
        limit: of the time of a recording.
        address: of the cluster, such as ray://head:10001; `auto` is the one this machine is part of, None is
            RAY_ADDRESS, else a new one on this machine.
        cpus: cores that a task takes.

    Raises:
        ArchiveError: the cluster cannot be reached.
    """

    def __init__(
        self, settings: Settings, jobs: int | None, limit: Limit, *, address: str | None = None, cpus: float = 1.0
    ) -> None:
        self._settings, self._limit, self._jobs, self._cpus = settings, limit, jobs, cpus
        self._stack = ExitStack()
        _join(address, self._stack)

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def run(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Reply]]:
        """See `Engine`; where Ray itself gives up, its own words are told."""
        try:
            yield from self._run(tasks)
        except (ray.exceptions.RayError, ConnectionError) as error:
            raise ArchiveError(f"Ray has given up: {_words(error)}") from error

    def _run(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Reply]]:
        do = ray.remote(num_cpus=self._cpus)(_do)
        waiting, given = deque(tasks), dict[Any, Task]()
        while waiting or given:
            while waiting and len(given) < self._room():
                task = waiting.popleft()
                given[do.remote(self._settings, self._limit, task.line())] = task
            (ready, *_), _ = ray.wait(list(given))
            yield given.pop(ready), _reply(ready)

    def _room(self) -> int:
        """Asked anew each time, for a cluster grows and shrinks."""
        return self._jobs or max(int(_QUEUED * ray.cluster_resources().get("CPU", 1) // self._cpus), 1)


def _do(settings: Settings, limit: Limit, line: str) -> Reply:
    """A task, in a process of Ray's."""
    try:
        return _hand(settings, limit).do(Task.parse(line))
    except VyrazError as error:  # of all tasks, not of this one
        return {"ends": str(error)}


@cache
def _hand(settings: Settings, limit: Limit) -> Hand:
    """Kept from one task to the next; all tasks of a run have the same."""
    return Hand(settings, limit)


def _reply(ready: Any) -> Reply:
    try:
        reply: Reply = ray.get(ready)
    except ray.exceptions.RayError as error:
        return asdict(Outcome(error=f"was lost on the cluster ({_words(error)})"))
    if "ends" in reply:
        raise ArchiveError(reply["ends"])
    return reply


def _words(error: Exception) -> str:
    """The first line of Ray's, which may write pages."""
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _join(address: str | None, stack: ExitStack) -> None:
    """Connect, unless somebody has, and let Ray be quiet: what matters is told by its results."""
    if ray.is_initialized():
        return
    where = address or os.environ.get("RAY_ADDRESS", "local")
    # A cluster of one's own for one run needs no dashboard.
    alone: dict[str, Any] = {"include_dashboard": False} if where == "local" else {}
    try:
        ray.init(address=where, log_to_driver=False, logging_level=logging.ERROR, **alone)
    except (ConnectionError, ImportError, OSError, ValueError, RuntimeError) as error:
        token = "; if it asks for a token, set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN" if "://" in where else ""
        raise ArchiveError(f"the Ray cluster {address or ''} cannot be reached ({error}){token}") from error
    stack.callback(ray.shutdown)
