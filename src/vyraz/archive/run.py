"""An archive through an engine: what is to be done, in which order, and what became of it."""

from collections.abc import Callable, Collection, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from vyraz.archive.local import Engine
from vyraz.archive.manifest import Manifest, locked
from vyraz.archive.plan import Recording, plan
from vyraz.archive.store import WORK, Store, open_store
from vyraz.archive.task import Kind, Outcome, Reply, Settings, Span, Task
from vyraz.errors import UsageError

__all__ = ["Job", "Watcher", "manifest_folder", "run"]


class Watcher(Protocol):
    """Told of progress."""

    def begin(self, recordings: int, todo: int, size: int) -> None:
        """How many there are, how many are to be done, and the bytes of those."""
        ...

    def beat(self, task: Task, seconds: float) -> None:
        """Seconds of footage of a task that are done; told by several threads."""
        ...

    def passed(self, task: Task, seconds: float) -> None:
        """A task is over; so many seconds of footage are done with it."""
        ...

    def finished(self, recording: Recording, outcome: Outcome) -> None: ...


@dataclass(frozen=True, slots=True)
class Job:
    """What the user asks for.

    names: of recordings; see `plan`.
    out: folder or URL of the results; `manifest` is the folder of the manifest, None is in `out`.
    minutes: recordings of at least one and a half times this are split into pieces of it; None does not split.
    retry: do again what failed.
    """

    names: Sequence[str]
    out: str
    settings: Settings
    manifest: Path | None = None
    minutes: float | None = None
    retry: bool = False


def manifest_folder(out: str, manifest: Path | None = None) -> Path:
    """Where the manifest of an archive is.

    Raises:
        UsageError: the results are at a URL, and no folder is named for it.
    """
    if manifest is None and "://" in out:
        raise UsageError(f"{out}: is no folder of this machine; say with --manifest DIR where to keep the manifest")
    return manifest or Path(out) / "manifest"


def run(job: Job, make_engine: Callable[[], Engine], watcher: Watcher) -> dict[str, int]:
    """Do what is to be done of an archive.

    Returns:
        How many of its recordings are in each state: done, partial, failed.

    Raises:
        UsageError: recordings or options that there are not, or another run is at work there.
        ArchiveError: workers cannot be started.
        SinkError: results cannot be written.
    """
    folder, recordings = manifest_folder(job.out, job.manifest), plan(job.names)
    fingerprint = job.settings.recognizer().classifier.fingerprint
    digest = job.settings.digest(fingerprint)
    with ExitStack() as stack:
        store = open_store(job.out)
        stack.enter_context(locked(folder, job.out))
        manifest = stack.enter_context(Manifest(folder, digest))
        manifest.note(job.settings, fingerprint)
        store.tidy()
        todo = manifest.register(recordings, store.names(), retry=job.retry)
        watcher.begin(len(recordings), len(todo), sum(one.size for one in todo))
        if todo:
            _Run(job, digest, store, manifest, stack.enter_context(make_engine()), watcher).do(todo)
        return manifest.states([one.result for one in recordings])


class _Run:
    def __init__(
        self, job: Job, digest: str, store: Store, manifest: Manifest, engine: Engine, watcher: Watcher
    ) -> None:
        self._job, self._digest, self._store = job, digest, store
        self._manifest, self._engine, self._watcher = manifest, engine, watcher
        # Workers may stand in another folder.
        self._out = job.out if "://" in job.out else str(Path(job.out).absolute())

    def do(self, todo: Sequence[Recording]) -> None:
        """Long ones first, so that no worker is left with one when the others are done."""
        ordered = {self._file(one): one for one in sorted(todo, key=lambda one: -one.size)}
        pieces = self._pieces(ordered.values()) if self._job.minutes else {}
        wholes = [self._task("whole", one) for one in ordered.values() if one.result not in pieces]
        parts = [part for some in pieces.values() for part in some]
        replies: dict[str, Reply] = {}
        for task, reply in self._engine.run(sorted([*wholes, *parts], key=lambda task: -task.bytes)):
            self._watcher.passed(task, reply.get("seconds", 0.0))
            if task.kind == "whole":
                self._finish(ordered[task.name], Outcome(**reply))
            else:
                replies[task.name] = reply
        self._join([one for one in ordered.values() if one.result in pieces], pieces, replies)
        self._store.clear(WORK)

    def _file(self, one: Recording) -> str:
        return f"{one.result}.{self._job.settings.form}"

    def _task(self, kind: Kind, one: Recording) -> Task:
        return Task(kind, one.path, one.source, self._out, self._file(one), one.size)

    def _pieces(self, recordings: Collection[Recording]) -> dict[str, list[Task]]:
        """Result -> the tasks of its parts, where there are several."""
        minutes = self._job.minutes or 0.0
        asked = {one.result: replace(self._task("cut", one), minutes=minutes) for one in recordings}
        found = {task.name: reply.get("spans") for task, reply in self._engine.run(list(asked.values()))}
        return {
            one.result: self._parts(one, asked[one.result], [Span.parse(plain) for plain in spans])
            for one in recordings
            if (spans := found[self._file(one)])
        }

    def _parts(self, one: Recording, task: Task, spans: Sequence[Span]) -> list[Task]:
        """They have names of their own for other settings, for another file of this name, and for other spans."""
        size = task.bytes // len(spans)
        mark = sha256(f"{self._digest} {one.size} {one.changed} {spans}".encode()).hexdigest()[:12]
        folder = f"{WORK}/{one.result}-{mark}"
        return [
            replace(task, kind="part", name=f"{folder}/{number:04}.jsonl", bytes=size, span=span)
            for number, span in enumerate(spans)
        ]

    def _join(self, split: Sequence[Recording], pieces: dict[str, list[Task]], replies: dict[str, Reply]) -> None:
        """Make the results of recordings whose parts are all there; one that lacks a part has failed."""
        whole = {self._file(one): one for one in split}
        joins = []
        for one in split:
            names = tuple(task.name for task in pieces[one.result])
            error = next((replies[name]["error"] for name in names if replies[name].get("error")), "")
            if error:
                self._finish(one, Outcome(error=error))
            else:
                joins.append(replace(self._task("join", one), parts=names, bytes=0))
        for task, reply in self._engine.run(joins):
            outcome = Outcome(**reply)
            outcome.elapsed += sum(replies[name]["elapsed"] for name in task.parts)
            self._watcher.passed(task, 0.0)  # its parts have passed
            self._finish(whole[task.name], outcome)

    def _finish(self, one: Recording, outcome: Outcome) -> None:
        """Whatever was there before of this recording goes, so that nothing is there twice or of other settings."""
        file = None if outcome.state == "failed" else self._file(one)
        before = {self._manifest.file_of(one.result), self._file(one)} - {None, file}
        for name in before:
            self._store.remove(str(name))
        self._manifest.finish(one, outcome, file)
        self._watcher.finished(one, outcome)
