"""A worker process and the one who minds it: what kills it costs one recording, and there is a limit to its time."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from vyraz.archive.task import Outcome, Reply, Settings, Task
from vyraz.archive.worker import ONE_THREAD
from vyraz.errors import ArchiveError, SinkError

__all__ = ["Beat", "ClosedError", "Hand", "Limit"]

#: Tries at a recording whose worker dies: the first time another one may have taken the memory.
_TRIES = 2
#: Starts in a row that may fail.
_STARTS = 3
#: Seconds that any recording may take, seconds more a second of it, and seconds where its length is not known.
_LEAST, _TIMES, _UNKNOWN = 600.0, 20.0, 12 * 3600.0

#: Told how many seconds of footage of a task are done.
Beat = Callable[[Task, float], None]


class ClosedError(Exception):
    """Nothing more is to be done here."""


@dataclass(frozen=True, slots=True)
class Limit:
    """The time limit of a recording.

    seconds: for each; None is ten minutes, and twenty times the recording's length on top of it.
    """

    seconds: float | None = None

    @property
    def to_begin(self) -> float:
        return _LEAST if self.seconds is None else self.seconds

    def of(self, length: float | None) -> float:
        """Once its length is known."""
        if self.seconds is not None:
            return self.seconds
        return _UNKNOWN if length is None else _LEAST + _TIMES * length


class Hand:
    """Does tasks one by one in a process of its own, which it starts anew where it died. For one thread at a time.

    Args:
        settings: of the results.
        limit: of the time of a recording.
        beat: told of progress.
    """

    def __init__(self, settings: Settings, limit: Limit, beat: Beat = lambda _task, _seconds: None) -> None:
        self._settings, self._limit, self._beat = settings, limit, beat
        self._process: subprocess.Popen[str] | None = None
        self._closed = False

    def do(self, task: Task) -> Reply:
        """The worker's reply; where it died or took too long, an outcome that says so.

        Raises:
            SinkError: a result cannot be written.
            ArchiveError: workers cannot be started.
        """
        reply: Reply | str = ""
        for _ in range(_TRIES):
            reply = self._try(task)
            if isinstance(reply, dict):
                break
        if isinstance(reply, str):
            return asdict(Outcome(error=f"{reply} {_TRIES} times"))
        if "unwritable" in reply:
            raise SinkError(reply["unwritable"])
        return reply

    def close(self) -> None:
        """End the process, also in the midst of a task; another thread may call this."""
        self._closed = True
        process = self._process
        if process is not None:
            process.kill()
            process.wait()

    def _try(self, task: Task) -> Reply | str:
        """The reply, or why the worker died."""
        process = self._started()
        late = _Alarm(self._limit.to_begin, process)
        try:
            _write(process, task.line())
            while (said := _said(process)) is not None:
                if "reply" in said:
                    return dict(said["reply"])
                late.set(self._limit.of(said["length"]))
                self._beat(task, said["seconds"])
        finally:
            late.stop()
        self._process, death = None, _death(process)
        if late.rang:
            return asdict(Outcome(error=f"took longer than the time limit of {late.seconds:.0f} s"))
        return death

    def _started(self) -> "subprocess.Popen[str]":
        if self._closed:
            raise ClosedError
        if self._process is not None:
            return self._process
        for _ in range(_STARTS):
            self._process = process = _start()
            _write(process, json.dumps(asdict(self._settings)))
            said = _said(process)
            if said is not None and "ready" in said:
                return process
            if said is not None:
                raise ArchiveError(f"a worker cannot be started: {said['refused']}")
        raise ArchiveError(f"workers cannot be started: {_death(process)}")


class _Alarm:
    """Kills a process some seconds after its start, unless it is stopped before."""

    def __init__(self, seconds: float, process: "subprocess.Popen[str]") -> None:
        self.rang, self._process, self.seconds = False, process, 0.0
        self._timer: threading.Timer | None = None
        self.set(seconds)

    def set(self, seconds: float) -> None:
        """Another limit, counted from now."""
        if self._timer is not None and seconds == self.seconds:
            return
        self.stop()
        self.seconds = seconds
        self._timer = threading.Timer(seconds, self._ring)
        self._timer.daemon = True
        self._timer.start()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _ring(self) -> None:
        self.rang = True
        self._process.kill()


def _start() -> "subprocess.Popen[str]":
    # In a session of its own, for Ctrl-C is the driver's to deal with.
    return subprocess.Popen(
        [sys.executable, "-m", "vyraz.archive.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL, env=os.environ | ONE_THREAD, encoding="utf-8", start_new_session=True,
    )  # fmt: skip


def _write(process: "subprocess.Popen[str]", line: str) -> None:
    """To one that is already gone, nothing: its end shows itself where an answer is read."""
    try:
        if process.stdin is not None:
            process.stdin.write(line + "\n")
            process.stdin.flush()
    except OSError:
        pass


def _said(process: "subprocess.Popen[str]") -> dict[str, Any] | None:
    """The next thing the worker says; None where it has ended, also in the midst of a line."""
    line = process.stdout.readline() if process.stdout is not None else ""
    try:
        said: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return said


def _death(process: "subprocess.Popen[str]") -> str:
    code = process.wait()
    if process.stdout is not None:
        process.stdout.close()
    if code >= 0:
        return f"its worker ended (exit code {code})"
    if code == -signal.SIGKILL:
        return "its worker was killed by the system (SIGKILL; out of memory?)"
    return f"its worker crashed ({signal.Signals(-code).name})"
