"""Videos as they come: every frame a row, at the container's own time, upright, however strange the file."""

import csv
import struct
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.stream import VideoStream

from tests.conftest import Cli, MakeClip, complaints
from vyraz.types import Pixels
from vyraz.video import read_video

_IRREGULAR = (0.0, 0.04, 0.1, 0.3, 0.31, 0.35, 1.0, 1.001, 1.002, 2.0)


@pytest.fixture(scope="module")
def wide(face: Pixels) -> Pixels:
    """The face left of the middle of a gray picture, RGB uint8 (240, 320, 3)."""
    pixels = np.full((240, 320, 3), 128, dtype=np.uint8)
    pixels[:, 20:225] = face
    return pixels


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def _analyzed(cli: Cli, clip: Path, *options: object, code: int = 0) -> list[dict[str, str]]:
    table = clip.with_suffix(".csv")
    result = cli("analyze", clip, "-o", table, "-q", *options)
    assert result.exit_code == code, result.stderr
    assert bool(complaints(result)) == bool(code)
    return _rows(table)


def _times(rows: list[dict[str, str]]) -> list[float]:
    times = [float(row["timestamp"]) for row in rows if row["timestamp"]]
    assert all(before < after for before, after in pairwise(times))
    return times


@pytest.mark.parametrize("name", ["x.mp4", "x.mkv"])
def test_a_variable_rate(cli: Cli, make_clip: MakeClip, wide: Pixels, name: str) -> None:
    rows = _analyzed(cli, make_clip(name, times=_IRREGULAR, pictures=[wide] * len(_IRREGULAR)))
    assert _times(rows) == pytest.approx(_IRREGULAR, abs=1e-3)
    assert {row["face_id"] for row in rows} == {"1"}


def test_a_variable_rate_is_kept_in_what_is_drawn(cli: Cli, make_clip: MakeClip, wide: Pixels, tmp_path: Path) -> None:
    drawn = tmp_path / "drawn.mp4"
    _analyzed(cli, make_clip(times=_IRREGULAR, pictures=[wide] * len(_IRREGULAR)), "-o", drawn)
    frames = list(read_video(str(drawn)))
    assert [frame.timestamp for frame in frames] == pytest.approx(_IRREGULAR, abs=1e-3)
    assert np.abs(frames[3].pixels.astype(int) - wide).mean() > 1  # a box was drawn


@pytest.mark.parametrize("name", ["x.mp4", "x.mkv", "x.ts"])
def test_a_first_time_that_is_not_zero(cli: Cli, make_clip: MakeClip, name: str) -> None:
    times = [5 + i / 25 for i in range(10)]
    assert _times(_analyzed(cli, make_clip(name, times=times))) == pytest.approx(times, abs=1e-3)


@pytest.mark.parametrize(("matrix", "quarter_turns"), [((0, 1, -1, 0), 1), ((-1, 0, 0, -1), 2), ((0, -1, 1, 0), 3)])
def test_a_turned_phone(
    cli: Cli, make_clip: MakeClip, wide: Pixels, matrix: tuple[int, int, int, int], quarter_turns: int
) -> None:
    """What a phone stores lies on its side; with the header's matrix the face stands where it stood."""
    (expected, *_) = _analyzed(cli, make_clip("upright.mp4", times=(0, 0.1), pictures=[wide] * 2))
    stored = np.ascontiguousarray(np.rot90(wide, quarter_turns))
    clip = make_clip("turned.mp4", times=(0, 0.1), pictures=[stored] * 2)
    data = bytearray(clip.read_bytes())
    start = data.find(b"tkhd") + 4 + 40
    a, b, c, d = (value << 16 for value in matrix)
    data[start : start + 36] = struct.pack(">9i", a, b, 0, c, d, 0, 0, 0, 1 << 30)
    clip.write_bytes(data)
    (row, *_) = _analyzed(cli, clip)
    for column in ("x", "y", "width", "height"):
        assert float(row[column]) == pytest.approx(float(expected[column]), abs=6)


def test_an_odd_size_in_and_out(cli: Cli, make_clip: MakeClip, wide: Pixels, tmp_path: Path) -> None:
    odd = np.pad(wide, ((0, 3), (0, 1), (0, 0)), mode="edge")
    clip = make_clip("x.mkv", times=(0, 0.1), pictures=[odd] * 2, codec="ffv1", pixel_format="yuv444p")
    rows = _analyzed(cli, clip, "-o", tmp_path / "drawn.mp4")
    assert [row["face_id"] for row in rows] == ["1", "1"]
    frames = list(read_video(str(tmp_path / "drawn.mp4")))
    assert [frame.pixels.shape for frame in frames] == [(244, 322, 3)] * 2


def test_ten_bits(cli: Cli, make_clip: MakeClip, wide: Pixels) -> None:
    rows = _analyzed(cli, make_clip(times=(0, 0.1), pictures=[wide] * 2, pixel_format="yuv420p10le"))
    assert [row["face_id"] for row in rows] == ["1", "1"]


def test_an_animation(cli: Cli, make_clip: MakeClip, wide: Pixels) -> None:
    clip = make_clip("x.gif", times=(0, 0.1, 0.5), pictures=[wide] * 3, codec="gif", pixel_format="rgb8")
    assert _times(_analyzed(cli, clip)) == pytest.approx([0, 0.1, 0.5])


def test_every_nth_frame(cli: Cli, make_clip: MakeClip) -> None:
    rows = _analyzed(cli, make_clip(), "--every", 4)
    assert [row["frame"] for row in rows] == ["0", "4", "8"]
    assert _times(rows) == pytest.approx([0, 0.16, 0.32])


def test_a_broken_frame_in_the_middle(cli: Cli, make_clip: MakeClip, wide: Pixels, tmp_path: Path) -> None:
    clip = make_clip(gop=1, pictures=[wide] * 10)
    with av.open(str(clip)) as container:
        packet = [packet for packet in container.demux(video=0) if packet.size][4]
        place, size = packet.pos or 0, packet.size
    data = bytearray(clip.read_bytes())
    data[place : place + size] = b"\xff" * size
    clip.write_bytes(data)
    rows = _analyzed(cli, clip, "-o", tmp_path / "drawn.mp4", code=1)
    assert [row["frame"] for row in rows] == [str(number) for number in range(10)]
    assert [row["status"] for row in rows].count("error") == 1
    assert len(_times(rows)) == 9
    assert len({row["face_id"] for row in rows if row["face_id"]}) == 1  # the person stays the same
    assert len(list(read_video(str(tmp_path / "drawn.mp4")))) == 9


@pytest.mark.parametrize("name", ["x.mp4", "x.mkv"])
def test_a_file_that_was_cut(cli: Cli, make_clip: MakeClip, name: str, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (60, 48, 64, 3), dtype=np.uint8)
    options = {"movflags": "+faststart"} if name.endswith("mp4") else None
    clip = make_clip(name, pictures=list(noise), times=[i / 25 for i in range(60)], gop=5, options=options)
    data = clip.read_bytes()
    clip.write_bytes(data[: len(data) // 2])
    result = cli("analyze", clip, "-o", tmp_path / "x.csv", "-q")
    assert result.exit_code == 1
    assert "the video ends after 1." in complaints(result)[-1]
    rows = _rows(tmp_path / "x.csv")
    assert rows[-1]["status"] == "error"
    assert 15 < len(_times(rows)) < 45


def test_a_recording_whose_index_was_never_written(cli: Cli, make_clip: MakeClip) -> None:
    clip = make_clip()
    data = clip.read_bytes()
    clip.write_bytes(data[: data.rfind(b"moov") - 4])
    result = cli("analyze", clip)
    (line,) = complaints(result)
    assert result.exit_code == 1
    assert line.startswith(f"vyraz: {clip}: is not a video that can be read")
    assert "interrupted recording?" in line


def _music(path: Path, cover: Pixels | None) -> Path:
    with av.open(str(path), "w") as container:
        sound = container.add_stream("aac", rate=44_100)
        if cover is not None:
            picture = container.add_stream("mjpeg", rate=1)
            assert isinstance(picture, VideoStream)
            picture.height, picture.width = cover.shape[:2]
            picture.pix_fmt = "yuvj420p"
            picture.disposition = av.stream.Disposition.attached_pic
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 4096), dtype=np.float32), format="fltp", layout="stereo")
        frame.sample_rate, frame.pts = 44_100, 0
        container.mux(sound.encode(frame))
        if cover is not None:
            container.mux(picture.encode(av.VideoFrame.from_ndarray(cover, format="rgb24")))
            container.mux(picture.encode())
        container.mux(sound.encode())
    return path


@pytest.mark.parametrize("with_cover", [False, True])
def test_sound_without_video(cli: Cli, tmp_path: Path, wide: Pixels, with_cover: bool) -> None:
    result = cli("analyze", _music(tmp_path / ("x.mp4" if with_cover else "x.m4a"), wide if with_cover else None))
    (line,) = complaints(result)
    assert (result.exit_code, "has no video stream" in line) == (1, True)


def test_real_people(cli: Cli, video_folder: Path, tmp_path: Path) -> None:
    clip, table, drawn = video_folder / "head-pose.mp4", tmp_path / "o.csv", tmp_path / "o.mp4"
    assert cli("analyze", clip, "-o", table, "-o", drawn, "-q").exit_code == 0
    rows = _rows(table)
    assert {int(row["frame"]) for row in rows} == set(range(56))
    assert len({row["frame"] for row in rows if row["face_id"]}) >= 54
    by_frame = {int(row["frame"]): float(row["timestamp"]) for row in rows}
    assert all(before < after for before, after in pairwise(by_frame.values()))
    assert [frame.timestamp for frame in read_video(str(drawn))] == pytest.approx(list(by_frame.values()), abs=1e-3)
