"""Video in: the container's own times, upright pictures, and what is wrong said in a frame."""

import struct
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from tests.clips import IRREGULAR, quarters, read_all, times_of
from tests.conftest import MakeClip
from vyraz.errors import SourceError
from vyraz.video import probe


def _turned(path: Path, matrix: tuple[int, int, int, int]) -> Path:
    """An mp4 whose header asks players to turn it: a, b, c, d of the track's matrix, as ISO 14496-12 has it."""
    data = bytearray(path.read_bytes())
    start = data.find(b"tkhd") + 4 + 40
    a, b, c, d = (value << 16 for value in matrix)
    data[start : start + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    return path


class TestTimes:
    @pytest.mark.parametrize("name", ["x.mp4", "x.mkv", "x.mov", "x.avi"])
    def test_regular(self, make_clip: MakeClip, name: str) -> None:
        codec = "mpeg4" if name.endswith("avi") else "libx264"
        times = [i / 25 for i in range(10)]
        frames = read_all(make_clip(name, times=times, codec=codec))
        assert times_of(frames) == pytest.approx(times, abs=1e-3)
        assert [frame.index for frame in frames] == list(range(10))

    @pytest.mark.parametrize("name", ["x.mp4", "x.mkv"])
    def test_of_a_variable_rate(self, make_clip: MakeClip, name: str) -> None:
        frames = read_all(make_clip(name, times=IRREGULAR))
        assert [frame.error for frame in frames] == [None] * len(IRREGULAR)
        assert times_of(frames) == pytest.approx(IRREGULAR, abs=1e-3)

    @pytest.mark.parametrize("name", ["x.mp4", "x.mkv", "x.ts"])
    def test_that_start_late(self, make_clip: MakeClip, name: str) -> None:
        times = [5 + i / 25 for i in range(10)]
        frames = read_all(make_clip(name, times=times))
        assert [frame.error for frame in frames] == [None] * 10
        assert times_of(frames) == pytest.approx(times, abs=1e-3)

    def test_that_stand_still_are_made_to_rise(self, make_clip: MakeClip, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("vyraz.video._decode", lambda container, _: _stuck(container))
        times = [frame.timestamp or 0.0 for frame in read_all(make_clip())]
        assert len(times) == 10
        assert all(before < after < before + 1e-3 for before, after in pairwise(times))

    def test_a_picture_that_stays_long_is_not_a_missing_end(self, make_clip: MakeClip) -> None:
        frames = read_all(make_clip("x.gif", times=(0, 3), codec="gif", pixel_format="rgb8"))
        assert [frame.error for frame in frames] == [None, None]
        slides = read_all(make_clip("x.mp4", times=(0, 10, 10.04)))
        assert [frame.error for frame in slides] == [None] * 3


def _stuck(container: av.container.InputContainer) -> list[av.VideoFrame]:
    pictures = list(container.decode(video=0))
    for picture in pictures:
        picture.pts = pictures[0].pts
    return pictures


class TestPictures:
    @pytest.mark.parametrize(
        ("matrix", "quarter_turns"),
        [((1, 0, 0, 1), 0), ((0, 1, -1, 0), 1), ((-1, 0, 0, -1), 2), ((0, -1, 1, 0), 3)],
    )
    def test_are_upright(self, make_clip: MakeClip, matrix: tuple[int, int, int, int], quarter_turns: int) -> None:
        stored = quarters(96, 64)
        frames = read_all(_turned(make_clip(pictures=[stored] * 3, times=(0, 0.1, 0.2)), matrix))
        # The matrix takes (x, y) to (ax + cy, bx + dy), y down: (0, 1, -1, 0) turns clockwise.
        shown = np.rot90(stored, -quarter_turns)
        assert frames[0].pixels.shape == shown.shape
        assert np.abs(frames[0].pixels.astype(int) - shown).mean() < 12

    @pytest.mark.parametrize(
        ("name", "codec", "pixel_format"),
        [("x.mkv", "ffv1", "yuv420p10le"), ("x.mp4", "libx264", "yuv420p10le"), ("x.mkv", "mjpeg", "yuvj444p")],
    )
    def test_of_many_kinds(self, make_clip: MakeClip, name: str, codec: str, pixel_format: str) -> None:
        clip = make_clip(
            name, pictures=[quarters(96, 64)] * 3, times=(0, 0.1, 0.2), codec=codec, pixel_format=pixel_format
        )
        frames = read_all(clip)
        assert len(frames) == 3
        assert frames[2].pixels.dtype == np.uint8
        assert np.abs(frames[2].pixels.astype(int) - quarters(96, 64)).mean() < 12

    def test_of_odd_sizes(self, make_clip: MakeClip) -> None:
        frames = read_all(make_clip("x.mkv", size=(321, 243), codec="ffv1", pixel_format="yuv444p"))
        assert {frame.pixels.shape for frame in frames} == {(243, 321, 3)}

    def test_of_an_animation(self, make_clip: MakeClip) -> None:
        frames = read_all(make_clip("x.gif", times=(0, 0.1, 0.5), codec="gif", pixel_format="rgb8"))
        assert times_of(frames) == pytest.approx([0, 0.1, 0.5])


class TestDamage:
    def test_a_frame_that_cannot_be_decoded_is_one_error_and_the_rest_goes_on(self, make_clip: MakeClip) -> None:
        clip = make_clip("x.mp4", gop=1, times=[i / 25 for i in range(10)])
        with av.open(str(clip)) as container:
            packet = [packet for packet in container.demux(video=0) if packet.size][4]
            place, size = packet.pos or 0, packet.size
        data = bytearray(clip.read_bytes())
        data[place : place + size] = b"\xff" * size
        clip.write_bytes(data)
        frames = read_all(clip)
        broken = [frame for frame in frames if frame.error is not None]
        assert len(broken) == 1
        assert "cannot be decoded" in (broken[0].error or "")
        assert broken[0].timestamp is None
        assert broken[0].pixels.shape == (0, 0, 3)
        assert len(frames) == 10
        assert [frame.index for frame in frames] == list(range(10))

    @pytest.mark.parametrize("name", ["x.mp4", "x.mkv"])
    def test_a_missing_end_is_said_once_at_the_end(self, make_clip: MakeClip, name: str) -> None:
        options = {"movflags": "+faststart"} if name.endswith("mp4") else None
        noise = np.random.default_rng(1).integers(0, 255, (60, 48, 64, 3), dtype=np.uint8)
        clip = make_clip(name, pictures=list(noise), times=[i / 25 for i in range(60)], gop=5, options=options)
        data = clip.read_bytes()
        clip.write_bytes(data[: len(data) // 2])
        frames = read_all(clip)
        assert 15 < sum(frame.error is None for frame in frames) < 45
        assert frames[-1].error is not None
        assert "ends after 1." in frames[-1].error
        assert "of 2.4 s" in frames[-1].error
        times = [frame.timestamp for frame in frames if frame.timestamp is not None]
        assert all(before < after for before, after in pairwise(times))

    @pytest.mark.parametrize("text", [b"", b"hello\n" * 100])
    def test_what_is_no_video(self, tmp_path: Path, text: bytes) -> None:
        path = tmp_path / "x.mp4"
        path.write_bytes(text)
        with pytest.raises(SourceError, match="not a video that can be read"):
            read_all(path)
        assert probe(str(path)) is None

    def test_an_index_that_was_never_written(self, make_clip: MakeClip) -> None:
        clip = make_clip()
        data = clip.read_bytes()
        clip.write_bytes(data[: data.rfind(b"moov") - 4])
        with pytest.raises(SourceError, match="its beginning or index is missing"):
            read_all(clip)

    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(SourceError, match="no such file"):
            read_all(tmp_path / "absent.mp4")

    def test_sound_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "x.m4a"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("aac", rate=44_100)
            frame = av.AudioFrame.from_ndarray(np.zeros((2, 4096), dtype=np.float32), format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = 44_100, 0
            container.mux(stream.encode(frame))
            container.mux(stream.encode())
        with pytest.raises(SourceError, match="no video stream"):
            read_all(path)


def test_probe(make_clip: MakeClip, tmp_path: Path) -> None:
    assert probe(str(make_clip("x.mp4"))) == 10
    assert probe(str(make_clip("x.mkv"))) == 10
    assert probe(str(tmp_path / "absent.mp4")) is None


@pytest.mark.parametrize(
    ("name", "count"), [("head-pose.mp4", 56), ("sign-language.mkv", 61), ("walking.mp4", 35), ("classroom.mp4", 45)]
)
def test_real_clips(video_folder: Path, name: str, count: int) -> None:
    frames = read_all(video_folder / name)
    assert len(frames) == count
    assert all(frame.error is None for frame in frames)
    times = [frame.timestamp or 0.0 for frame in frames]
    assert all(before < after for before, after in pairwise(times))
