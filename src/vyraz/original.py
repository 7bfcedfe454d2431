"""The file a copy is made of: its sound, packet by packet, and when its pictures end."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any, TypeGuard

import av
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Disposition
from av.video.stream import VideoStream

__all__ = ["Original"]

#: Codecs that MP4 holds and players know there; any other sound is encoded anew.
_COPIED = frozenset({"aac", "mp3", "ac3", "eac3", "alac", "opus", "flac"})
#: What AAC can be sampled at, per second; anything else becomes 48,000.
_RATES = frozenset({8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000, 64000, 88200, 96000})
_TROUBLE = (av.error.FFmpegError, OSError, ValueError, NotImplementedError)


class Original:
    """Reads a file beside the one who decodes its pictures, at the same pace: nothing is kept.

    Sound that cannot be read or written is left out: it never costs the video.

    Args:
        name: a file that can be opened twice; what cannot be opened has no sound and no end.
    """

    def __init__(self, name: str) -> None:
        #: Seconds until which the pictures that were read so far are shown; None if nothing tells.
        self.end: float | None = None
        self._reached, self._last = -1e9, -(1 << 62)
        self._out: AudioStream | None = None
        self._encoded = False
        try:
            self._container: InputContainer | None = av.open(name)
        except _TROUBLE:
            self._container, self._sound = None, None
            return
        self._sound = self._container.streams.best("audio")
        moving = [one for one in self._container.streams.video if not one.disposition & Disposition.attached_pic]
        self._pictures = moving[0] if moving else None
        wanted = [one for one in (self._sound, self._pictures) if one is not None]
        self._packets = self._container.demux(wanted) if wanted else iter(())

    def add_to(self, container: OutputContainer) -> None:
        """Give the copy, before it is begun, a stream for the sound, if there is any."""
        sound = self._sound
        if not isinstance(sound, AudioStream):
            return
        try:
            if sound.codec_context.codec.canonical_name in _COPIED:
                self._out = container.add_stream_from_template(sound)
            else:
                self._out, self._encoded = _aac(container, sound), True
        except _TROUBLE:
            self._out = None

    def silence(self) -> None:
        """No sound any more."""
        self._out = None

    def sound(self, until: float) -> Iterator["Packet[Any]"]:
        """The packets of sound up to a time in seconds; infinity is to the end."""
        while self._container is not None and self._reached < until:
            try:
                packet = next(self._packets, None)
            except _TROUBLE:
                packet = None
            if packet is None:
                self.close()
                yield from self._encode(None)
            elif packet.stream is self._pictures:
                self._see(packet, self._pictures)
            elif packet.size:
                yield from self._hear(packet)

    def close(self) -> None:
        """Release the file."""
        container, self._container = self._container, None
        if container is not None:
            container.close()

    def _see(self, packet: "Packet[Any]", stream: VideoStream) -> None:
        if packet.pts is None or packet.time_base is None:
            return
        length = packet.duration * packet.time_base if packet.duration else 1 / (stream.average_rate or Fraction(25))
        start = float(packet.pts * packet.time_base)
        self.end = max(self.end or 0.0, start + float(length))
        self._reached = max(self._reached, start)

    def _hear(self, packet: "Packet[Any]") -> Iterator["Packet[Any]"]:
        if packet.dts is None or packet.time_base is None:
            return
        self._reached = max(self._reached, float(packet.dts * packet.time_base))
        if self._out is None:
            return
        if self._encoded:
            yield from self._encode(packet)
        # MP4 takes only times that rise; a packet of broken ones is left out.
        elif packet.dts > self._last:
            self._last, packet.stream = packet.dts, self._out
            yield packet

    def _encode(self, packet: "Packet[Any] | None") -> list["Packet[Any]"]:
        """The sound of a packet as AAC; None is the end."""
        if self._out is None or not self._encoded:
            return []
        try:
            frames: list[AudioFrame | None] = [None]
            if packet is not None:
                frames = list(filter(_is_sound, packet.decode()))
            return [made for frame in frames for made in self._out.encode(frame)]
        except _TROUBLE:
            return []


def _is_sound(frame: object) -> TypeGuard[AudioFrame]:
    return isinstance(frame, AudioFrame)


def _aac(container: OutputContainer, sound: AudioStream) -> AudioStream:
    rate = sound.rate if sound.rate in _RATES else 48_000
    stream = container.add_stream("aac", rate=rate)
    stream.layout = "mono" if sound.channels == 1 else "stereo"
    stream.bit_rate = 96_000 if sound.channels == 1 else 160_000
    return stream
