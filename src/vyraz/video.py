"""Reads video by PyAV, with the container's own timestamps."""

from collections.abc import Iterator
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

__all__ = ["probe", "read_video"]

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


def read_video(name: str, *, every: int = 1, start: int = 0) -> Iterator[Frame]:
    """The frames of a video file or URL, upright, in the order they are shown.

    Timestamps rise strictly. A frame that cannot be decoded, or the missing end of a truncated file, is a
    frame with `error` and without a timestamp.

    Raises:
        SourceError: it cannot be opened or has no video.
    """
    with _open(name) as container:
        stream = _moving_pictures(name, container)
        stream.codec_context.thread_count = 1
        count, last, end = 0, None, 0.0
        for picture in _decode(container, stream):
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
