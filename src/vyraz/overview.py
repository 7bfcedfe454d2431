"""What a report tells of a recording, gathered frame by frame in bounded memory."""

import base64
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vyraz.draw import colour_of
from vyraz.moments import Moment, Moments, Portrait
from vyraz.segments import UNSEEN, Segment, Segments
from vyraz.trace import Trace
from vyraz.types import Frame, Record

__all__ = ["Overview"]

#: So many people are drawn, those seen longest; and so many segments are listed, the longest.
_MOST_PEOPLE, _MOST_SEGMENTS = 40, 2000
#: A person unseen for as many seconds may be left out in favour of others.
_AWAY = 10.0
#: Scores are kept as whole parts of this; a bin in which nothing was seen has _EMPTY.
_PARTS, _EMPTY = 250, 255


@dataclass(slots=True)
class _Person:
    trace: Trace
    moments: Moments
    portrait: Portrait
    first: float
    last: float
    frames: int = 0
    uncertain: int = 0
    seconds: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))


class Overview:
    """Gathers the records of one recording: people, segments, moments, and how much could be read.

    Args:
        labels: the model's.
        pictures: with thumbnails of faces.
        blur: make faces in them unrecognisable.
    """

    def __init__(self, labels: Sequence[str], *, pictures: bool = True, blur: bool = False) -> None:
        self._labels = tuple(labels)
        self._pictures, self._blur = pictures, blur
        self._people: dict[int, _Person] = {}
        self._gathering, self._segments = Segments(), list[Segment]()
        self._counts: Counter[str] = Counter()
        self._times: list[float] = []

    def take(self, frame: Frame, records: Sequence[Record]) -> None:
        """The records of the next frame."""
        faces = [record for record in records if record.face_id is not None]
        self._counts["frames"] += 1
        self._counts["unreadable"] += any(record.status == "error" for record in records)
        self._counts["empty"] += any(record.status == "no_face" for record in records)
        self._counts["faces"] += len(faces)
        self._counts["uncertain"] += sum(record.status == "uncertain" for record in faces)
        if frame.timestamp is None:
            return
        self._times = [min([*self._times, frame.timestamp]), max([*self._times, frame.timestamp])]
        for record in faces:
            self._see(frame, record, faces)
        self._end(self._gathering.take(records))

    def _see(self, frame: Frame, record: Record, faces: Sequence[Record]) -> None:
        person = self._person(record)
        person.last = max(person.last, record.timestamp or 0.0)
        person.frames += 1
        person.uncertain += record.status == "uncertain"
        scores = [record.steady.get(label, 0.0) for label in self._labels]
        person.trace.add(person.last, scores, uncertain=record.status == "uncertain")
        person.moments.take(frame, record, faces)
        if self._pictures:
            person.portrait.take(frame, record, faces)

    def _person(self, record: Record) -> _Person:
        number, now = record.face_id or 0, record.timestamp or 0.0
        if number not in self._people:
            if len(self._people) >= _MOST_PEOPLE:
                self._leave_out(now)
            moments = Moments(pictures=self._pictures, blur=self._blur)
            self._people[number] = _Person(Trace(len(self._labels), now), moments, Portrait(blur=self._blur), now, now)
            self._counts["people"] += 1
        return self._people[number]

    def _leave_out(self, now: float) -> None:
        """Forget whoever was seen most briefly, of those who are away."""
        away = [number for number, person in self._people.items() if now - person.last > _AWAY]
        if away:
            del self._people[min(away, key=lambda number: self._people[number].frames)]

    def _end(self, segments: Sequence[Segment]) -> None:
        for one in segments:
            self._segments.append(one)
            if one.face_id in self._people:
                seconds = self._people[one.face_id].seconds
                seconds[one.emotion] += one.seconds * (1 - one.uncertain)
                seconds[""] += one.seconds * one.uncertain
        if len(self._segments) >= 2 * _MOST_SEGMENTS:
            self._keep_longest()

    def _keep_longest(self) -> None:
        kept = sorted(self._segments, key=lambda one: -one.seconds)[:_MOST_SEGMENTS]
        self._counts["left_out"] += len(self._segments) - len(kept)
        self._segments = sorted(kept, key=lambda one: (one.start, one.face_id))

    @property
    def is_empty(self) -> bool:
        """Whether not one frame could be read."""
        return self._counts["frames"] == self._counts["unreadable"]

    def data(self) -> dict[str, Any]:
        """All of it as JSON takes it; ends the recording.

        Returns:
            `labels` with `colours`; `start` and `end` in seconds; `gap`, the seconds after which a line breaks;
            `counts` of frames, faces and people; `people`; `segments` as rows (person, start, end, label's place,
            mean score, frames, share uncertain); `left_out`, how many shorter segments are not listed.
        """
        self._end(self._gathering.finish())
        self._keep_longest()
        start, end = self._times or (0.0, 0.0)
        step = (end - start) / max(self._counts["frames"] - 1, 1)
        return {
            "labels": self._labels,
            "colours": ["#{:02x}{:02x}{:02x}".format(*colour_of(label)) for label in self._labels],
            "start": round(start, 3),
            "end": round(end, 3),
            "gap": round(max(UNSEEN, 1.5 * step), 3),
            "counts": {name: self._counts[name] for name in ("frames", "empty", "unreadable", "faces", "uncertain")},
            "found": self._counts["people"],
            "people": [self._person_data(number) for number in sorted(self._people)],
            "segments": [self._row(one) for one in self._segments],
            "left_out": self._counts["left_out"],
        }

    def _row(self, one: Segment) -> list[float]:
        times, shares = (round(one.start, 3), round(one.end, 3)), (round(one.confidence, 3), round(one.uncertain, 3))
        return [one.face_id, *times, self._labels.index(one.emotion), shares[0], one.frames, shares[1]]

    def _person_data(self, number: int) -> dict[str, Any]:
        person = self._people[number]
        person.trace.coarsen(Trace.width_for(self._times[1] - self._times[0]))
        return {
            "id": number,
            "first": round(person.first, 3),
            "last": round(person.last, 3),
            "frames": person.frames,
            "uncertain": person.uncertain,
            "shares": _shares(person.seconds, [*self._labels, ""]),
            "origin": round(person.trace.start, 4),
            "width": person.trace.width,
            "bins": _packed(person.trace),
            "jpeg": _base64(person.portrait.picture),
            "moments": [self._moment(one) for one in person.moments.found()],
        }

    def _moment(self, one: Moment) -> dict[str, Any]:
        place, score = self._labels.index(one.label), round(one.score, 3)
        return {"t": round(one.seconds, 3), "label": place, "score": score, "jpeg": _base64(one.picture)}


def _shares(seconds: Mapping[str, float], names: Sequence[str]) -> list[float]:
    """Shares of the time seen, in the order of the names; they sum to 1, or to 0 where no time passed."""
    total = sum(seconds.values())
    return [round(seconds.get(name, 0.0) / total, 4) if total else 0.0 for name in names]


def _packed(trace: Trace) -> str:
    """Base64 of uint8 (bins, labels + 1): scores and the share uncertain in 250ths, 255 where unseen."""
    parts = np.nan_to_num(np.rint(trace.means() * _PARTS), nan=_EMPTY)
    return _base64(parts.astype(np.uint8).tobytes())


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
