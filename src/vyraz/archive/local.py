"""The cores of this machine: a worker process each, minded by a thread each."""

import os
import queue
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Protocol

from vyraz.archive.hand import Beat, ClosedError, Hand, Limit
from vyraz.archive.task import Reply, Settings, Task

__all__ = ["Engine", "Local", "cores"]


class Engine(Protocol):
    """Does tasks, many at a time. A context manager: leaving it stops what is still being done."""

    def run(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Reply]]:
        """Each task with its reply, as they come; begun in the given order.

        Raises:
            SinkError: a result cannot be written.
            ArchiveError: nobody can work.
        """
        ...

    def __enter__(self) -> "Engine": ...

    def __exit__(self, *_: object) -> None: ...


class Local:
    """The engine of one machine.

    Args:
        settings: of the results.
        jobs: worker processes; None is one a core.
        limit: of the time of a recording.
        beat: told of progress, by several threads.
    """

    def __init__(self, settings: Settings, jobs: int | None, limit: Limit, beat: Beat) -> None:
        self._hands = [Hand(settings, limit, beat) for _ in range(jobs or cores())]

    def __enter__(self) -> "Local":
        return self

    def __exit__(self, *_: object) -> None:
        for hand in self._hands:
            hand.close()

    def run(self, tasks: Sequence[Task]) -> Iterator[tuple[Task, Reply]]:
        waiting, done = deque(tasks), _Done()
        for hand in self._hands[: len(tasks)]:
            threading.Thread(target=_serve, args=(hand, waiting, done), daemon=True).start()
        for _ in tasks:
            got = done.get()
            if isinstance(got, Exception):
                raise got
            yield got


_Done = queue.SimpleQueue[tuple[Task, Reply] | Exception]


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _serve(hand: Hand, waiting: deque[Task], done: _Done) -> None:
    try:
        while waiting:
            task = waiting.popleft()
            done.put((task, hand.do(task)))
    except (ClosedError, IndexError):  # stopped, or another one was quicker
        return
    except Exception as error:  # the caller's to deal with
        done.put(error)
