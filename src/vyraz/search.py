"""The faces of a recording, found without looking at every pixel of every frame.

The whole frame is searched now and then, at once where a face is lost or the scene is cut, and sooner where the picture
has changed outside of the windows that are looked at: those about the faces of the frame before, and of faces that
hardly move in every other frame. A face that a search finds newly is followed back through the frames since the last
one, so it is not missed there.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Protocol

import numpy as np

from vyraz.change import changed, is_cut, packed, part_of, samples_of, unpacked
from vyraz.detect import Detector, YuNet, distinct, is_among
from vyraz.types import Box, Face, Frame, Gray

__all__ = ["Look", "Search", "make_search"]

#: Frames between two searches of a picture that changes, where nobody and where somebody is known; seconds between
#: two of one that does not change.
_EVERY, _EVERY_KNOWN, _QUIET = 4, 15, 5.0
#: Seconds between looks at the frame turned by 90 degrees where nothing is found; doubled each time, up to the last.
_TURN, _TURN_AT_MOST = 1.0, 16.0
#: Frames in which a face that has gone is still looked for where it was.
_LINGER = 5
#: A face that is followed stays one while it scores this little less than a new one must: without it, faces near
#: the threshold would come and go from frame to frame.
_GRACE = 0.1
#: A frame of which the faces lie halfway comes at most so many seconds after one that is looked at, and boxes before
#: and after it overlap by this. After one where they do not, so many frames are looked at in any case.
_SOON, _STILL, _LIVELY = 0.15, 0.3, 4
#: One that moves by its own size is still the same unless it grows or shrinks by more than this.
_GROWTH = 1.5


@dataclass(slots=True)
class Look:
    """The faces of a frame, largest first; `cut` says that the frame has nothing to do with the one before."""

    frame: Frame
    faces: list[Face] = field(default_factory=list)
    cut: bool = False


class Search(Protocol):
    """Finds the faces of one recording.

    `state` is what is known after the frames given out so far, as JSON takes it; a new search that is given it
    goes on with the frame `resume_at` as if nothing had happened.
    """

    def run(self, frames: Iterable[Frame]) -> Iterator[list[Look]]:
        """The faces of each frame, in order, some frames at a time (live: one)."""
        ...

    def state(self) -> dict[str, Any]: ...

    def restore(self, state: Mapping[str, Any]) -> None: ...

    @property
    def resume_at(self) -> int: ...


def make_search(detector: Detector, *, live: bool = False) -> Search:
    """The search that fits a detector: in windows where it can, else of every frame.

    Args:
        detector: finds faces in one picture.
        live: give each frame at once, without going back.
    """
    return _InWindows(detector, live=live) if isinstance(detector, YuNet) else _Everywhere(detector)


class _Everywhere:
    def __init__(self, detector: Detector) -> None:
        self._detector, self.resume_at = detector, 0

    def run(self, frames: Iterable[Frame]) -> Iterator[list[Look]]:
        for frame in frames:
            self.resume_at = frame.index + 1
            yield [Look(frame, self._detector(frame.pixels) if frame.error is None else [])]

    def state(self) -> dict[str, Any]:
        return {"resume_at": self.resume_at}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.resume_at = state["resume_at"]


class _InWindows:
    def __init__(self, detector: YuNet, *, live: bool) -> None:
        self._detector, self._live = detector, live
        self._pending: list[Look] = []
        self._faces: list[Face] = []
        self._sure: list[Face] = []
        self._missing: list[list[Face]] = []
        self._before: Gray | None = None
        self._at_scan: Gray | None = None
        self._since, self._scanned = 0, 0.0
        self._waits, self._lively, self._next = False, 0, 0
        self._turned, self._patience = -_TURN, _TURN

    @property
    def resume_at(self) -> int:
        return self._pending[0].frame.index if self._pending else self._next

    def state(self) -> dict[str, Any]:
        numbers = {name: getattr(self, f"_{name}") for name in _NUMBERS}
        pictures = {name: packed(getattr(self, f"_{name}")) for name in _PICTURES}
        faces = {name: [_plain(face) for face in getattr(self, f"_{name}")] for name in _FACES}
        pending = [[look.frame.index, look.cut, [_plain(face) for face in look.faces]] for look in self._pending]
        missing = [[_plain(face) for face in some] for some in self._missing]
        return {**numbers, **pictures, **faces, "missing": missing, "pending": pending}

    def restore(self, state: Mapping[str, Any]) -> None:
        for name in _NUMBERS:
            setattr(self, f"_{name}", state[name])
        for name in _PICTURES:
            setattr(self, f"_{name}", unpacked(state[name]))
        for name in _FACES:
            setattr(self, f"_{name}", [_face(plain) for plain in state[name]])
        self._missing = [[_face(plain) for plain in some] for some in state["missing"]]
        # Their pixels are read again.
        empty = np.empty((0, 0, 3), dtype=np.uint8)
        self._pending = [
            Look(Frame(empty, index, None, ""), [_face(plain) for plain in faces], cut)
            for index, cut, faces in state["pending"]
        ]

    def run(self, frames: Iterable[Frame]) -> Iterator[list[Look]]:
        frames = iter(frames)
        for look, frame in zip(self._pending, frames, strict=False):
            look.frame = frame
        for frame in frames:
            self._next, look = frame.index + 1, Look(frame)
            if frame.error is not None:
                self._catch_up()
            complete = frame.error is None and self._search(look)
            ready = self._pending if complete else self._pending[:-_EVERY_KNOWN]
            self._pending = [*self._pending[len(ready) :], look]
            if self._live:
                ready, self._pending = self._pending, []
            if ready:
                yield self._settled(ready)
        self._catch_up()
        rest, self._pending = self._pending, []
        if rest:
            yield self._settled(rest)

    def _search(self, look: Look) -> bool:
        """Find the faces of the next frame; whether no frame before it can gain any more."""
        view, seconds = look.frame.view, look.frame.timestamp or 0.0
        samples = samples_of(view)
        look.cut = self._before is None or is_cut(self._before, samples)
        self._before, self._since = samples, self._since + 1
        # By the clock of the recording, so that a search that begins in its middle soon does the same.
        old = seconds // _QUIET != self._scanned // _QUIET
        if not old and self._may_wait(look, seconds):
            self._waits = True
            return False
        all_there = self._follow(look)
        known = self._detector.windows(view, look.faces)
        news = None if self._at_scan is None or look.cut else changed(view, self._at_scan, samples, known)
        interval = _EVERY_KNOWN if self._faces else _EVERY
        due = not all_there or old or (news is not None and self._since >= interval)
        if due:
            part = None if old or not all_there or news is None else part_of(view, samples, news)
            self._scan(look, seconds, part)
            self._at_scan, self._since = samples, 0
            self._scanned = self._scanned if part else seconds
        self._remember(look)
        return due

    def _remember(self, look: Look) -> None:
        """The faces to look for next, also those that were there a moment ago."""
        gone = [face for face in self._faces if not _is_there(face, look.faces, self._faces)]
        missing = [] if look.cut else [gone, *self._missing][:_LINGER]
        self._missing = [[face for face in faces if not is_among(face, look.faces)] for faces in missing]
        self._faces = look.faces

    def _may_wait(self, look: Look, seconds: float) -> bool:
        """Whether a frame need not be looked at if its faces turn out to lie halfway between those beside it.

        By its number, so that a search that begins in the middle of a recording does the same.
        """
        self._lively = max(self._lively - 1, 0)
        if self._live or look.cut or look.frame.index % 2 == 0 or not self._faces or any(self._missing) or self._lively:
            return False
        return seconds - (self._pending[-1].frame.timestamp or 0.0) <= _SOON

    def _follow(self, look: Look) -> bool:
        """Look into windows only; whether every face is still there."""
        before = True
        if not look.cut:
            look.faces = self._seen(look)
        if self._waits and not self._fill(look):
            before = self._catch_up()
            if not look.cut and not self._all_there(look):
                look.faces = self._seen(look)
        return before and not look.cut and self._all_there(look)

    def _all_there(self, look: Look) -> bool:
        return all(_is_there(face, look.faces, self._faces) for face in self._faces if self._detector.is_sure(face))

    def _seen(self, look: Look) -> list[Face]:
        return self._detector.near(look.frame.view, [*self._faces, *chain(*self._missing)])

    def _fill(self, look: Look) -> bool:
        """Give the frame that waits what lies between the faces before it and those of `look`, if they are the same."""
        sure = self._detector.is_sure
        pairs = [(face, other) for face in self._faces for other in look.faces if face.box.overlap(other.box) >= _STILL]
        alone = [face for face in self._faces if sure(face) and not any(face is before for before, _ in pairs)]
        if alone or len(pairs) != len(look.faces) or any(sure(face) != sure(other) for face, other in pairs):
            return False
        self._waits, self._pending[-1].faces = False, [_middle(face, other) for face, other in pairs]
        return True

    def _catch_up(self) -> bool:
        """Look at the frame that waits, if one does, after all; whether every face is still there."""
        if not self._waits:
            return True
        self._waits, self._lively, waiting = False, _LIVELY, self._pending[-1]
        waiting.faces = self._seen(waiting)
        all_there = self._all_there(waiting)
        self._remember(waiting)
        return all_there

    def _scan(self, look: Look, seconds: float, part: Box | None) -> None:
        """Search the frame, or the part of it that has changed."""
        known = [] if look.cut else look.faces or self._faces
        turned = not known and seconds - self._turned >= self._patience
        found = self._detector.scan(look.frame.view, turned=turned, within=part)
        if turned:
            self._turned, self._patience = seconds, _TURN if found else min(2 * self._patience, _TURN_AT_MOST)
        missed = [face for face in known if not is_among(face, found)]
        missed = missed if part else self._detector.near(look.frame.view, missed)
        look.faces = distinct([*found, *missed])
        if not look.cut:
            self._go_back([face for face in look.faces if not is_among(face, self._faces)])

    def _go_back(self, new: Sequence[Face]) -> None:
        """Follow faces that came up since the last search back to where they came up."""
        for look in reversed(self._pending):
            if not new or look.frame.error is not None:
                return
            new = [face for face in self._detector.near(look.frame.view, new) if not is_among(face, look.faces)]
            look.faces = distinct([*look.faces, *new])
            if look.cut:
                return

    def _settled(self, ready: list[Look]) -> list[Look]:
        """Candidates out; what is sure, or was a frame before and nearly is, stays."""
        for look in ready:
            before = [] if look.cut else self._sure
            self._sure = look.faces = [
                face
                for face in look.faces
                if self._detector.is_sure(face)
                or ((face.score or 0) >= self._detector.min_score - _GRACE and is_among(face, before))
            ]
        return ready


#: What the state of a search is made of.
_NUMBERS = ("since", "scanned", "waits", "lively", "turned", "patience", "next")
_PICTURES = ("before", "at_scan")
_FACES = ("faces", "sure")


def _plain(face: Face) -> list[Any]:
    return [list(face.box), face.score, face.landmarks]


def _face(plain: Sequence[Any]) -> Face:
    box, score, landmarks = plain
    return Face(Box(*box), score, None if landmarks is None else tuple((x, y) for x, y in landmarks))


def _is_there(face: Face, found: Sequence[Face], known: Sequence[Face]) -> bool:
    """Whether a face of the frame before is among those found, perhaps moved by up to its own size."""
    return is_among(face, found) or any(_has_moved(face, other) for other in found if not is_among(other, known))


def _has_moved(face: Face, other: Face) -> bool:
    before, after = max(face.box.width, face.box.height), max(other.box.width, other.box.height)
    return math.dist(face.box.centre, other.box.centre) <= before and 1 / _GROWTH <= after / before <= _GROWTH


def _middle(first: Face, second: Face) -> Face:
    """What a face is halfway from one look to the next."""
    box = Box(*((one + other) / 2 for one, other in zip(first.box, second.box, strict=True)))
    score = ((first.score or 0) + (second.score or 0)) / 2
    if first.landmarks is None or second.landmarks is None:
        return Face(box, score)
    pairs = zip(first.landmarks, second.landmarks, strict=True)
    return Face(box, score, tuple(((x + u) / 2, (y + v) / 2) for (x, y), (u, v) in pairs))
