"""The one place that joins the parts: frame -> faces -> crops -> scores -> records."""

from collections.abc import Iterator, Sequence
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
from vyraz.sources import Source
from vyraz.types import Face, Float, Frame, Pixels, Record

__all__ = ["Recognizer", "analyze"]

#: In a video without a face, seconds between looks at the frame turned by 90 degrees.
_TURN_EVERY = 1.0


class Recognizer:
    """Reads the apparent expression of every face in a picture or a video.

    Args:
        model: name of a shipped model, or path of an .onnx made by `vyraz export`.
        detector: "yunet" or "haar".
        min_face_score: faces the detector scores lower are dropped, 0..1 (YuNet; 0.7 unless given).
        device: "auto", "cpu" or "cuda", for the network.
        threads: of one prediction.

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
    ) -> None:
        self._detect: Detector = make_detector(detector, min_face_score)
        self.classifier = Classifier(model, device=device, threads=threads)

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
        if every < 1:
            raise UsageError(f"every must be 1 or more, not {every}")
        following = Following(smooth, self.classifier.card.uncertain_below)
        looked = -_TURN_EVERY
        for frame in _resolve(source, every):
            seconds = frame.timestamp or 0.0
            turned = frame.timestamp is None or seconds - looked >= _TURN_EVERY
            looked = seconds if turned else looked
            yield frame, following.take(self.read_frame(frame, turned=turned))

    def read_frame(self, frame: Frame, *, turned: bool = True) -> list[Record]:
        """The records of one frame, on its own: no tracks.

        Args:
            frame: what to look at.
            turned: where no face is found, look again with the picture turned by 90 degrees.
        """
        if frame.error is not None:
            return [Record(frame.source, frame.index, frame.timestamp, "error", message=frame.error)]
        faces = self._detect(frame.pixels, turned=turned)
        if not faces:
            return [Record(frame.source, frame.index, frame.timestamp, "no_face")]
        scores = self.score(frame.pixels, faces)
        return [self._record(frame, face, row) for face, row in zip(faces, scores, strict=True)]

    def score(self, pixels: Pixels, faces: Sequence[Face]) -> Float:
        """Calibrated scores of faces of one picture: float32 (n, labels), rows sum to 1."""
        crops = [crop_face(pixels, face, self._detect.framing) for face in faces]
        return self.classifier(to_input(np.array(crops, dtype=np.uint8).reshape(-1, SIDE, SIDE)))

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


def _resolve(source: str | Path | Source, every: int) -> Iterator[Frame]:
    found = [source] if isinstance(source, Source) else sources.expand([str(source)])
    if len(found) != 1:
        raise SourceError(f"{source}: holds {len(found)} sources; read them one by one, or use vyraz.analyze")
    return sources.read(found[0], every=every)
