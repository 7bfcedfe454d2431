"""The one place that joins the parts: frame -> faces -> crops -> scores -> records."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from vyraz import sources
from vyraz.classify import Classifier
from vyraz.crop import SIDE, crop_face, to_input
from vyraz.detect import Detector, make_detector
from vyraz.errors import SourceError, UsageError
from vyraz.follow import Following, status_of
from vyraz.search import Look, Search, make_search
from vyraz.sources import Source
from vyraz.types import Face, Float, Frame, Pixels, Record, Status

__all__ = ["Live", "Reading", "Recognizer", "analyze"]


class Recognizer:
    """Reads the apparent expression of every face in a picture or a video.

    Args:
        model: name of a shipped model, or path of an .onnx made by `vyraz export`.
        detector: "yunet" or "haar".
        min_face_score: faces the detector scores lower are dropped, 0..1 (YuNet; 0.7 unless given).
        device: "auto", "cpu" or "cuda", for the network.
        threads: of the networks; with more than one, videos are also decoded while others are looked at. One
            gives the same digits on every run.
        mirrored: score each face and its mirror image: slower, a little more accurate.

    Raises:
        UsageError: an unknown name or an option out of range.
        ModelError: weights that are damaged or not ours.
    """

    def __init__(
        self,
        model: str | Path = "small",
        detector: str = "yunet",
        *,
        min_face_score: float | None = None,
        device: str = "auto",
        threads: int = 1,
        mirrored: bool = False,
    ) -> None:
        if threads < 1:
            raise UsageError(f"threads must be 1 or more, not {threads}")
        self.threads = threads
        self._detect: Detector = make_detector(detector, min_face_score, threads=threads)
        self.classifier = Classifier(model, device=device, threads=threads, mirrored=mirrored)

    @property
    def labels(self) -> tuple[str, ...]:
        """The model's labels, in the order of its scores."""
        return self.classifier.labels

    def __call__(self, image: str | Path | Pixels) -> list[Record]:
        """The faces of one picture, largest first; an empty list where there is none.

        Args:
            image: path of a picture, or RGB uint8 (H, W, 3), or gray (H, W).

        Raises:
            SourceError: not a picture that can be read.
        """
        frame = sources.from_array(image) if isinstance(image, np.ndarray) else _picture(image)
        return [record for record in self.read_frame(frame) if record.box is not None]

    def stream(self, source: str | Path | Source, **options: Any) -> Iterator[Record]:
        """Records of a picture, video, camera or URL as they come: at least one a frame.

        Args:
            source: what `vyraz analyze` takes.
            options: of `frames`.

        Raises:
            SourceError: it cannot be opened.
            UsageError: an option out of range.
        """
        for _, records in self.frames(source, **options):
            yield from records

    def frames(
        self, source: str | Path | Source, *, every: int = 1, smooth: float | None = None
    ) -> Iterator[tuple[Frame, list[Record]]]:
        """Like `stream`, each frame with its records.

        Args:
            source: what `vyraz analyze` takes.
            every: of a video, analyse every Nth frame.
            smooth: time constant in seconds over which the scores of a recording are smoothed; 0 is not at
                all, None is 0.4. Pictures are never smoothed.

        Yields:
            The frame and one record a face, or one record of status no_face or error.
        """
        for some in self.read(source, every=every, smooth=smooth):
            yield from some

    def read(self, source: str | Path | Source, *, every: int = 1, smooth: float | None = None) -> "Reading":
        """Like `frames`, some frames at a time, from a state on.

        Args:
            source, every, smooth: see `frames`.
        """
        if every < 1:
            raise UsageError(f"every must be 1 or more, not {every}")
        one = _resolve(source)
        search = make_search(self._detect, live=one.is_live)
        return Reading(self, one, every, search, Following(smooth, self.classifier.card.uncertain_below))

    def look(self, frames: Iterable[Frame]) -> Iterator[list[tuple[Look, list[Record]]]]:
        """The faces of a stretch of a recording with their scores, some frames at a time: not yet followed.

        Args:
            frames: in order.

        Yields:
            Each frame with one record a face, or one of status no_face or error; `Following` gives tracks.
        """
        for some in make_search(self._detect).run(frames):
            yield list(zip(some, self.score(some), strict=True))

    def live(self, *, smooth: float | None = None) -> "Live":
        """For pictures that come one by one, as a camera's.

        Args:
            smooth: see `frames`.
        """
        search = make_search(self._detect, live=True)
        return Live(self, search, Following(smooth, self.classifier.card.uncertain_below))

    def read_frame(self, frame: Frame) -> list[Record]:
        """The records of one frame, on its own: no tracks, every pixel searched, also turned by 90 degrees."""
        faces = self._detect(frame.pixels, turned=True) if frame.error is None else []
        return next(self.score([Look(frame, faces)]))

    def score(self, some: Sequence[Look]) -> Iterator[list[Record]]:
        """The records of each frame whose faces are known; all faces go through the network together."""
        crops = [crop_face(look.frame.view, face, self._detect.framing) for look in some for face in look.faces]
        scores = iter(self.classifier(to_input(np.array(crops, dtype=np.uint8).reshape(-1, SIDE, SIDE))))
        for look in some:
            yield [self._record(look.frame, face, next(scores)) for face in look.faces] or [_faceless(look.frame)]

    def _record(self, frame: Frame, face: Face, scores: Float) -> Record:
        by_name = {label: float(score) for label, score in zip(self.labels, scores, strict=True)}
        status = status_of(float(scores.max()), face.box, self.classifier.card.uncertain_below)
        return Record(
            source=frame.source,
            frame=frame.index,
            timestamp=frame.timestamp,
            status=status,
            box=face.box,
            face_score=face.score,
            scores=MappingProxyType(by_name),
        )


class Reading:
    """One source on its way through a recognizer; see `Recognizer.read`.

    Iterate over it for the frames with their records, some at a time. After each time, `state` is what is
    needed to go on from there: given to a new reading of the same source by `restore`, it goes on with the
    very same results.
    """

    def __init__(
        self, recognizer: Recognizer, source: Source, every: int, search: Search, following: Following
    ) -> None:
        self._recognizer, self._source, self._every = recognizer, source, every
        self._search, self._following = search, following

    def __iter__(self) -> Iterator[list[tuple[Frame, list[Record]]]]:
        options = {"every": self._every, "start": self._search.resume_at, "threads": self._recognizer.threads}
        frames = sources.read(self._source, **options)
        for some in self._search.run(frames):
            scored = zip(some, self._recognizer.score(some), strict=True)
            yield [(look.frame, self._following.take(records, cut=look.cut)) for look, records in scored]

    def state(self) -> dict[str, Any]:
        """All that is known, as JSON takes it."""
        return {"search": self._search.state(), "following": self._following.state()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        self._search.restore(state["search"])
        self._following.restore(state["following"])


class Live:
    """Pictures of one camera on their way through a recognizer; see `Recognizer.live`. For one thread at a time."""

    def __init__(self, recognizer: Recognizer, search: Search, following: Following) -> None:
        self._recognizer, self._following = recognizer, following
        self._next: Frame | None = None
        self._count = 0
        self._looks = search.run(self._frames())

    def __call__(self, pixels: Pixels, seconds: float) -> list[Record]:
        """The faces of the next picture, with track numbers and smoothed scores; an empty list where there is none.

        Args:
            pixels: RGB uint8 (H, W, 3).
            seconds: when it was taken, by any clock that rises.
        """
        self._next = Frame(pixels, self._count, seconds, "camera")
        self._count += 1
        some = next(self._looks)
        (records,) = self._recognizer.score(some)
        followed = self._following.take(records, cut=some[0].cut)
        return [record for record in followed if record.box is not None]

    def _frames(self) -> Iterator[Frame]:
        while self._next is not None:
            frame, self._next = self._next, None
            yield frame


def analyze(source: str | Path, *, every: int = 1, smooth: float | None = None, **options: Any) -> list[dict[str, Any]]:
    """All of a source as flat rows: `pandas.DataFrame(vyraz.analyze("talk.mp4"))` just works.

    Args:
        source: what `vyraz analyze` takes: a picture, folder, glob, video, URL.
        every: of videos, analyse every Nth frame.
        smooth: see `Recognizer.frames`.
        options: of `Recognizer`.

    Returns:
        One dict a face and frame, at least one a frame; the result table's columns.

    Raises:
        SourceError: the source, or one of several, cannot be read.
        UsageError: an unknown name or an option out of range.
    """
    recognizer = Recognizer(**options)
    found = sources.expand([str(source)])
    smoothed = smooth != 0 and not all(one.is_picture for one in found)
    return [
        record.row(recognizer.labels, smoothed=smoothed)
        for one in found
        for record in recognizer.stream(one, every=every, smooth=smooth)
    ]


def _picture(path: str | Path) -> Frame:
    source = sources.expand([str(path)])
    if len(source) != 1 or not (source[0].is_picture or source[0].problem):
        raise SourceError(f"{path}: is not one picture; for videos and folders use Recognizer.stream or vyraz.analyze")
    return next(sources.read(source[0]))


def _faceless(frame: Frame) -> Record:
    status: Status = "no_face" if frame.error is None else "error"
    return Record(frame.source, frame.index, frame.timestamp, status, message=frame.error or "")


def _resolve(source: str | Path | Source) -> Source:
    found = [source] if isinstance(source, Source) else sources.expand([str(source)])
    if len(found) != 1:
        raise SourceError(f"{source}: holds {len(found)} sources; read them one by one, or use vyraz.analyze")
    return found[0]
