"""One client's pictures through a recognizer, one at a time."""

import json
import math
import struct
import time
from dataclasses import dataclass, field
from typing import Any

from vyraz.errors import UsageError
from vyraz.live.decode import decode_frame
from vyraz.live.engine import Engine
from vyraz.live.settings import Settings
from vyraz.recognize import Live, Recognizer
from vyraz.types import Pixels, Record

__all__ = ["Picture", "Session", "Start", "row_of"]

#: Of a binary message: number, seconds; big-endian.
_HEADER = struct.Struct(">Id")


@dataclass(frozen=True, slots=True)
class Start:
    """What a client asks for; None is the server's own choice."""

    token: str | None = None
    model: str | None = None
    detector: str | None = None
    smooth: float | None = None

    @classmethod
    def parse(cls, text: str) -> "Start":
        """Read the message that begins a stream; raises UsageError where it is none."""
        try:
            values = json.loads(text)
            if values["type"] != "start":
                raise UsageError("the message must be of type start")
            asked = {name: values.get(name) for name in cls.__slots__}
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise UsageError('a stream begins with {"type": "start"}') from None
        words = (asked["token"], asked["model"], asked["detector"])
        seconds = asked["smooth"]
        if not all(word is None or isinstance(word, str) for word in words):
            raise UsageError("token, model and detector must be text")
        if seconds is not None and (isinstance(seconds, bool) or not isinstance(seconds, int | float)):
            raise UsageError("smooth must be a number of seconds")
        if seconds is not None and not 0 <= seconds <= 60:
            raise UsageError("smooth must lie in 0 to 60 seconds")
        return cls(**asked)


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture as it came; `arrived` is our clock."""

    number: int
    seconds: float
    data: bytes
    arrived: float = field(default_factory=time.perf_counter)

    @classmethod
    def parse(cls, message: bytes) -> "Picture":
        """Read a binary message; raises UsageError where it is too short or its time is none."""
        if len(message) <= _HEADER.size:
            raise UsageError("a frame is 12 bytes and a picture")
        number, seconds = _HEADER.unpack_from(message)
        if not math.isfinite(seconds):
            raise UsageError("the time of a frame must be a finite number of seconds")
        return cls(number, seconds, message[_HEADER.size :])


class Session:
    """What is known of one stream: options, tracks, smoothed scores.

    Raises:
        UsageError: the client asked for something that there is not.
        ModelError: the server's own model cannot be loaded.
    """

    def __init__(self, engine: Engine, settings: Settings, start: Start) -> None:
        self._most = settings.limits.frame_pixels
        self._smooth = settings.smooth if start.smooth is None else start.smooth
        self._model, self._detector = start.model or settings.model, start.detector or settings.detector
        least = settings.min_face_score if self._detector == "yunet" else None
        self._recognizer: Recognizer = engine.recognizer(self._model, self._detector, least)
        self._live: Live = self._recognizer.live(smooth=self._smooth)
        self._last = -math.inf

    def ready(self) -> dict[str, Any]:
        """What the client is told before its first frame."""
        card = self._recognizer.classifier.card
        return {
            "type": "ready",
            "model": self._model,
            "detector": self._detector,
            "smooth": self._smooth,
            "labels": list(card.labels),
            "uncertain_below": card.uncertain_below,
        }

    def read(self, picture: Picture) -> dict[str, Any]:
        """The answer to a picture; raises SourceError where it cannot be read."""
        began = time.perf_counter()
        pixels = decode_frame(picture.data, "the frame", most=self._most)
        decoded = time.perf_counter()
        answer = self.look(pixels, picture.seconds, picture.number)
        waited, decoding = began - picture.arrived, decoded - began
        answer["ms"] = {"waiting": _ms(waited), "decoding": _ms(decoding), **answer["ms"]}
        return answer

    def look(self, pixels: Pixels, seconds: float, number: int) -> dict[str, Any]:
        """The answer to a picture that is decoded."""
        began = time.perf_counter()
        # Tracks need a clock that rises.
        self._last = max(seconds, math.nextafter(self._last, math.inf))
        records = self._live(pixels, self._last)
        return {
            "type": "result",
            "number": number,
            "timestamp": self._last,
            "width": pixels.shape[1],
            "height": pixels.shape[0],
            "records": [row_of(record, self._recognizer.labels) for record in records],
            "ms": {"recognizing": _ms(time.perf_counter() - began)},
        }


def row_of(record: Record, labels: tuple[str, ...]) -> dict[str, Any]:
    """A row of the table of results without `source` and `frame`, and the label to be shown."""
    row = record.row(labels, smoothed=bool(record.smooth))
    return {name: value for name, value in row.items() if name not in ("source", "frame")} | {"label": record.label}


def _ms(seconds: float) -> float:
    return round(1000 * seconds, 2)
