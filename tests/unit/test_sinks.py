"""Results: the same rows in every form, and nothing lost or overwritten when something goes wrong."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from tests.conftest import MakeClip
from vyraz.errors import MissingExtraError, SinkError, UsageError
from vyraz.sinks import Setup, Sink, open_sink
from vyraz.sources import Source
from vyraz.types import EMOTIONS, Box, Frame, Record
from vyraz.video import read_video

#: The design's table of results.
COLUMNS = [
    *("source", "frame", "timestamp", "face_id", "x", "y", "width", "height", "face_score"),
    *("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral", "emotion", "confidence", "status"),
]

_PHOTO = Source("photo.jpg", "picture")
_TALK = Source("talk, part 1.mp4", "video")
_ABSENT = Source("absent.jpg", "missing", "absent.jpg: no such file")


def _face(source: Source, frame: int, timestamp: float | None, number: int = 1) -> Record:
    scores = dict(zip(EMOTIONS, (0.05, 0.05, 0.1, 0.5, 0.1, 0.1, 0.1), strict=True))
    return Record(source.name, frame, timestamp, "ok", number, Box(4, 5.25, 20, 24), 0.9, MappingProxyType(scores))


def _frame(source: Source, index: int = 0, timestamp: float | None = None, error: str | None = None) -> Frame:
    pixels = np.zeros((0, 0, 3) if error else (48, 64, 3), dtype=np.uint8)
    return Frame(pixels, index, timestamp, source.name, error)


def _job() -> Iterator[tuple[Source, list[tuple[Frame, list[Record]]]]]:
    """A photo with two faces, a video with a face, none and a broken frame, and a source that is not there."""
    yield _PHOTO, [(_frame(_PHOTO), [_face(_PHOTO, 0, None, 1), _face(_PHOTO, 0, None, 2)])]
    empty = Record(_TALK.name, 1, 0.04, "no_face")
    broken = Record(_TALK.name, 2, None, "error", message="a frame cannot be decoded")
    frames = [(_frame(_TALK, 0, 0.0), [_face(_TALK, 0, 0.0)]), (_frame(_TALK, 1, 0.04), [empty])]
    yield _TALK, [*frames, (_frame(_TALK, 2, None, "broken"), [broken])]
    yield _ABSENT, [(_frame(_ABSENT, 0, None, "gone"), [Record(_ABSENT.name, 0, None, "error", message="gone")])]


def _feed(sink: Sink) -> None:
    for source, frames in _job():
        sink.begin(source)
        for frame, records in frames:
            sink.write(frame, records)
        sink.end()


def _open(path: Path, sources: Sequence[Source] = (_PHOTO, _TALK, _ABSENT), *, blur: bool = False) -> Sink:
    return open_sink(str(path), sources, Setup(blur=blur))


def _rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a table file, every value in its own type."""
    if path.suffix == ".parquet":
        rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
        return rows
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    with path.open(newline="", encoding="utf-8") as handle:
        return [{name: _value(name, text) for name, text in row.items()} for row in csv.DictReader(handle)]


def _value(name: str, text: str) -> Any:
    if text == "":
        return None
    if name in ("source", "emotion", "status"):
        return text
    return int(text) if name in ("frame", "face_id") else float(text)


class TestTables:
    @pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
    def test_have_the_columns_of_the_design(self, tmp_path: Path, suffix: str) -> None:
        path = tmp_path / f"x{suffix}"
        with _open(path) as sink:
            _feed(sink)
        rows = _rows(path)
        assert [list(row) for row in rows] == [COLUMNS] * 6
        assert [row["source"] for row in rows] == ["photo.jpg"] * 2 + ["talk, part 1.mp4"] * 3 + ["absent.jpg"]
        assert [row["status"] for row in rows] == ["ok", "ok", "ok", "no_face", "error", "error"]
        assert [row["face_id"] for row in rows] == [1, 2, 1, None, None, None]
        assert [row["timestamp"] for row in rows] == [None, None, 0.0, 0.04, None, None]
        assert rows[0]["y"] == 5.25
        assert rows[0]["happy"] == rows[0]["confidence"] == 0.5
        assert rows[0]["emotion"] == "happy"
        assert rows[3]["happy"] is None

    def test_hold_the_same(self, tmp_path: Path) -> None:
        paths = [tmp_path / f"x{suffix}" for suffix in (".csv", ".jsonl", ".parquet")]
        for path in paths:
            with _open(path) as sink:
                _feed(sink)
        first, second, third = map(_rows, paths)
        assert first == second == third

    def test_without_a_row_are_valid(self, tmp_path: Path) -> None:
        for suffix in (".csv", ".jsonl", ".parquet"):
            with _open(tmp_path / f"x{suffix}"):
                pass
            assert _rows(tmp_path / f"x{suffix}") == []
        assert (tmp_path / "x.csv").read_text().strip().split(",") == COLUMNS
        assert pq.read_schema(tmp_path / "x.parquet").names == COLUMNS

    def test_types_of_parquet(self, tmp_path: Path) -> None:
        with _open(tmp_path / "x.parquet"):
            pass
        schema = pq.read_schema(tmp_path / "x.parquet")
        kinds = {name: str(schema.field(name).type) for name in COLUMNS}
        texts, whole = ("source", "emotion", "status"), ("frame", "face_id")
        assert kinds == {
            name: "string" if name in texts else "int64" if name in whole else "double" for name in COLUMNS
        }

    @pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
    def test_after_an_error_keep_what_was_written(self, tmp_path: Path, suffix: str) -> None:
        path = tmp_path / f"x{suffix}"
        with pytest.raises(KeyboardInterrupt):
            _fail_half_way(_open(path))
        assert [row["status"] for row in _rows(path)] == ["ok", "ok"]

    @pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
    def test_are_on_disk_after_every_frame(self, tmp_path: Path, suffix: str) -> None:
        path = tmp_path / f"x{suffix}"
        with _open(path) as sink:
            sink.begin(_PHOTO)
            sink.write(_frame(_PHOTO), [_face(_PHOTO, 0, None)])
            assert len(_rows(path)) == 1

    def test_parquet_leaves_no_other_file_and_keeps_the_order(self, tmp_path: Path) -> None:
        with _open(tmp_path / "x.parquet") as sink:
            for index in range(10):
                sink.write(_frame(_TALK, index, index / 25), [_face(_TALK, index, index / 25)])
                sink.size()
        assert [path.name for path in tmp_path.iterdir()] == ["x.parquet"]
        assert [row["frame"] for row in _rows(tmp_path / "x.parquet")] == list(range(10))

    @pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
    @pytest.mark.parametrize("name", ['a "b",\nc.jpg', "лицо 😀.jpg", "\udcff.jpg"])
    def test_names_of_any_kind(self, tmp_path: Path, suffix: str, name: str) -> None:
        source = Source(name, "picture")
        with _open(tmp_path / f"x{suffix}", [source]) as sink:
            sink.write(_frame(source), [_face(source, 0, None)])
        assert [row["source"] for row in _rows(tmp_path / f"x{suffix}")] == [name.replace("\udcff", "\ufffd")]

    def test_other_labels_are_other_columns(self, tmp_path: Path) -> None:
        record = Record("a", 0, None, "ok", 1, Box(0, 0, 1, 1), 0.5, MappingProxyType({"calm": 0.75, "wild": 0.25}))
        with open_sink(str(tmp_path / "x.csv"), [_PHOTO], Setup(("calm", "wild"))) as sink:
            sink.write(_frame(_PHOTO), [record])
        (row,) = csv.DictReader((tmp_path / "x.csv").open(newline=""))
        assert list(row) == [*COLUMNS[:9], "calm", "wild", *COLUMNS[16:]]
        assert (row["calm"], row["emotion"]) == ("0.75", "calm")

    def test_stdout(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stdout = io.StringIO()
        monkeypatch.setattr("sys.stdout", stdout)
        with open_sink("-", [_PHOTO]) as sink:
            _feed(sink)
        rows = [json.loads(line) for line in stdout.getvalue().splitlines()]
        assert [list(row) for row in rows] == [COLUMNS] * 6
        assert not stdout.closed

    def test_a_closed_stdout(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sys.stdout", None)
        with pytest.raises(SinkError, match="stdout is closed"):
            open_sink("-", [_PHOTO])


def _fail_half_way(sink: Sink, source: Source = _PHOTO) -> None:
    with sink:
        sink.begin(source)
        for index in range(2):
            sink.write(_frame(source, index, index / 25), [_face(source, index, index / 25)])
        raise KeyboardInterrupt


class TestPictures:
    @pytest.mark.parametrize("name", ["x.png", "x.jpg", "x.jpeg", "x.PNG"])
    def test_of_a_photo(self, tmp_path: Path, name: str) -> None:
        with _open(tmp_path / name, [_PHOTO]) as sink:
            sink.begin(_PHOTO)
            sink.write(_frame(_PHOTO), [_face(_PHOTO, 0, None)])
            sink.end()
        pixels = np.asarray(Image.open(tmp_path / name))
        assert pixels.shape == (48, 64, 3)
        assert pixels.any()  # something is drawn on the black picture

    def test_of_a_recording_is_its_timeline(self, tmp_path: Path) -> None:
        pytest.importorskip("matplotlib")
        with _open(tmp_path / "x.png", [_TALK]) as sink:
            sink.begin(_TALK)
            sink.write(_frame(_TALK, 0, 0.0), [_face(_TALK, 0, 0.0)])
            sink.end()
        assert Image.open(tmp_path / "x.png").width > 1000

    def test_an_interrupted_recording_has_its_timeline(self, tmp_path: Path) -> None:
        pytest.importorskip("matplotlib")
        with _open(tmp_path / "x.png", [_TALK]) as sink:
            sink.begin(_TALK)
            sink.write(_frame(_TALK, 0, 0.0), [_face(_TALK, 0, 0.0)])
        assert Image.open(tmp_path / "x.png").width > 1000

    def test_of_several_sources_carry_their_names(self, tmp_path: Path) -> None:
        sources = [Source("a/1.jpg", "picture"), Source("b/1.jpg", "picture"), Source("ж [2].jpg", "picture"), _ABSENT]
        with _open(tmp_path / "x.png", sources) as sink:
            for source in sources:
                sink.begin(source)
                sink.write(_frame(source, error="gone" if source.problem else None), [])
                sink.end()
        assert {path.name for path in tmp_path.iterdir()} == {"x-1.jpg.png", "x-1.jpg-2.png", "x-ж__2_.jpg.png"}

    def test_never_take_the_name_of_a_source(self, tmp_path: Path) -> None:
        first, second = tmp_path / "1.jpg", tmp_path / "x-1.jpg.png"
        second.write_bytes(b"precious")
        sources = [Source(str(first), "picture"), Source(str(second), "picture")]
        with _open(tmp_path / "x.png", sources) as sink:
            sink.begin(sources[0])
            sink.write(_frame(sources[0]), [])
        assert second.read_bytes() == b"precious"
        assert (tmp_path / "x-1.jpg-2.png").exists()

    def test_of_a_source_that_cannot_be_read_there_is_none(self, tmp_path: Path) -> None:
        sources = [Source("text.mp4", "video")]
        with _open(tmp_path / "x.png", sources) as sink:
            sink.begin(sources[0])
            sink.write(_frame(sources[0], error="gone"), [Record("text.mp4", 0, None, "error")])
            sink.end()
        assert list(tmp_path.iterdir()) == []

    def test_a_timeline_needs_an_extra(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
        with pytest.raises(MissingExtraError, match=r"pip install '\.\[plots\]'"):
            _open(tmp_path / "x.png", [_TALK])
        with _open(tmp_path / "x.png", [_PHOTO, _ABSENT]) as sink:  # photos do without
            _feed_photo_and_absent(sink)
        assert (tmp_path / "x-photo.jpg.png").exists()


def _feed_photo_and_absent(sink: Sink) -> None:
    sink.begin(_PHOTO)
    sink.write(_frame(_PHOTO), [_face(_PHOTO, 0, None)])
    sink.end()
    sink.begin(_ABSENT)
    sink.write(_frame(_ABSENT, error="gone"), [Record(_ABSENT.name, 0, None, "error")])
    sink.end()


class TestVideos:
    def test_keep_the_times(self, tmp_path: Path) -> None:
        with _open(tmp_path / "x.mp4", [_TALK]) as sink:
            sink.begin(_TALK)
            for index, seconds in enumerate((0.0, 0.04, 1.5)):
                sink.write(_frame(_TALK, index, seconds), [_face(_TALK, index, seconds)])
            sink.write(_frame(_TALK, 3, None, "broken"), [Record(_TALK.name, 3, None, "error")])
            sink.end()
        frames = list(read_video(str(tmp_path / "x.mp4")))
        assert [frame.timestamp for frame in frames] == pytest.approx([0, 0.04, 1.5])
        assert frames[1].pixels.any()

    def test_after_an_error_are_readable(self, tmp_path: Path) -> None:
        with pytest.raises(KeyboardInterrupt):
            _fail_half_way(_open(tmp_path / "x.mp4", [_TALK]), _TALK)
        assert len(list(read_video(str(tmp_path / "x.mp4")))) == 2

    def test_of_several_sources_leave_photos_out(self, tmp_path: Path) -> None:
        sources = [_PHOTO, Source("a/1.mkv", "video"), Source("b/1.mkv", "video")]
        with _open(tmp_path / "x.mp4", sources) as sink:
            for source in sources:
                sink.begin(source)
                sink.write(_frame(source, 0, None if source.is_picture else 0.0), [])
                sink.end()
        assert {path.name for path in tmp_path.iterdir()} == {"x-1.mkv.mp4", "x-1.mkv-2.mp4"}

    def test_of_photos_alone_are_refused(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"needs a video; for pictures use \.png or \.jpg"):
            _open(tmp_path / "x.mp4", [_PHOTO])


class TestRefusals:
    @pytest.mark.parametrize("name", ["x", "x.xyz", ".csv", "x.csv.gz", "x.htm"])
    def test_unknown_suffixes(self, tmp_path: Path, name: str) -> None:
        with pytest.raises(UsageError, match=r"\.csv, \.jsonl, \.parquet, \.mp4, \.png, \.jpg, \.html, \.eaf, or -"):
            _open(tmp_path / name)
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet", ".png", ".mp4"])
    def test_a_missing_folder(self, tmp_path: Path, suffix: str) -> None:
        with pytest.raises(SinkError, match=r"there is no folder .*absent"):
            _open(tmp_path / "absent" / f"x{suffix}", [_TALK])

    @pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet", ".png", ".mp4"])
    def test_a_folder_of_that_name(self, tmp_path: Path, suffix: str) -> None:
        (tmp_path / f"x{suffix}").mkdir()
        with pytest.raises(SinkError, match="Is a directory"):
            _open(tmp_path / f"x{suffix}", [_TALK])

    @pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet", ".png", ".mp4"])
    def test_a_full_disk(self, tmp_path: Path, suffix: str) -> None:
        pytest.importorskip("matplotlib")
        # The rows of a Parquet file are kept beside it first.
        part = ".parquet.part.csv" if suffix == ".parquet" else suffix
        (tmp_path / f"x{part}").symlink_to("/dev/full")
        with pytest.raises(SinkError, match="No space left on device"):
            _write_a_video(tmp_path / f"x{suffix}")

    def test_a_source_is_never_overwritten(self, make_clip: MakeClip, tmp_path: Path) -> None:
        clip = make_clip("x.mp4")
        before = clip.read_bytes()
        (tmp_path / "link.mp4").symlink_to(clip)
        (tmp_path / "twin.mp4").hardlink_to(clip)
        for name in ("x.mp4", "link.mp4", "twin.mp4", "absent/../x.mp4"):
            with pytest.raises((UsageError, SinkError), match=r"is one of the sources|no folder"):
                _open(tmp_path / name, [Source(str(clip), "video")])
        assert clip.read_bytes() == before

    def test_probing_leaves_no_file(self, tmp_path: Path) -> None:
        with _open(tmp_path / "x.mp4", [_TALK]), _open(tmp_path / "x.png", [_TALK]):
            pass
        assert list(tmp_path.iterdir()) == []

    def test_an_older_result_stays_until_there_is_a_new_one(self, tmp_path: Path) -> None:
        (tmp_path / "x.mp4").write_bytes(b"old")
        with _open(tmp_path / "x.mp4", [_TALK]):
            pass
        assert (tmp_path / "x.mp4").read_bytes() == b"old"


def _write_a_video(path: Path) -> None:
    with ExitStack() as stack:
        sink = stack.enter_context(_open(path, [_TALK]))
        sink.begin(_TALK)
        for index in range(5):
            sink.write(_frame(_TALK, index, index / 25), [_face(_TALK, index, index / 25)])
        sink.end()
