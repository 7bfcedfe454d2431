"""Video out: times and lengths as they were given, true colours, and the original's sound."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace

from tests.clips import IRREGULAR, quarters, read_all, times_of
from tests.talks import EVEN, lengths_of, sound_of, talk
from vyraz.encode import VideoWriter
from vyraz.errors import SinkError
from vyraz.types import Pixels
from vyraz.video import read_video


def _write(path: Path, pictures: Sequence[Pixels], times: Sequence[float]) -> Path:
    writer = VideoWriter(path)
    for pixels, seconds in zip(pictures, times, strict=True):
        writer.write(pixels, seconds)
    writer.close()
    return path


class TestWriter:
    @pytest.mark.parametrize("size", [(64, 48), (65, 48), (64, 49), (321, 243), (1, 1), (2, 2)])
    def test_round_trip(self, tmp_path: Path, size: tuple[int, int]) -> None:
        width, height = size
        pictures = [np.full((height, width, 3), value, dtype=np.uint8) for value in (20, 120, 220)]
        frames = read_all(_write(tmp_path / "x.mp4", pictures, (0.5, 0.54, 3)))
        assert times_of(frames) == pytest.approx([0.5, 0.54, 3])
        assert [frame.error for frame in frames] == [None] * 3
        for frame, expected in zip(frames, pictures, strict=True):
            assert frame.pixels.shape == (height + height % 2, width + width % 2, 3)
            assert np.abs(frame.pixels.astype(int) - expected[0, 0]).max() < 8

    def test_padding_repeats_the_edge(self, tmp_path: Path) -> None:
        pixels = quarters(33, 33)
        (frame,) = read_all(_write(tmp_path / "x.mp4", [pixels], [0]))
        assert frame.pixels.shape == (34, 34, 3)
        assert np.abs(frame.pixels[:33, :33].astype(int) - pixels).mean() < 15
        assert frame.pixels[-1, 5, 2] > 200  # blue goes on
        assert frame.pixels[-1, 5, 0] < 60

    def test_irregular_times_survive(self, tmp_path: Path) -> None:
        pictures = [np.full((48, 64, 3), 20 * i, dtype=np.uint8) for i in range(len(IRREGULAR))]
        frames = read_all(_write(tmp_path / "x.mp4", pictures, IRREGULAR))
        assert times_of(frames) == pytest.approx(IRREGULAR, abs=1e-4)

    def test_times_that_do_not_rise_are_moved(self, tmp_path: Path) -> None:
        pictures = [np.full((48, 64, 3), 80, dtype=np.uint8)] * 4
        times = [frame.timestamp or 0.0 for frame in read_all(_write(tmp_path / "x.mp4", pictures, (0, 1, 1, 0.5)))]
        assert len(times) == 4
        assert all(before < after for before, after in pairwise(times))

    def test_another_size_is_scaled_to_the_first(self, tmp_path: Path) -> None:
        pictures = [np.full((height, 64, 3), 80, dtype=np.uint8) for height in (48, 96, 20)]
        frames = read_all(_write(tmp_path / "x.mp4", pictures, (0, 1, 2)))
        assert {frame.pixels.shape for frame in frames} == {(48, 64, 3)}

    def test_without_a_picture_there_is_no_file(self, tmp_path: Path) -> None:
        VideoWriter(tmp_path / "x.mp4").close()
        assert list(tmp_path.iterdir()) == []

    def test_what_cannot_be_written(self, tmp_path: Path) -> None:
        writer = VideoWriter(tmp_path / "absent" / "x.mp4")
        with pytest.raises(SinkError, match="cannot be written"):
            writer.write(np.zeros((48, 64, 3), dtype=np.uint8), 0)

    def test_a_full_disk_is_an_error_not_a_crash(self) -> None:
        noise = np.random.default_rng(1).integers(0, 255, (240, 320, 3), dtype=np.uint8)
        writer = VideoWriter(Path("/dev/full"))
        with pytest.raises(SinkError, match="No space left"):
            _fill(writer, noise)
        writer.close()
        writer.close()


def _fill(writer: VideoWriter, pixels: Pixels) -> None:
    for number in range(40):
        writer.write(pixels, number / 25)


def _copy(clip: Path, *, every: int = 1, frames: int = 1000, whole: bool = True) -> Path:
    """The clip's pictures through a writer, as a sink does it."""
    copied = clip.with_name(f"copy-of-{clip.stem}.mp4")
    writer = VideoWriter(copied, str(clip))
    for frame in list(read_video(str(clip), every=every))[:frames]:
        writer.write(frame.pixels, frame.timestamp or 0.0)
    writer.close(whole=whole)
    return copied


class TestLengths:
    @pytest.mark.parametrize("name", ["x.mp4", "x.mkv", "x.mov"])
    @pytest.mark.parametrize("times", [EVEN, IRREGULAR, tuple(5 + i / 25 for i in range(25))])
    def test_are_the_originals(self, tmp_path: Path, name: str, times: Sequence[float]) -> None:
        clip = talk(tmp_path / name, times=times, begins=times[0])
        shown, end = lengths_of(clip)
        copied, ends = lengths_of(_copy(clip))
        assert copied == pytest.approx(shown, abs=1e-3)
        assert ends == pytest.approx(end, abs=0.04)

    @pytest.mark.parametrize("last", [0.01, 0.04, 3.0])
    def test_the_last_picture_stays_as_long(self, tmp_path: Path, last: float) -> None:
        times, end = lengths_of(_copy(talk(tmp_path / "x.mp4", times=(0.5, 0.54, 0.7, 1.2), last=last, seconds=0.5)))
        assert times == pytest.approx([0.5, 0.54, 0.7, 1.2], abs=1e-3)
        assert end == pytest.approx(1.2 + last, abs=1e-3)
        with av.open(str(tmp_path / "copy-of-x.mp4")) as container:
            assert (container.duration or 0) / av.time_base == pytest.approx(0.7 + last, abs=0.51)

    def test_every_third_picture_lasts_until_the_next_or_the_end(self, tmp_path: Path) -> None:
        times, end = lengths_of(_copy(talk(tmp_path / "x.mp4"), every=3))
        assert times == pytest.approx([i * 0.12 for i in range(17)], abs=1e-3)
        assert end == pytest.approx(2.0, abs=1e-3)

    def test_an_interrupted_copy_ends_with_its_last_picture(self, tmp_path: Path) -> None:
        copied = _copy(talk(tmp_path / "x.mp4"), frames=10, whole=False)
        assert lengths_of(copied)[1] == pytest.approx(0.4, abs=1e-3)
        assert sound_of(copied)[1][-1][0] == pytest.approx(0.4, abs=0.05)

    def test_the_container_says_the_same(self, tmp_path: Path) -> None:
        clip = talk(tmp_path / "x.mp4", last=1.0)
        with av.open(str(clip)) as one, av.open(str(_copy(clip))) as other:
            assert other.duration == pytest.approx(one.duration, abs=10_000)
            stream = other.streams.video[0]
            assert float((stream.duration or 0) * (stream.time_base or 0)) == pytest.approx(2.96)


class TestColours:
    @pytest.mark.parametrize("size", [(64, 48), (1280, 720)])
    @pytest.mark.parametrize("colour", [(200, 60, 30), (20, 180, 60), (40, 60, 200), (255, 255, 255), (0, 0, 0)])
    def test_survive(self, tmp_path: Path, size: tuple[int, int], colour: tuple[int, int, int]) -> None:
        pictures = [np.full((size[1], size[0], 3), colour, dtype=np.uint8)] * 2
        (frame, _) = read_all(_write(tmp_path / "x.mp4", pictures, (0, 1)))
        assert np.abs(frame.pixels.astype(int) - colour).max() <= 4

    def test_are_what_the_tags_say(self, tmp_path: Path) -> None:
        """Red as BT.709 of limited range has it, by the standard's own numbers."""
        _write(tmp_path / "x.mp4", [np.full((48, 64, 3), (255, 0, 0), dtype=np.uint8)], [0])
        with av.open(str(tmp_path / "x.mp4")) as container:
            (frame,) = container.decode(video=0)
        assert (frame.colorspace, frame.color_range) == (Colorspace.ITU709, ColorRange.MPEG)
        luma, blue, red = (np.asarray(plane)[0] for plane in frame.planes)
        assert (luma, blue, red) == pytest.approx((16 + 219 * 0.2126, 128 - 224 * 0.2126 / 1.8556, 240), abs=2)

    def test_a_browser_plays_it_while_it_loads(self, tmp_path: Path) -> None:
        path = _write(tmp_path / "x.mp4", [quarters(64, 48)] * 3, (0, 1, 2))
        data = path.read_bytes()
        assert 0 < data.find(b"moov") < data.find(b"mdat")
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")


class TestSound:
    @pytest.mark.parametrize(
        ("name", "codec"),
        [
            ("x.mp4", "aac"),
            ("x.mkv", "aac"),
            ("x.mkv", "libopus"),
            ("x.mp4", "libmp3lame"),
            ("x.mkv", "ac3"),
            ("x.mkv", "flac"),
        ],
    )
    def test_is_copied(self, tmp_path: Path, name: str, codec: str) -> None:
        clip = talk(tmp_path / name, codec)
        kind, packets = sound_of(clip)
        same, copied = sound_of(_copy(clip))
        assert same == kind
        assert [data for _, data in copied] == [data for _, data in packets]
        assert [time for time, _ in copied] == pytest.approx([time for time, _ in packets], abs=2e-3)

    def test_in_a_transport_stream_loses_only_its_headers(self, tmp_path: Path) -> None:
        clip = talk(tmp_path / "x.ts", "aac", video="libx264")
        kind, packets = sound_of(_copy(clip))
        assert kind == "aac"
        assert len(packets) == len(sound_of(clip)[1])
        offset = min(sound_of(clip)[1])[0] - min(packets)[0]
        assert offset == pytest.approx(0, abs=0.03)

    @pytest.mark.parametrize(
        ("name", "codec", "rate", "layout"),
        [
            ("x.mov", "pcm_s16le", 44_100, "stereo"),
            ("x.mkv", "pcm_s16le", 7_350, "mono"),
            ("x.mkv", "vorbis", 48_000, "stereo"),
            ("x.ts", "mp2", 48_000, "stereo"),
            ("x.avi", "pcm_s16le", 96_000, "mono"),
        ],
    )
    def test_that_mp4_does_not_hold_becomes_aac(
        self, tmp_path: Path, name: str, codec: str, rate: int, layout: str
    ) -> None:
        video = "mpeg4" if name.endswith("avi") else "libx264"
        clip = talk(tmp_path / name, codec, rate=rate, layout=layout, video=video)
        copied = _copy(clip)
        assert sound_of(copied)[0] == "aac"
        with av.open(str(copied)) as container:
            heard = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
            rate = container.streams.audio[0].rate
        assert len(heard) / rate == pytest.approx(2.0, abs=0.06)
        spectrum = np.abs(np.fft.rfft(heard))
        assert np.argmax(spectrum) * rate / len(heard) == pytest.approx(440, abs=2)

    @pytest.mark.parametrize(("begins", "seconds"), [(0.5, 1.0), (0.0, 5.0), (1.9, 0.05), (3.0, 1.0)])
    def test_begins_and_ends_where_it_did(self, tmp_path: Path, begins: float, seconds: float) -> None:
        clip = talk(tmp_path / "x.mp4", begins=begins, seconds=seconds)
        before, after = sound_of(clip)[1], sound_of(_copy(clip))[1]
        assert len(after) == len(before)
        assert after[0][0] == pytest.approx(before[0][0], abs=2e-3)
        assert after[-1][0] == pytest.approx(before[-1][0], abs=2e-3)

    def test_that_is_not_there_is_none(self, tmp_path: Path) -> None:
        clip = _write(tmp_path / "x.mp4", [quarters(64, 48)] * 3, (0, 1, 2))
        with av.open(str(_copy(clip))) as container:
            assert [stream.type for stream in container.streams] == ["video"]

    def test_that_is_broken_never_costs_the_video(self, tmp_path: Path) -> None:
        clip = talk(tmp_path / "x.mkv", "vorbis")
        with av.open(str(clip)) as container:
            broken = [(one.pos or 0, one.size) for one in container.demux(audio=0) if one.size][10:60]
        data = bytearray(clip.read_bytes())
        for place, size in broken:
            data[place + 8 : place + size] = b"\xff" * (size - 8)
        clip.write_bytes(data)
        assert lengths_of(_copy(clip))[0] == pytest.approx(EVEN, abs=1e-3)

    @pytest.mark.parametrize("failure", [av.error.InvalidDataError(1, "odd"), av.error.ArgumentError(22, "odd")])
    def test_that_mp4_refuses_is_left_out(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception
    ) -> None:
        real = VideoWriter._mux

        def refusing(self: VideoWriter, packets: list[Any]) -> None:
            if packets and packets[0].stream.type == "audio":
                raise failure
            real(self, packets)

        monkeypatch.setattr(VideoWriter, "_mux", refusing)
        assert lengths_of(_copy(talk(tmp_path / "x.mp4")))[0] == pytest.approx(EVEN, abs=1e-3)

    def test_that_mp4_has_no_name_for_is_left_out(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("vyraz.original._COPIED", {"pcm_u8"})
        clip = talk(tmp_path / "x.mkv", "pcm_u8")
        assert lengths_of(_copy(clip))[0] == pytest.approx(EVEN, abs=1e-3)
        with av.open(str(tmp_path / "copy-of-x.mp4")) as container:
            assert not container.streams.audio

    def test_of_an_original_that_vanished(self, tmp_path: Path) -> None:
        writer = VideoWriter(tmp_path / "x.mp4", str(tmp_path / "gone.mp4"))
        writer.write(quarters(64, 48), 0)
        writer.write(quarters(64, 48), 0.5)
        writer.close(whole=True)
        assert lengths_of(tmp_path / "x.mp4") == ([0, 0.5], 1.0)
