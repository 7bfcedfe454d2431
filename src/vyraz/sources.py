"""Where frames come from: pictures, videos, cameras, streams, bytes on stdin.

A source is opened only when its frames are asked for, and its frames are a generator: memory does
not grow with the length of a recording.
"""

import glob
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from vyraz.ahead import ahead
from vyraz.errors import SourceError
from vyraz.pictures import PICTURE_SUFFIXES, decode_picture, is_picture, read_picture
from vyraz.stream import is_live, read_stream
from vyraz.types import Frame, Pixels
from vyraz.video import probe, read_video

__all__ = ["VIDEO_SUFFIXES", "Length", "Source", "expand", "from_array", "length_of", "read", "state_of"]

VIDEO_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".wmv", ".flv", ".3gp", ".gif"}
)

#: A longer number is a mistyped file name, and more than OpenCV takes.
_CAMERA_DIGITS = 4

Kind = Literal["picture", "video", "url", "camera", "stdin", "missing"]


@dataclass(frozen=True, slots=True)
class Source:
    """One thing to analyse. `problem` says why it cannot be, where that is known beforehand."""

    name: str
    kind: Kind
    problem: str = ""

    @property
    def is_picture(self) -> bool:
        return self.kind in ("picture", "stdin")

    @property
    def is_live(self) -> bool:
        """Whether it may never end."""
        return self.kind in ("camera", "url")


@dataclass(frozen=True, slots=True)
class Length:
    """How long a source is, as far as its container tells: frames, or None."""

    frames: int | None


def expand(names: Iterable[str]) -> list[Source]:
    """What the user named -> sources, in order; folders and globs become their files, sorted by path.

    Nothing is opened, and what cannot be found becomes a source with a `problem`.
    """
    return [source for name in names for source in _expand_one(name)]


def _expand_one(name: str) -> list[Source]:
    if name == "-":
        return [Source("-", "stdin")]
    if "://" in name:
        return [Source(name, "url")]
    try:
        return _on_disk(name)
    except OSError as error:
        return [_missing(name, f"cannot be read ({error.strerror})")]


def _on_disk(name: str) -> list[Source]:
    path = Path(name)
    if name and path.is_dir():
        return _files(sorted(path.iterdir())) or [_missing(name, "the folder holds no pictures or videos")]
    if name and path.exists():
        return [_file(path)]
    if name.isascii() and name.isdigit() and len(name) <= _CAMERA_DIGITS:
        return [Source(name, "camera")]
    if glob.has_magic(name):
        found = [Path(match) for match in sorted(glob.glob(name, recursive=True))]
        return _files(found) or [_missing(name, "matches no pictures or videos")]
    return [_missing(name or "''", "no such file or folder")]


def _missing(name: str, problem: str) -> Source:
    return Source(name, "missing", f"{name}: {problem}")


def _files(paths: Iterable[Path]) -> list[Source]:
    known = PICTURE_SUFFIXES | VIDEO_SUFFIXES
    return [_file(path) for path in paths if path.is_file() and path.suffix.lower() in known]


def _file(path: Path) -> Source:
    return Source(str(path), "picture" if is_picture(path) else "video")


def state_of(path: Path) -> tuple[int, int]:
    """Bytes and time of the last change (ns), by which a file is known again; 0 of one that is not there."""
    try:
        known = path.stat()
    except OSError:
        return 0, 0
    return known.st_size, known.st_mtime_ns


def length_of(source: Source) -> Length:
    """How many frames to expect; None where only reading tells."""
    if source.is_picture:
        return Length(1)
    return Length(probe(source.name) if source.kind == "video" else None)


def read(source: Source, *, every: int = 1, start: int = 0, threads: int = 1) -> Iterator[Frame]:
    """The frames of a source, in the order they are shown.

    Args:
        source: what to read.
        every: of a video, give every Nth frame.
        start: of a file, leave out the frames before this one.
        threads: more than one lets a video be decoded while the caller works.

    Yields:
        Frames with rising `index`; one that could not be decoded has `error` set.

    Raises:
        SourceError: it cannot be opened; says why and what to do.
    """
    if source.problem:
        raise SourceError(source.problem)
    if source.kind == "picture":
        yield Frame(read_picture(Path(source.name)), 0, None, source.name)
    elif source.kind == "stdin":
        yield Frame(decode_picture(_stdin(), "stdin"), 0, None, source.name)
    elif source.kind == "camera":
        yield from _read_camera(int(source.name), every)
    elif source.kind == "url" and is_live(source.name):
        yield from read_stream(source.name, every=every)
    else:
        frames = read_video(source.name, every=every, start=start)
        yield from frames if threads == 1 else ahead(frames)


def _stdin() -> bytes:
    # There is no stdin where a shell closed it, or in a windowed program.
    return b"" if sys.stdin is None else sys.stdin.buffer.read()


def from_array(pixels: Pixels) -> Frame:
    """An array as a frame.

    Args:
        pixels: RGB uint8 (H, W, 3) or gray uint8 (H, W).

    Raises:
        SourceError: another shape or type, or no pixels.
    """
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] != 3):
        raise SourceError(f"an array must be RGB uint8 (H, W, 3) or gray (H, W), not {pixels.dtype} {pixels.shape}")
    if pixels.size == 0:
        raise SourceError(f"an array without pixels: {pixels.shape}")
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, axis=2)
    return Frame(np.ascontiguousarray(pixels), 0, None, "array")


def _read_camera(number: int, every: int) -> Iterator[Frame]:
    import cv2

    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    capture = cv2.VideoCapture(number)
    try:
        if not capture.isOpened():
            raise SourceError(f"camera {number}: not found or in use by another program")
        began, index = time.monotonic(), 0
        while capture.grab():
            stamp = time.monotonic() - began
            if index % every == 0:
                _, bgr = capture.retrieve()
                yield Frame(np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8), index, stamp, str(number))
            index += 1
        raise SourceError(f"camera {number}: stopped sending pictures")
    finally:
        capture.release()
