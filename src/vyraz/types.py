"""The values that flow through vyraz: frames, faces, records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

__all__ = [
    "EMOTIONS",
    "Box",
    "Face",
    "Float",
    "Frame",
    "Gray",
    "Labels",
    "Pixels",
    "Plain",
    "Record",
    "Status",
    "View",
]

#: The seven labels in FER-2013's order. A model carries its own labels; map by name, never by place.
EMOTIONS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")

#: RGB uint8 (H, W, 3), or gray uint8 (H, W).
Pixels = npt.NDArray[np.uint8]
#: Gray uint8, (n, 48, 48) for faces.
Gray = npt.NDArray[np.uint8]
Float = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]

Status = Literal["ok", "uncertain", "no_face", "error"]


class Box(NamedTuple):
    """A rectangle in pixels of its frame; (x, y) is the top left corner and may lie outside."""

    x: float
    y: float
    width: float
    height: float

    @property
    def centre(self) -> tuple[float, float]:
        return self.x + self.width / 2, self.y + self.height / 2

    def shared(self, other: "Box") -> float:
        """Area in pixels that both cover."""
        across = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        down = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        return max(across, 0.0) * max(down, 0.0)

    def overlap(self, other: "Box") -> float:
        """Intersection over union, 0..1."""
        shared = self.shared(other)
        union = self.width * self.height + other.width * other.height - shared
        return shared / union if union > 0 else 0.0


class View(Protocol):
    """A picture of which only what is asked for is made into RGB."""

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        ...

    def whole(self) -> Pixels:
        """RGB uint8 (H, W, 3)."""
        ...

    def part(self, left: int, top: int, right: int, bottom: int, *, colour: bool = True) -> Pixels | Gray:
        """RGB uint8 of a rectangle, of what of it lies inside; `right` and `bottom` are its first pixels outside.

        Without `colour`, gray will do: (H, W), where that is cheaper.
        """
        ...

    def sampled(self, step: int) -> Gray:
        """Every so manieth pixel across and down, gray: enough to see whether something has changed."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Plain:
    """The view of pixels that are RGB already: uint8 (H, W, 3)."""

    pixels: Pixels

    @property
    def shape(self) -> tuple[int, int]:
        return self.pixels.shape[0], self.pixels.shape[1]

    def whole(self) -> Pixels:
        return self.pixels

    def part(self, left: int, top: int, right: int, bottom: int, *, colour: bool = True) -> Pixels:  # noqa: ARG002
        return self.pixels[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]

    def sampled(self, step: int) -> Gray:
        return self.pixels[step // 2 :: step, step // 2 :: step, 1].copy()


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a source.

    `picture` is RGB uint8 (H, W, 3), or a view that makes it; `timestamp` is seconds from the container, None
    for a photo. `error` says why a frame could not be read; its `pixels` are then empty, (0, 0, 3).
    """

    picture: Pixels | View
    index: int
    timestamp: float | None
    source: str
    error: str | None = None

    @property
    def view(self) -> View:
        """The pixels, made as far as they are asked for."""
        return Plain(self.picture) if isinstance(self.picture, np.ndarray) else self.picture

    @property
    def pixels(self) -> Pixels:
        """RGB uint8 (H, W, 3)."""
        return self.view.whole()


@dataclass(frozen=True, slots=True)
class Face:
    """A face found in a frame.

    landmarks are (x, y) in pixels of the frame, in the order right
        eye, left eye, nose tip, right and left corner of the mouth (right and left as the person's own),
        or None where the detector gives none.
    """

    box: Box
    score: float | None
    landmarks: tuple[tuple[float, float], ...] | None = None


_NOTHING: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Record:
    """What one face in one frame gave. A frame without a face has one record without a box.

    `scores` maps each label of the model to its calibrated probability; they sum to 1. Empty where
    there is no face. `smooth` is the same, smoothed over the face's track, and `shown` the label that is
    steady enough to be shown; both are empty where nothing was smoothed.
    """

    source: str
    frame: int
    timestamp: float | None
    status: Status
    face_id: int | None = None
    box: Box | None = None
    face_score: float | None = None
    scores: Mapping[str, float] = field(default_factory=lambda: _NOTHING)
    message: str = ""
    smooth: Mapping[str, float] = field(default_factory=lambda: _NOTHING)
    shown: str | None = None

    @property
    def steady(self) -> Mapping[str, float]:
        """The smoothed scores, or the raw ones where nothing was smoothed: what is to be shown."""
        return self.smooth or self.scores

    @property
    def label(self) -> str | None:
        """The label to be shown: `shown`, or the strongest where nothing was smoothed; None without a face."""
        return self.shown or self.emotion

    @property
    def emotion(self) -> str | None:
        """The label with the largest score, smoothed where that was asked for; None without a face."""
        return max(self.steady, key=self.steady.__getitem__) if self.scores else None

    @property
    def confidence(self) -> float | None:
        """The largest score, 0..1, smoothed where that was asked for; None without a face."""
        return max(self.steady.values()) if self.scores else None

    def row(self, labels: Sequence[str] = EMOTIONS, *, smoothed: bool = False) -> dict[str, Any]:
        """The flat form: one row of the result table, None where there is nothing to say.

        Args:
            labels: the model's, one column each.
            smoothed: with a column NAME_smooth for each label too.
        """
        box = self.box
        return {
            "source": self.source,
            "frame": self.frame,
            "timestamp": _rounded(self.timestamp, 6),
            "face_id": self.face_id,
            "x": _rounded(box and box.x, 2),
            "y": _rounded(box and box.y, 2),
            "width": _rounded(box and box.width, 2),
            "height": _rounded(box and box.height, 2),
            "face_score": _rounded(self.face_score, 4),
            **{label: _rounded(self.scores.get(label), 6) for label in labels},
            **({f"{label}_smooth": _rounded(self.smooth.get(label), 6) for label in labels} if smoothed else {}),
            "emotion": self.emotion,
            "confidence": _rounded(self.confidence, 6),
            "status": self.status,
        }


def _rounded(value: float | None, digits: int) -> float | None:
    return None if value is None else round(value, digits)
