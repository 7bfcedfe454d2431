"""The faces of a recording, found without looking at every pixel of every frame.

The whole frame is searched now and then, at once where a face is lost or the scene is cut, and sooner where
the picture has changed. In between only windows about the faces of the frame before are looked at. A face
that a search finds newly is followed back through the frames since the last one, so it is not missed there.
"""

import base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from vyraz.detect import Detector, YuNet, distinct, is_among
from vyraz.types import Box, Face, Frame, Gray, View

__all__ = ["Look", "Search", "make_search"]

#: Frames between two searches of a picture that changes, where nobody and where somebody is known; seconds between
#: two of one that does not change.
_EVERY, _EVERY_KNOWN, _QUIET = 4, 10, 5.0
#: Seconds between looks at the frame turned by 90 degrees where nothing is found; doubled each time, up to the last.
_TURN, _TURN_AT_MOST = 1.0, 16.0
#: Frames in which a face that has gone is still looked for where it was.
_LINGER = 5
#: A face that is followed stays one while it scores this little less than a new one must: without it, faces near
#: the threshold would come and go from frame to frame.
_GRACE = 0.1
#: Samples along the longer side by which frames are compared, the levels of 255 by which one must differ to have
#: changed, how many must, and the mean difference of two frames with a cut between them.
_SAMPLES, _LEVELS, _CHANGED, _CUT = 80, 12, 5, 40.0
#: Of a picture that has changed in part, this part is searched, with room about it as a share of the longer side;
#: unless it is most of the picture.
_ROOM, _MOST = 0.15, 0.7


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
        self._turned, self._patience = -_TURN, _TURN
        self._next = 0

    @property
    def resume_at(self) -> int:
        return self._pending[0].frame.index if self._pending else self._next

    def state(self) -> dict[str, Any]:
        numbers = {name: getattr(self, f"_{name}") for name in _NUMBERS}
        pictures = {name: _packed(getattr(self, f"_{name}")) for name in _PICTURES}
        faces = {name: [_plain(face) for face in getattr(self, f"_{name}")] for name in _FACES}
        pending = [[look.frame.index, look.cut, [_plain(face) for face in look.faces]] for look in self._pending]
        missing = [[_plain(face) for face in some] for some in self._missing]
        return {**numbers, **pictures, **faces, "missing": missing, "pending": pending}

    def restore(self, state: Mapping[str, Any]) -> None:
        for name in _NUMBERS:
            setattr(self, f"_{name}", state[name])
        for name in _PICTURES:
            setattr(self, f"_{name}", _unpacked(state[name]))
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
            self._next = frame.index + 1
            look = Look(frame)
            complete = self._search(look) if frame.error is None else False
            ready = self._pending if complete else self._pending[:-_EVERY_KNOWN]
            self._pending = [*self._pending[len(ready) :], look]
            if self._live:
                ready, self._pending = self._pending, []
            if ready:
                yield self._settled(ready)
        rest, self._pending = self._pending, []
        if rest:
            yield self._settled(rest)

    def _search(self, look: Look) -> bool:
        """Find the faces of the next frame; whether no frame before it can gain any more."""
        samples, seconds = _samples(look.frame.view), look.frame.timestamp or 0.0
        look.cut = self._before is None or _is_cut(self._before, samples)
        self._before = samples
        self._since += 1
        all_there = not look.cut and self._follow(look)
        changed = None if self._at_scan is None or look.cut else _changed(self._at_scan, samples)
        # By the clock of the recording, so that a search that begins in its middle soon does the same.
        old = seconds // _QUIET != self._scanned // _QUIET
        due = (
            not all_there
            or old
            or (changed is not None and self._since >= (_EVERY if not self._faces else _EVERY_KNOWN))
        )
        if due:
            part = None if old or not all_there or changed is None else _part(look.frame.view, samples, changed)
            self._scan(look, seconds, part)
            self._at_scan, self._since = samples, 0
            self._scanned = self._scanned if part else seconds
        self._remember(look)
        return due

    def _remember(self, look: Look) -> None:
        """The faces to look for next, also those that were there a moment ago."""
        missing = [] if look.cut else [self._faces, *self._missing][:_LINGER]
        self._missing = [[face for face in faces if not is_among(face, look.faces)] for faces in missing]
        self._faces = look.faces

    def _follow(self, look: Look) -> bool:
        """Look into windows only; whether every face is still there."""
        look.faces = self._detector.near(look.frame.view, [*self._faces, *chain(*self._missing)])
        return all(is_among(face, look.faces) for face in self._faces if self._detector.is_sure(face))

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
_NUMBERS = ("since", "scanned", "turned", "patience", "next")
_PICTURES = ("before", "at_scan")
_FACES = ("faces", "sure")


def _plain(face: Face) -> list[Any]:
    return [list(face.box), face.score, face.landmarks]


def _face(plain: Sequence[Any]) -> Face:
    box, score, landmarks = plain
    return Face(Box(*box), score, None if landmarks is None else tuple((x, y) for x, y in landmarks))


def _packed(picture: Gray | None) -> list[Any] | None:
    return None if picture is None else [*picture.shape, base64.b64encode(picture.tobytes()).decode("ascii")]


def _unpacked(packed: Sequence[Any] | None) -> Gray | None:
    if packed is None:
        return None
    height, width, text = packed
    return np.frombuffer(base64.b64decode(text), dtype=np.uint8).reshape(height, width)


def _samples(view: View) -> Gray:
    """A coarse grid: enough to see whether anything has changed."""
    return view.sampled(max(max(view.shape) // _SAMPLES, 1))


def _difference(first: Gray, second: Gray) -> npt.NDArray[np.int16]:
    return np.asarray(np.abs(first.astype(np.int16) - second), dtype=np.int16)


def _is_cut(before: Gray, now: Gray) -> bool:
    return before.shape != now.shape or float(_difference(before, now).mean()) > _CUT


def _changed(before: Gray, now: Gray) -> Box | None:
    """The part of the samples that has changed; None where that is hardly anything."""
    rows, columns = np.nonzero(_difference(before, now) > _LEVELS)
    if len(rows) < _CHANGED:
        return None
    (top, left), (bottom, right) = (rows.min(), columns.min()), (rows.max(), columns.max())
    return Box(float(left), float(top), float(right - left + 1), float(bottom - top + 1))


def _part(view: View, samples: Gray, changed: Box) -> Box | None:
    """The changed part in pixels of the frame, with room for a face at its edge; None where it is most of the frame."""
    step = view.shape[0] / samples.shape[0]
    room = _ROOM * max(view.shape)
    part = Box(*(side * step for side in changed))
    part = Box(part.x - room, part.y - room, part.width + 2 * room, part.height + 2 * room)
    inside = part.shared(Box(0, 0, view.shape[1], view.shape[0]))
    return part if inside < _MOST * view.shape[0] * view.shape[1] else None
