"""The annotated copy: the original's times, length and sound; with --blur no face in any picture of it."""

from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import pytest

from tests.conftest import Cli
from tests.talks import lengths_of, sound_of, talk
from vyraz.sinks import Setup, open_sink
from vyraz.sources import Source
from vyraz.types import Box, Frame, Pixels, Record
from vyraz.video import read_video


@pytest.fixture(scope="module")
def wide(face: Pixels) -> Pixels:
    """The face left of the middle of a gray picture, RGB uint8 (240, 320, 3)."""
    pixels = np.full((240, 320, 3), 128, dtype=np.uint8)
    pixels[:, 20:225] = face
    return pixels


@pytest.mark.parametrize("options", [(), ("--blur",), ("--every", 3), ("--blur", "--every", 3)])
def test_times_length_and_sound_are_the_originals(
    cli: Cli, tmp_path: Path, wide: Pixels, options: tuple[object, ...]
) -> None:
    clip, drawn = talk(tmp_path / "talk.mp4", picture=wide, last=0.5, seconds=2.4), tmp_path / "drawn.mp4"
    assert cli("analyze", clip, "-o", drawn, "-q", *options).exit_code == 0
    (times, end), (copied, ends) = lengths_of(clip), lengths_of(drawn)
    assert copied == pytest.approx(times[:: 3 if "--every" in options else 1], abs=1e-3)
    assert ends == pytest.approx(end, abs=1e-3)
    (codec, packets), (same, kept) = sound_of(clip), sound_of(drawn)
    assert same == codec
    assert [hash(data) for _, data in kept] == [hash(data) for _, data in packets]
    assert [time for time, _ in kept] == pytest.approx([time for time, _ in packets], abs=2e-3)


def test_of_real_people_it_is_as_long(cli: Cli, video_folder: Path, tmp_path: Path) -> None:
    for name in ("head-pose.mp4", "sign-language.mkv"):
        assert cli("analyze", video_folder / name, "-o", tmp_path / "x.mp4", "-q", "--blur").exit_code == 0
        (times, end), (copied, ends) = lengths_of(video_folder / name), lengths_of(tmp_path / "x.mp4")
        assert copied == pytest.approx(times, abs=1e-3)
        assert ends == pytest.approx(end, abs=0.04)


@pytest.mark.parametrize("kind", ["url", "camera"])
def test_only_a_file_is_read_again_for_its_sound(tmp_path: Path, wide: Pixels, kind: Literal["url", "camera"]) -> None:
    source = Source(str(talk(tmp_path / "talk.mp4", picture=wide)), kind)
    with open_sink(str(tmp_path / "x.mp4"), [source]) as sink:
        sink.begin(source)
        for index in range(5):
            sink.write(Frame(wide, index, index / 25, source.name), [])
        sink.end()
    with pytest.raises(IndexError):
        sound_of(tmp_path / "x.mp4")
    assert lengths_of(tmp_path / "x.mp4")[1] == pytest.approx(0.2, abs=1e-3)


def test_blur_covers_the_box_as_found_not_as_drawn(tmp_path: Path) -> None:
    """A face jumps to and fro by a third of its width: the drawn box lags, what is hidden does not."""
    noise = np.random.default_rng(1).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    source = Source("a.mp4", "video")
    boxes = [Box(100 + 25 * (i % 2), 80, 70, 70) for i in range(20)]
    with open_sink(str(tmp_path / "x.mp4"), [source], Setup(blur=True)) as sink:
        sink.begin(source)
        for index, box in enumerate(boxes):
            scores = {"happy": 0.9, "sad": 0.1}
            records = [Record("a.mp4", index, index / 25, "ok", 1, box, 0.9, scores)]
            sink.write(Frame(noise, index, index / 25, "a.mp4"), records if index not in (7, 8) else [])
        sink.end()
    frames = list(read_video(str(tmp_path / "x.mp4")))
    assert len(frames) == 20
    for frame, box in zip(frames, boxes, strict=True):
        inner = frame.pixels[90:140, int(box.x) + 12 : int(box.x) + 58]
        edges = np.abs(cv2.Laplacian(cv2.cvtColor(inner, cv2.COLOR_RGB2GRAY), cv2.CV_64F))
        assert np.median(edges) < 10  # of noise it is above 100


def test_no_face_can_be_found_in_a_blurred_copy(cli: Cli, video_folder: Path, tmp_path: Path) -> None:
    drawn, table = tmp_path / "x.mp4", tmp_path / "x.csv"
    for name in ("head-pose.mp4", "classroom.mp4", "sign-language.mkv"):
        assert cli("analyze", video_folder / name, "-o", drawn, "-q", "--blur").exit_code == 0
        cli("analyze", drawn, "-o", table, "-q")
        statuses = [line.rsplit(",", 1)[1] for line in table.read_text().splitlines()[1:]]
        assert statuses.count("no_face") >= 0.97 * len(statuses), name
