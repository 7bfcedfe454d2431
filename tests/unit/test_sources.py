"""What the user names becomes sources, in order, without opening anything; and sources become frames."""

import io
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.conftest import MakeClip
from vyraz.errors import SourceError
from vyraz.sources import Source, expand, from_array, length_of, read


def _picture(path: Path) -> Path:
    path.parent.mkdir(exist_ok=True)
    Image.new("RGB", (8, 6), (200, 10, 10)).save(path)
    return path


def _kinds(*names: object) -> list[tuple[str, str]]:
    return [(source.name, source.kind) for source in expand(map(str, names))]


def test_a_folder_is_its_pictures_and_videos_sorted(tmp_path: Path) -> None:
    for name in ("b.jpg", "a.PNG", "c.webp"):
        _picture(tmp_path / name)
    (tmp_path / "clip.mp4").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "folder.jpg").mkdir()
    found = expand([str(tmp_path)])
    assert [Path(source.name).name for source in found] == ["a.PNG", "b.jpg", "c.webp", "clip.mp4"]
    assert [source.kind for source in found] == ["picture"] * 3 + ["video"]


def test_globs(tmp_path: Path) -> None:
    first, second = _picture(tmp_path / "x" / "1.jpg"), _picture(tmp_path / "y" / "2.jpg")
    assert _kinds(tmp_path / "*" / "*.jpg") == [(str(first), "picture"), (str(second), "picture")]
    assert _kinds(tmp_path / "**" / "2.*") == [(str(second), "picture")]


@pytest.mark.parametrize("name", ["a[b].jpg", "[1].jpg", "what?.jpg", "star*.jpg", "лицо é 😀.jpg", " .jpg", "7"])
def test_a_file_that_exists_is_taken_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (8, 6)).save(tmp_path / name, "PNG")
    assert _kinds(name) == [(name, "picture")]


@pytest.mark.parametrize(
    ("name", "kind"),
    [("-", "stdin"), ("0", "camera"), ("12", "camera"), ("rtsp://host/x", "url"), ("http://host/x.jpg", "url")],
)
def test_what_is_no_file(name: str, kind: str) -> None:
    assert _kinds(name) == [(name, kind)]


@pytest.mark.parametrize("name", ["", "absent.jpg", "²", "99999999999", "absent/*.jpg", "[", "a" * 300 + ".jpg"])
def test_what_is_not_there_says_so_when_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(_picture(tmp_path / "here" / "1.jpg").parent)
    (source,) = expand([name])
    assert source.kind == "missing"
    with pytest.raises(SourceError, match=r"no such file|matches no|cannot be read \(File name too long\)"):
        next(read(source))


def test_a_folder_without_pictures(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("x")
    (source,) = expand([str(tmp_path)])
    assert source.problem == f"{tmp_path}: the folder holds no pictures or videos"


def test_a_folder_that_cannot_be_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", refuse)
    (source,) = expand([str(tmp_path)])
    assert source.problem == f"{tmp_path}: cannot be read (Permission denied)"


def test_links(tmp_path: Path) -> None:
    (tmp_path / "good.jpg").symlink_to(_picture(tmp_path / "1.jpg"))
    (tmp_path / "broken.jpg").symlink_to("nowhere.jpg")
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    kinds = _kinds(*(tmp_path / name for name in ("good.jpg", "broken.jpg", "loop.jpg")))
    assert [kind for _, kind in kinds] == ["picture", "missing", "missing"]


def test_expanding_opens_nothing(tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("hello")
    (tmp_path / "text.mp4").write_text("hello")
    assert [kind for _, kind in _kinds(tmp_path)] == ["picture", "video"]


def test_a_picture_is_one_frame_without_a_time(tmp_path: Path) -> None:
    path = _picture(tmp_path / "1.png")
    (source,) = expand([str(path)])
    (frame,) = read(source)
    assert (frame.index, frame.timestamp, frame.source, frame.error) == (0, None, str(path), None)
    assert frame.pixels.shape == (6, 8, 3)
    assert length_of(source).frames == 1


def test_a_picture_on_stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 6)).save(buffer, "PNG")
    buffer.seek(0)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=buffer))
    (frame,) = read(Source("-", "stdin"))
    assert (frame.pixels.shape, frame.source) == ((6, 8, 3), "-")
    with pytest.raises(SourceError, match="stdin: is empty"):
        next(read(Source("-", "stdin")))


def test_a_closed_stdin_is_empty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(SourceError, match="stdin: is empty"):
        next(read(Source("-", "stdin")))


def test_a_camera_that_is_absent() -> None:
    with pytest.raises(SourceError, match="camera 97: not found"):
        next(read(Source("97", "camera")))


def test_every_nth_frame_keeps_its_index_and_time(make_clip: MakeClip) -> None:
    (source,) = expand([str(make_clip())])
    frames = list(read(source, every=4))
    assert [frame.index for frame in frames] == [0, 4, 8]
    assert [frame.timestamp for frame in frames] == pytest.approx([0, 0.16, 0.32])
    assert length_of(source).frames == 10


def test_frames_are_read_as_they_are_asked_for(make_clip: MakeClip, monkeypatch: pytest.MonkeyPatch) -> None:
    (source,) = expand([str(make_clip(times=[i / 25 for i in range(200)], gop=1))])
    made = 0

    def count(picture: Any) -> Any:
        nonlocal made
        made += 1
        return picture.to_ndarray(format="rgb24")

    monkeypatch.setattr("vyraz.video.view_of", count)
    frames = read(source)
    assert made == 0
    next(frames)
    next(frames)
    assert made == 2
    frames.close()  # type: ignore[attr-defined]


def test_arrays() -> None:
    assert from_array(np.zeros((4, 5, 3), dtype=np.uint8)).pixels.shape == (4, 5, 3)
    gray = from_array(np.full((4, 5), 7, dtype=np.uint8)).pixels
    assert gray.shape == (4, 5, 3)
    assert (gray == 7).all()


@pytest.mark.parametrize(
    "array", [np.zeros((4, 5, 3)), np.zeros((4, 5, 4), np.uint8), np.zeros((0, 5, 3), np.uint8), np.zeros(4, np.uint8)]
)
def test_arrays_that_are_no_pictures(array: Any) -> None:
    with pytest.raises(SourceError, match="array"):
        from_array(array)
