"""An archive on a Ray cluster: the same work as on one machine, handed out by Ray Data."""

import json
import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from typing import Any

import ray
import ray.data
import ray.exceptions

from vyraz.archive.hand import Hand, Limit
from vyraz.archive.task import Outcome, Reply, Settings, Task
from vyraz.errors import ArchiveError, VyrazError

__all__ = ["Cluster"]


class Cluster:
    """The engine of a Ray cluster; see `vyraz.archive.local.Engine`.

    One task a recording, over actors that each mind a worker process: what kills a worker does not kill its actor,
    and a time limit is the same as elsewhere. Ray starts the actors, hands out tasks as they become free, and
    does those of a lost node again.

    Args:
        settings: of the results.
        jobs: actors; None is as many as the cluster's cores take.
        limit: of the time of a recording.
        address: of the cluster, such as ray://head:10001; `auto` is the one this machine is part of, None is
            RAY_ADDRESS, else a new one on this machine.
        cpus: cores that an actor takes.

    Raises:
        ArchiveError: the cluster cannot be reached.
    """

    def __init__(
        self, settings: Settings, jobs: int | None, limit: Limit, *, address: str | None = None, cpus: float = 1.0
    ) -> None:
        self._settings, self._limit, self._cpus = settings, limit, cpus
        self._stack = ExitStack()
        _join(address, self._stack)
        self._jobs = jobs or max(int(ray.cluster_resources().get("CPU", 1) // cpus), 1)

    def __enter__(self) -> "Cluster":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def run(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Reply]]:
        """See `Engine`; where Ray itself gives up, its own words are told."""
        try:
            yield from self._run(tasks)
        except ray.exceptions.RayError as error:
            raise ArchiveError(f"Ray has given up: {str(error).strip().splitlines()[0]}") from error

    def _run(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Reply]]:
        lost = dict(enumerate(tasks))
        rows = [{"number": number, "task": task.line()} for number, task in lost.items()]
        for row in self._replies(rows) if rows else ():
            reply = json.loads(row["reply"])
            if "ends" in reply:
                raise ArchiveError(reply["ends"])
            yield lost.pop(row["number"]), reply
        for task in lost.values():
            yield task, asdict(Outcome(error="was lost with the node that worked on it"))

    def _replies(self, rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """In the order in which they are ready: a block of one row each, so that each is a task."""
        jobs = min(self._jobs, len(rows))
        workers = ray.data.ActorPoolStrategy(min_size=1, max_size=jobs, initial_size=jobs)
        options: dict[str, Any] = {"fn_constructor_args": (asdict(self._settings), self._limit), "num_cpus": self._cpus}
        asked = ray.data.from_items(rows, override_num_blocks=len(rows))
        found: Iterator[dict[str, Any]] = iter(asked.map(_Actor, compute=workers, **options).iter_rows())
        return found


class _Actor:
    def __init__(self, settings: dict[str, Any], limit: Limit) -> None:
        self._hand = Hand(Settings(**settings), limit)

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        return {"number": row["number"], "reply": json.dumps(self._reply(Task.parse(row["task"])))}

    def _reply(self, task: Task) -> Reply:
        """Errors of which Ray would only know that they are some, which would be told of this recording only."""
        try:
            return self._hand.do(task)
        except VyrazError as error:
            return {"ends": str(error)}


def _join(address: str | None, stack: ExitStack) -> None:
    """Connect, unless somebody has, and let Ray be quiet: what matters is told by its results."""
    os.environ.setdefault("RAY_DATA_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    if not ray.is_initialized():
        try:
            where = address or os.environ.get("RAY_ADDRESS", "local")
            # A cluster of one's own for one run needs no dashboard.
            alone: dict[str, Any] = {"include_dashboard": False} if where == "local" else {}
            ray.init(address=where, log_to_driver=False, logging_level=logging.ERROR, **alone)
        except (ConnectionError, ImportError, OSError, ValueError, RuntimeError) as error:
            raise ArchiveError(f"the Ray cluster {address or ''} cannot be reached ({error})") from error
        stack.callback(ray.shutdown)
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    # A task that cannot be done at all is told as failed; the others go on.
    context.max_errored_blocks = -1
    logging.getLogger("ray.data").setLevel(logging.ERROR)
