"""Clips with sound, and what a clip holds, packet by packet."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.audio.stream import AudioStream
from av.video.stream import VideoStream

from vyraz.types import Pixels

#: Two seconds at 25 pictures a second.
EVEN = tuple(i / 25 for i in range(50))


def talk(
    path: Path,
    sound: str = "aac",
    *,
    times: Sequence[float] = EVEN,
    last: float = 0.04,
    seconds: float = 2.0,
    begins: float = 0.0,
    rate: int = 48_000,
    layout: str = "stereo",
    video: str = "libx264",
    picture: Pixels | None = None,
) -> Path:
    """A clip whose last picture stays for `last` seconds, with a tone of 440 Hz from `begins` on."""
    clock = Fraction(1, 90_000)
    shown = np.zeros((48, 64, 3), dtype=np.uint8) if picture is None else picture
    with av.open(str(path), "w") as container:
        stream = cast(VideoStream, container.add_stream(video, rate=25, options={"bf": "0"}))
        stream.height, stream.width, stream.pix_fmt = *shown.shape[:2], "yuv420p"
        stream.codec_context.time_base = Fraction(1, 25) if video == "mpeg4" else clock
        stream.codec_context.flags |= av.codec.context.Flags.frame_duration
        tone = cast(AudioStream, container.add_stream(sound, rate=rate, options={"strict": "experimental"}))
        tone.layout = layout
        ends = [*times[1:], times[-1] + last]
        for seconds_in, end in zip(times, ends, strict=True):
            frame = av.VideoFrame.from_ndarray(shown, format="rgb24").reformat(format="yuv420p")
            frame.time_base = stream.codec_context.time_base
            frame.pts = round(seconds_in / frame.time_base)
            frame.duration = round((end - seconds_in) / frame.time_base)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        wave = 0.3 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)
        planes = np.repeat(wave[None].astype(np.float32), 1 if layout == "mono" else 2, axis=0)
        samples = av.AudioFrame.from_ndarray(np.ascontiguousarray(planes), format="fltp", layout=layout)
        samples.sample_rate, samples.time_base, samples.pts = rate, Fraction(1, rate), round(begins * rate)
        container.mux(tone.encode(samples))
        container.mux(tone.encode())
    return path


def sound_of(path: Path) -> tuple[str, list[tuple[float, bytes]]]:
    """The codec and the packets, each with its time."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        packets = [packet for packet in container.demux(stream) if packet.size]
        return stream.codec_context.name, [(float((one.pts or 0) * one.time_base), bytes(one)) for one in packets]


def lengths_of(path: Path) -> tuple[list[float], float]:
    """The time of each picture, and when the last one ends."""
    with av.open(str(path)) as container:
        packets = [one for one in container.demux(video=0) if one.size]
        times = sorted(float((one.pts or 0) * one.time_base) for one in packets)
        return times, max(float(((one.pts or 0) + (one.duration or 0)) * one.time_base) for one in packets)
