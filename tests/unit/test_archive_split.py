"""Recordings that are split and joined give the table they give in one."""

from pathlib import Path

import numpy as np
import pytest

from tests.conftest import Cli, MakeClip
from vyraz.archive.split import cut
from vyraz.archive.task import Span, Task
from vyraz.types import Pixels
from vyraz.video import can_enter, keys_of, read_video

RATE = 8


def scenery(face: Pixels, seconds: int) -> list[Pixels]:
    """One scene without a cut: a face that wanders, another one that comes and goes."""
    small, pictures = face[::2, :200:2], list[Pixels]()
    for index in range(seconds * RATE):
        picture = np.full((144, 256, 3), 90, dtype=np.uint8)
        left, top = round(20 + 15 * np.sin(index / 19)), round(12 + 10 * np.sin(index / 13))
        picture[top : top + 120, left : left + 100] = small
        if index // (7 * RATE) % 2:
            picture[10:130, 150:250] = small
        pictures.append(picture)
    return pictures


@pytest.fixture
def long_clip(make_clip: MakeClip, face: Pixels) -> Path:
    """46 s with a key frame every 2.5 s and frames out of order in between."""
    pictures = scenery(face, 46)
    return make_clip("long.mp4", times=[index / RATE for index in range(len(pictures))], pictures=pictures, gop=20)


def task(path: Path, minutes: float) -> Task:
    return Task("cut", str(path), str(path), "", "", 0, minutes)


def spans(path: Path, minutes: float) -> list[Span]:
    return [Span.parse(plain) for plain in cut(task(path, minutes))["spans"]]


def test_the_same_table(long_clip: Path, tmp_path: Path, cli: Cli) -> None:
    options = ["--format", "csv", "--jobs", 1, "-q"]
    assert cli("batch", long_clip, "-d", tmp_path / "whole", *options).exit_code == 0
    assert cli("batch", long_clip, "-d", tmp_path / "parts", "--split", 0.25, *options).exit_code == 0
    (whole,), (parts,) = (list((tmp_path / name).glob("*.csv")) for name in ("whole", "parts"))
    assert parts.read_bytes() == whole.read_bytes()
    assert len(whole.read_text().splitlines()) > 46 * RATE
    assert not (tmp_path / "parts" / ".work").exists()


def test_spans_touch_and_begin_at_key_frames(long_clip: Path) -> None:
    found, keys = spans(long_clip, 0.25), {key.index for key in keys_of(str(long_clip))}
    assert len(found) == 3
    assert [span.stop for span in found] == [*(span.start for span in found[1:]), None]
    assert found[0].start == 0
    assert {span.start for span in found} | {span.key.index for span in found} <= keys
    assert all((span.start - span.key.index) / RATE >= 12 or span.key.index == 0 for span in found)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "ts", "avi"])
def test_what_is_read_from_a_key_frame_on_is_what_is_there(make_clip: MakeClip, suffix: str) -> None:
    codec = "mpeg4" if suffix == "avi" else "libx264"
    path = make_clip(f"x.{suffix}", times=[index / 25 for index in range(60)], codec=codec, gop=10)
    frames = {frame.index: frame for frame in read_video(str(path))}
    keys = keys_of(str(path))
    assert len(keys) >= 5 or suffix == "avi"
    for key in keys:
        if can_enter(str(path), key):
            found = list(read_video(str(path), key=key))
            assert [frame.index for frame in found] == list(range(key.index, 60))
            assert found[-1].timestamp == frames[59].timestamp
            assert found[0].timestamp == frames[key.index].timestamp == pytest.approx(key.seconds)
            assert np.array_equal(found[-1].pixels, frames[59].pixels)


def test_short_ones_stay_whole(long_clip: Path) -> None:
    assert spans(long_clip, 0.52) == []
    assert len(spans(long_clip, 0.4)) == 2


def test_one_that_is_too_short_in_an_archive_with_split(make_clip: MakeClip, tmp_path: Path, cli: Cli) -> None:
    make_clip("short.mp4")
    (tmp_path / "broken.mp4").write_bytes(b"")
    done = cli("batch", tmp_path / "*.mp4", "-d", tmp_path / "out", "--split", 1, "--jobs", 1)
    assert done.exit_code == 1
    assert "1 done, 1 failed" in done.stdout
