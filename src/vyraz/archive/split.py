"""Very long recordings: cut by time where they can be entered, read in parts, joined as if they had been one.

What is found in a frame depends on the frames before it, but not on those long before. So each part begins to look some
seconds before its first frame, and goes on behind its last one until nothing can change there any more. Tracks
and smoothing do depend on all that was before; they take no pixels and next to no time, and are made when the parts
are joined, over all of them.
"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

import numpy as np

from vyraz.archive.store import Store, open_store
from vyraz.archive.task import Reply, Settings, Span, Task
from vyraz.archive.work import Renamed, Tally, Tell, open_table
from vyraz.follow import Following
from vyraz.recognize import Recognizer
from vyraz.search import Look
from vyraz.types import Box, Frame, Pixels, Record
from vyraz.video import Key, can_enter, keys_of, read_video, seconds_of

__all__ = ["cut", "join", "part"]

#: Seconds before its first frame that a part begins to look: more than any two searches of the whole frame are apart.
_LEAD = 12.0
#: A recording is only cut where its last part would be at least this share of the others.
_LEAST = 0.5
_NOTHING: Pixels = np.empty((0, 0, 3), dtype=np.uint8)


def cut(task: Task) -> Reply:
    """Where a recording can be split; `spans` is empty where it is too short, or cannot be entered in its middle.

    Raises:
        SourceError: it cannot be read.
    """
    length, piece = 0.0 if "://" in task.path else seconds_of(task.path), 60 * task.minutes
    if length is not None and length < (1 + _LEAST) * piece:
        return {"spans": []}
    return {"spans": [asdict(span) for span in _spans(keys_of(task.path), piece)]}


def _spans(keys: list[Key], piece: float) -> list[Span]:
    """Stretches of `piece` seconds or somewhat more, each from a key frame to another one."""
    if not keys:
        return []
    end, starts = keys[-1].seconds, keys[:1]
    for key in keys[1:]:
        if key.seconds >= starts[-1].seconds + piece and end - key.seconds >= _LEAST * piece:
            starts.append(key)
    stops = [key.index for key in starts[1:]]
    spans = zip(starts, [*stops, None], strict=True)
    return [Span(_entry(keys, start), start.index, stop) for start, stop in spans] if stops else []


def _entry(keys: Iterable[Key], start: Key) -> Key:
    """The last key frame that lies far enough before the start; else the first of the recording."""
    early = [key for key in keys if key.seconds <= start.seconds - _LEAD]
    return early[-1] if early else next(iter(keys))


def part(recognizer: Recognizer, settings: Settings, task: Task, tell: Tell) -> Reply:
    """Find and score the faces of one span, into a file of a line a frame; one that is there already is taken.

    Returns:
        The fields of an `Outcome`, which counts what was read now.

    Raises:
        SourceError: the recording cannot be opened.
        SinkError: the file cannot be written.
    """
    began, store, tally = time.monotonic(), open_store(task.out), Tally(task.path, tell)
    if task.span is not None and not store.has(task.name):
        with store.writing(task.name) as path, path.open("w", encoding="utf-8") as file:
            for look, records in _looked(recognizer, settings, task.path, task.span):
                file.write(json.dumps(_plain(look, records), separators=(",", ":")) + "\n")
                tally.write(look.frame, records)
                tally.frame()
    return tally.reply(time.monotonic() - began)


def _looked(recognizer: Recognizer, settings: Settings, path: str, span: Span) -> Iterator[tuple[Look, list[Record]]]:
    """The frames of a span, until one behind it tells that they will not change any more."""
    where: dict[str, Any] = {"key": span.key} if can_enter(path, span.key) else {"start": span.key.index}
    for some in recognizer.look(read_video(path, every=settings.every, **where)):
        for look, records in some:
            if span.stop is not None and look.frame.index >= span.stop:
                return
            if look.frame.index >= span.start:
                yield look, records


def join(recognizer: Recognizer, settings: Settings, task: Task, tell: Tell) -> Reply:
    """Make a result of the parts of a recording, which stay: the driver removes them.

    Returns:
        The fields of an `Outcome`.

    Raises:
        SinkError: the result cannot be written, or a part cannot be read.
    """
    began, store, tally = time.monotonic(), open_store(task.out), Tally(task.path, tell)
    following = Following(settings.smooth, recognizer.classifier.card.uncertain_below)
    problems: dict[str, None] = {}
    with store.writing(task.name) as path, open_table(path, recognizer, settings) as table:
        sinks = [Renamed(table, task.source), tally]
        for look, records in _parts(store, task):
            followed = following.take(records, cut=look.cut)
            problems |= {record.message: None for record in followed if record.message}
            for sink in sinks:
                sink.write(look.frame, followed)
            tally.frame()
    for problem in problems:
        tally.failed(problem)
    return tally.reply(time.monotonic() - began)


def _parts(store: Store, task: Task) -> Iterator[tuple[Look, list[Record]]]:
    for name in task.parts:
        with store.read(name) as lines:
            yield from (_read(json.loads(line), task.source) for line in lines)


def _plain(look: Look, records: Iterable[Record]) -> dict[str, Any]:
    frame = look.frame
    faces = [[record.status, record.box, record.face_score, dict(record.scores)] for record in records]
    return {"n": frame.index, "t": frame.timestamp, "cut": look.cut, "error": frame.error, "faces": faces}


def _read(line: Mapping[str, Any], source: str) -> tuple[Look, list[Record]]:
    frame = Frame(_NOTHING, line["n"], line["t"], source, error=line["error"])
    records = [
        Record(
            source, frame.index, frame.timestamp, status, box=box and Box(*box), face_score=score,
            scores=MappingProxyType(scores), message=frame.error or "",
        )
        for status, box, score, scores in line["faces"]
    ]  # fmt: skip
    return Look(frame, cut=line["cut"]), records
