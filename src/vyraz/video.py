"""Reads video by PyAV, with the container's own timestamps."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vyraz.errors import SourceError
from vyraz.planes import view_of
from vyraz.types import Frame, Pixels

__all__ = ["Key", "can_enter", "keys_of", "probe", "read_video", "seconds_of"]

#: Seconds to wait for a stream to open, and for its next packet.
_TIMEOUT = (10.0, 30.0)
#: Ticks a second where the container names none, MPEG's own.
_CLOCK = 90_000
_NOTHING: Pixels = np.empty((0, 0, 3), dtype=np.uint8)


def probe(name: str) -> int | None:
    """Frames that a container announces or its duration suggests; None where it tells neither."""
    try:
        with av.open(name) as container:
            stream = container.streams.video[0]
            if stream.frames:
                return stream.frames
            duration = _duration(container, stream)
            return round(duration * float(stream.average_rate)) if duration and stream.average_rate else None
    except (av.error.FFmpegError, OSError, IndexError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class Key:
    """A frame from which on a video can be decoded: its time in ticks of the stream and in seconds, its index."""

    pts: int
    seconds: float
    index: int


def seconds_of(name: str) -> float | None:
    """The length that a container announces, in seconds; None where it does not, or cannot be opened."""
    try:
        with av.open(name) as container:
            length = container.duration
            return _duration(container, container.streams.video[0]) or (length / av.time_base if length else None)
    except (av.error.FFmpegError, OSError, IndexError, ValueError):
        return None


def keys_of(name: str) -> list[Key]:
    """The frames at which a video file can be entered, in order, told by its packets without decoding them.

    Returns:
        None of them where a packet has no time, for then nothing tells how many frames come before.

    Raises:
        SourceError: it cannot be opened or read, or has no video.
    """
    with _open(name) as container:
        stream = _moving_pictures(name, container)
        try:
            packets = [(one.pts, one.is_keyframe) for one in container.demux(stream) if one.size and not one.is_discard]
        except (av.error.FFmpegError, OSError) as error:
            raise SourceError(f"{name}: {_reason(error)}") from error
        shown, tick = sorted(pts for pts, _ in packets if pts is not None), float(stream.time_base or 0)
    if len(shown) < len(packets):
        return []
    keys = sorted(pts for pts, is_key in packets if is_key and pts is not None)
    return [Key(pts, pts * tick, bisect_left(shown, pts)) for pts in keys]


def can_enter(name: str, key: Key) -> bool:
    """Whether seeking leads to that very frame; in some containers it leads past it."""
    with _open(name) as container:
        stream = _moving_pictures(name, container)
        first = next((one for one in _enter(container, stream, key) if not isinstance(one, str)), None)
        return first is not None and first.pts == key.pts


def read_video(name: str, *, every: int = 1, start: int = 0, key: Key | None = None) -> Iterator[Frame]:
    """The frames of a video file or URL, upright, in the order they are shown.

    Timestamps rise strictly. A frame that cannot be decoded, or the missing end of a truncated file, is a
    frame with `error` and without a timestamp.

    Args:
        name: of the file, or its URL.
        every: give every Nth frame.
        start: leave out the frames before this one.
        key: begin with this frame, without decoding those before it.

    Raises:
        SourceError: it cannot be opened or has no video.
    """
    with _open(name) as container:
        stream = _moving_pictures(name, container)
        stream.codec_context.thread_count = 1
        count, last, end = key.index if key else 0, None, 0.0
        for picture in _enter(container, stream, key) if key else _decode(container, stream):
            if isinstance(picture, str):
                if count >= start:
                    yield Frame(_NOTHING, count, None, name, error=picture)
            else:
                last = _seconds(picture, count, last, stream)
                end = last + _shown(picture)
                if count % every == 0 and count >= start:
                    yield Frame(view_of(picture), count, last, name)
            count += 1
        problem = _missing_end(container, stream, count, end)
        if problem:
            yield Frame(_NOTHING, count, None, name, error=problem)


def _open(name: str) -> InputContainer:
    try:
        return av.open(name, timeout=_TIMEOUT)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise SourceError(f"{name}: {_reason(error)}") from error


def _moving_pictures(name: str, container: InputContainer) -> VideoStream:
    """The first video stream; the cover of a piece of music is none."""
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    raise SourceError(f"{name}: has no video stream, only sound or data")


def _reason(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file"
    if isinstance(error, PermissionError):
        return "cannot be read (permission denied)"
    if isinstance(error, av.error.InvalidDataError):
        return "is not a video that can be read, or its beginning or index is missing (an interrupted recording?)"
    return f"cannot be opened ({getattr(error, 'strerror', None) or error})"


def _decode(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame | str]:
    """Decoded pictures, and in place of what could not be decoded a sentence."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except (av.error.FFmpegError, OSError) as error:
            yield f"the file cannot be read further ({error.strerror})"
            return
        if packet is None:
            return
        try:
            yield from packet.decode()
        except (av.error.FFmpegError, ValueError) as error:
            yield f"a frame cannot be decoded ({getattr(error, 'strerror', error)})"


def _enter(container: InputContainer, stream: VideoStream, key: Key) -> Iterator[VideoFrame | str]:
    """Like `_decode`, from a frame on."""
    container.seek(key.pts, stream=stream)
    pictures = _decode(container, stream)
    for picture in pictures:
        # What comes before it, whole or not, belongs to the frames before.
        if not isinstance(picture, str) and picture.pts is not None and picture.pts >= key.pts:
            yield picture
            break
    yield from pictures


def _seconds(picture: VideoFrame, index: int, last: float | None, stream: VideoStream) -> float:
    """The container's own time; where that is missing, or not after the last one, the nearest that is."""
    own = index / float(stream.average_rate or 25) if picture.time is None else float(picture.time)
    if last is None or own > last:
        return own
    return last + float(picture.time_base or Fraction(1, _CLOCK))


def _shown(picture: VideoFrame) -> float:
    """Seconds for which a picture stays, as far as the container tells."""
    return float((picture.duration or 0) * (picture.time_base or 0))


def _duration(container: InputContainer, stream: VideoStream) -> float | None:
    """Seconds of video that the container announces, as far as it can be told apart from the audio's."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    if container.duration and len(container.streams) == 1:
        return container.duration / av.time_base
    return None


def _missing_end(container: InputContainer, stream: VideoStream, count: int, end: float) -> str:
    """What is wrong with a video of which `count` frames were read, the last one shown until `end`; or nothing."""
    announced = _duration(container, stream)
    if announced is None:
        return "" if count else "the video holds no frames"
    # Matroska's duration counts from 0, the others' from their first frame.
    start = 0.0 if "matroska" in container.format.name else float((stream.start_time or 0) * (stream.time_base or 0))
    reached = max(end - start, 0.0)
    if count and announced - reached <= max(0.5, 0.05 * announced):
        return ""
    return f"the video ends after {reached:.1f} of {announced:.1f} s"
