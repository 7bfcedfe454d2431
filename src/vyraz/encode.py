"""Writes video by PyAV: H.264 and the original's sound in MP4, at the times it is given."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from math import inf
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.codec.context import Flags
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from av.video.stream import VideoStream

from vyraz.errors import SinkError
from vyraz.interrupt import uninterrupted
from vyraz.original import Original
from vyraz.types import Pixels

__all__ = ["VideoWriter"]

#: Ticks a second of the videos we write, MPEG's own.
_CLOCK = 90_000
#: A lone picture is shown for this many ticks, a 25th of a second.
_LONE = 3_600
# Without pictures that depend on later ones (B-frames) every picture's time and length stand in the file as
# they were given; with them MP4 can say when a picture comes, but not how long each stays.
_OPTIONS = {"crf": "20", "preset": "veryfast", "bf": "0"}


class VideoWriter:
    """Writes H.264 in MP4 with the timestamps it is given, tagged as BT.709 of limited range.

    Args:
        path: the file; made when the first picture comes.
        original: the file that is being copied, whose sound is taken over; None is no sound.
    """

    def __init__(self, path: Path, original: str | None = None) -> None:
        self._path, self._name = path, original
        self._container: OutputContainer | None = None
        self._original: Original | None = None
        self._waiting: VideoFrame | None = None
        self._last, self._length = -1, _LONE
        self._broken = False

    def write(self, pixels: Pixels, seconds: float) -> None:
        """Add a picture; it is shown until the next one comes.

        Args:
            pixels: RGB uint8 (H, W, 3); later ones are scaled to the first one's size.
            seconds: when it is shown; a time that does not rise is moved to just after the last.

        Raises:
            SinkError: the file cannot be written.
        """
        with uninterrupted(), self._told():
            if self._container is None:
                self._begin(pixels)
            picture = self._converted(pixels)
            picture.pts, picture.time_base = max(round(seconds * _CLOCK), self._last + 1), Fraction(1, _CLOCK)
            self._show_until(picture.pts)
            self._waiting, self._last = picture, picture.pts
            self._mux_sound(seconds)

    def close(self, *, whole: bool = False) -> None:
        """Complete the file; without a picture there is none.

        Args:
            whole: the original was read to its end: its last picture stays and its sound goes on until there.

        Raises:
            SinkError: the file cannot be completed.
        """
        if self._container is None:
            return
        container = self._container
        try:
            with self._told(), container:
                # After a failed write FFmpeg must get no more packets: it would crash.
                if not self._broken:
                    self._finish(whole)
        finally:
            self._container = None
            if self._original is not None:
                self._original.close()

    def _finish(self, whole: bool) -> None:
        end = self._last + self._length
        self._mux_sound(inf if whole else end / _CLOCK)
        known = self._original.end if self._original is not None and whole else None
        self._show_until(end if known is None or known * _CLOCK <= self._last else round(known * _CLOCK))
        self._mux(self._stream.encode())

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (av.error.FFmpegError, OSError) as error:
            self._broken = True
            raise SinkError(f"{self._path}: cannot be written ({error.strerror})") from error

    def _begin(self, pixels: Pixels) -> None:
        """Open the file with the original's sound; without it where MP4 does not take it after all."""
        self._original = None if self._name is None else Original(self._name)
        self._container = self._opened(pixels)
        if self._original is not None:
            self._original.add_to(self._container)
        try:
            self._container.start_encoding()
        except (av.error.FFmpegError, OSError, ValueError):
            if self._original is None:
                raise
            self._original.silence()
            self._container = self._opened(pixels)
            self._container.start_encoding()

    def _opened(self, pixels: Pixels) -> OutputContainer:
        height, width = pixels.shape[:2]
        container = av.open(str(self._path), "w", format="mp4", options={"movflags": "+faststart"})
        self._stream = container.add_stream("libx264", rate=30, options=_OPTIONS)
        # 4:2:0 halves both sides, so they must be even.
        self._stream.width, self._stream.height = width + width % 2, height + height % 2
        self._stream.pix_fmt = "yuv420p"
        _set_times_and_colours(self._stream)
        return container

    def _converted(self, pixels: Pixels) -> VideoFrame:
        picture = av.VideoFrame.from_ndarray(self._fitted(pixels), format="rgb24")
        return picture.reformat(
            format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG, threads=1
        )

    def _fitted(self, pixels: Pixels) -> Pixels:
        height, width = self._stream.height, self._stream.width
        if pixels.shape[:2] == (height, width):
            return pixels
        if pixels.shape[0] not in (height, height - 1) or pixels.shape[1] not in (width, width - 1):
            return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)
        edges = ((0, height - pixels.shape[0]), (0, width - pixels.shape[1]), (0, 0))
        return np.pad(pixels, edges, mode="edge")

    def _show_until(self, end: int) -> None:
        """Encode the picture that waits, now that it is known how long it stays."""
        picture, self._waiting = self._waiting, None
        if picture is not None:
            self._length = picture.duration = max(end - self._last, 1)
            self._mux(self._stream.encode(picture))

    def _mux(self, packets: list["Packet[Any]"]) -> None:
        if self._container is not None:
            self._container.mux(packets)

    def _mux_sound(self, until: float) -> None:
        original = self._original
        for packet in original.sound(until) if original is not None else ():
            try:
                self._mux([packet])
            # What FFmpeg calls invalid is the sound; a full disk is another error, and is told.
            except (av.error.InvalidDataError, av.error.ArgumentError):
                if original is not None:
                    original.silence()


def _set_times_and_colours(stream: VideoStream) -> None:
    context = stream.codec_context
    context.time_base = Fraction(1, _CLOCK)
    context.thread_count = 1
    context.flags |= Flags.frame_duration
    context.color_range, context.colorspace = ColorRange.MPEG, Colorspace.ITU709
    context.color_primaries, context.color_trc = ColorPrimaries.BT709, ColorTrc.BT709
