"""Live streams: they stop and come back, and their clocks start anew when they do."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from vyraz.errors import SourceError
from vyraz.types import Frame
from vyraz.video import read_video

__all__ = ["is_live", "read_stream"]

_LIVE = frozenset({"rtp", "rtmp", "rtmps", "rtsp", "rtsps", "srt", "tcp", "udp"})
#: Seconds to wait before each try to connect again; after the last one a stream is gone.
_WAITS = (1, 2, 4, 8, 15, 30, 60, 60, 60, 60)


def is_live(name: str) -> bool:
    """Whether a URL names something that sends for as long as it runs, not a file."""
    return name.partition("://")[0].lower() in _LIVE


def read_stream(name: str, *, every: int = 1) -> Iterator[Frame]:
    """The frames of a live stream; when it stops it is connected to again, for five minutes.

    Indexes go on, and timestamps, seconds since the first frame by the stream's own clock, go on by the time
    that was lost. Each stop is a frame with `error`.

    Raises:
        SourceError: it cannot be opened, or did not come back.
    """
    clock, index, tries = _Clock(), 0, 0
    while True:
        first, reason = index, "the stream ended"
        clock.restart()
        try:
            for frame in read_video(name, every=every):
                index = first + frame.index
                yield replace(frame, index=index, timestamp=clock.read(frame.timestamp))
                index, tries = index + 1, 0
        except SourceError as error:
            if not clock.runs:
                raise
            reason = str(error).removeprefix(f"{name}: ")
        if tries == len(_WAITS):
            raise SourceError(f"{name}: stopped, and did not come back in {sum(_WAITS) // 60} minutes ({reason})")
        if tries == 0:
            nothing = np.empty((0, 0, 3), dtype=np.uint8)
            yield Frame(nothing, index, None, name, error=f"{reason}; connecting again")
            index += 1
        time.sleep(_WAITS[tries])
        tries += 1


@dataclass(slots=True)
class _Clock:
    """Seconds since the first frame: by the stream's clock while it runs, by ours while it stands."""

    runs: bool = False
    _offset: float | None = None
    _reached: float = 0.0
    _arrived: float = 0.0

    def restart(self) -> None:
        self._offset = None

    def read(self, timestamp: float | None) -> float | None:
        if timestamp is None:
            return None
        now = time.monotonic()
        if self._offset is None:
            self._offset = timestamp - (self._reached + now - self._arrived if self.runs else 0.0)
        self.runs, self._reached, self._arrived = True, timestamp - self._offset, now
        return self._reached
