"""Video in and out by PyAV, with the container's own timestamps."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.container import InputContainer, OutputContainer
from av.stream import Disposition
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from vyraz.errors import SinkError, SourceError
from vyraz.types import Frame, Pixels

__all__ = ["VideoWriter", "probe", "read_video"]

#: Seconds to wait for a stream to open, and for its next packet.
_TIMEOUT = (10.0, 30.0)
#: Ticks a second of the videos we write, MPEG's own.
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


def read_video(name: str, *, every: int = 1) -> Iterator[Frame]:
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
                yield Frame(_NOTHING, count, None, name, error=picture)
            else:
                last = _seconds(picture, count, last, stream)
                end = last + _shown(picture)
                if count % every == 0:
                    yield Frame(_upright(picture), count, last, name)
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


def _upright(picture: VideoFrame) -> Pixels:
    pixels = np.asarray(picture.to_ndarray(format="rgb24"), dtype=np.uint8)
    turns = round(picture.rotation / 90) % 4
    return np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels


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


class VideoWriter:
    """Writes H.264 in MP4 with the timestamps it is given.

    Args:
        path: the file; made when the first picture comes.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._container: OutputContainer | None = None
        self._last = -1
        self._broken = False

    def write(self, pixels: Pixels, seconds: float) -> None:
        """Add a picture.

        Args:
            pixels: RGB uint8 (H, W, 3); later ones are scaled to the first one's size.
            seconds: when it is shown; a time that does not rise is moved to just after the last.

        Raises:
            SinkError: the file cannot be written.
        """
        with self._told():
            if self._container is None:
                self._open(pixels)
            picture = av.VideoFrame.from_ndarray(self._fitted(pixels), format="rgb24")
            self._last = max(round(seconds * _CLOCK), self._last + 1)
            picture.pts, picture.time_base = self._last, Fraction(1, _CLOCK)
            self._mux(picture)

    def close(self) -> None:
        """Complete the file; without a picture there is none.

        Raises:
            SinkError: the file cannot be completed.
        """
        if self._container is None:
            return
        container, self._container = self._container, None
        with self._told(), container:
            # After a failed write FFmpeg must get no more packets: it would crash.
            if not self._broken:
                container.mux(self._stream.encode())

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (av.error.FFmpegError, OSError) as error:
            self._broken = True
            raise SinkError(f"{self._path}: cannot be written ({error.strerror})") from error

    def _open(self, pixels: Pixels) -> None:
        height, width = pixels.shape[:2]
        container = av.open(str(self._path), "w", format="mp4", options={"movflags": "+faststart"})
        stream = container.add_stream("libx264", rate=30, options={"crf": "20", "preset": "veryfast"})
        # 4:2:0 halves both sides, so they must be even.
        stream.width, stream.height, stream.pix_fmt = width + width % 2, height + height % 2, "yuv420p"
        stream.codec_context.time_base = Fraction(1, _CLOCK)
        stream.codec_context.thread_count = 1
        self._container, self._stream = container, stream

    def _fitted(self, pixels: Pixels) -> Pixels:
        height, width = self._stream.height, self._stream.width
        if pixels.shape[0] not in (height, height - 1) or pixels.shape[1] not in (width, width - 1):
            return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        edges = ((0, height - pixels.shape[0]), (0, width - pixels.shape[1]), (0, 0))
        return np.pad(pixels, edges, mode="edge")

    def _mux(self, picture: VideoFrame) -> None:
        if self._container is not None:
            self._container.mux(self._stream.encode(picture))
