"""The report and the annotation files: self-contained, escaped, bounded, and what was read is in them."""

import base64
import csv
import io
import json
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vyraz.draw import COLOURS
from vyraz.errors import MissingExtraError, SinkError, UsageError
from vyraz.moments import thumbnail
from vyraz.overview import Overview
from vyraz.sinks import Setup, Sink, open_segments, open_sink
from vyraz.sources import Source
from vyraz.types import EMOTIONS, Box, Frame, Pixels, Record, Status

_PHOTO = Source("photo.jpg", "picture")
_TALK = Source("talk.mp4", "video")
_HOSTILE = "<script>alert('1')<!--&@@data@@\udcff.mp4"


def _noise(seed: int = 0) -> Pixels:
    return np.random.default_rng(seed).integers(0, 255, (96, 128, 3), dtype=np.uint8)


def _face(source: Source, seconds: float | None, label: str, number: int = 1, **more: Any) -> Record:
    score = more.pop("score", 0.7)
    rest = dict.fromkeys(EMOTIONS, (1 - score) / 6) | {label: score}
    status: Status = more.pop("status", "ok")
    box = Box(40 * number - 20, 30, 30, 36)
    return Record(source.name, 0, seconds, status, number, box, 0.9, MappingProxyType(rest))


def _feed(sink: Sink, source: Source = _TALK, pixels: Pixels | None = None) -> None:
    """Person 1: happy, then sad and uncertain; person 2: neutral, late. Then nobody, then a broken frame."""
    sink.begin(source)
    for index in range(100):
        seconds = index / 25
        mood: tuple[str, Status] = ("happy", "ok") if index < 50 else ("sad", "uncertain")
        records = [_face(source, seconds, mood[0], status=mood[1])]
        records += [_face(source, seconds, "neutral", 2)] if index >= 75 else []
        sink.write(Frame(_noise() if pixels is None else pixels, index, seconds, source.name), records)
    sink.write(Frame(_noise(), 100, 4.0, source.name), [Record(source.name, 100, 4.0, "no_face")])
    broken = Frame(np.zeros((0, 0, 3), dtype=np.uint8), 101, None, source.name, "broken")
    sink.write(broken, [Record(source.name, 101, None, "error", message="broken")])
    sink.end()


class _Page(HTMLParser):
    """Elements with their attributes, and the text of scripts and titles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        tag, attributes = self.elements[-1] if self.elements else ("", {})
        key = attributes.get("id") or tag
        self.texts[key] = self.texts.get(key, "") + data


def _report(tmp_path: Path, source: Source = _TALK, **options: Any) -> tuple[str, dict[str, Any]]:
    path = tmp_path / "talk.html"
    with open_sink(str(path), [source], Setup(**options)) as sink:
        _feed(sink, source)
    text = path.read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(_Page(text).texts["data"])
    return text, data


class TestReport:
    def test_holds_people_segments_and_settings(self, tmp_path: Path) -> None:
        _, data = _report(tmp_path, about={"Model": "small", "Smoothing": "0.4 s"})
        assert [person["id"] for person in data["people"]] == [1, 2]
        happy, sad, neutral = (EMOTIONS.index(name) for name in ("happy", "sad", "neutral"))
        assert [row[:4] for row in data["segments"]] == [
            [1, 0.0, 2.0, happy],
            [1, 2.0, 4.0, sad],
            [2, 3.0, 4.0, neutral],
        ]
        assert [row[4:] for row in data["segments"]] == [[0.7, 50, 0.0], [0.7, 50, 1.0], [0.7, 25, 0.0]]
        assert data["counts"] == {"frames": 102, "empty": 1, "unreadable": 1, "faces": 125, "uncertain": 50}
        assert data["about"] == {"Model": "small", "Smoothing": "0.4 s"}
        assert (data["source"], data["start"], data["end"]) == ("talk.mp4", 0.0, 4.0)

    def test_shares_are_of_time_and_leave_doubt_apart(self, tmp_path: Path) -> None:
        _, data = _report(tmp_path)
        assert data["people"][0]["shares"] == [0, 0, 0, 0.5, 0, 0, 0, 0.5]
        assert data["people"][1]["shares"] == [0, 0, 0, 0, 0, 0, 1, 0]

    def test_scores_over_time(self, tmp_path: Path) -> None:
        _, data = _report(tmp_path)
        bins = np.frombuffer(base64.b64decode(data["people"][0]["bins"]), dtype=np.uint8).reshape(-1, 8)
        seen = bins[bins[:, 0] < 255] / 250
        assert seen[:, :7].sum(axis=1) == pytest.approx(1, abs=0.02)
        assert seen[0, 3] == seen[-1, 4] == 0.7
        assert (seen[0, 7], seen[-1, 7]) == (0, 1)

    def test_colours_are_those_of_every_picture(self, tmp_path: Path) -> None:
        _, data = _report(tmp_path)
        assert data["colours"] == ["#{:02x}{:02x}{:02x}".format(*COLOURS[label]) for label in EMOTIONS]

    def test_moments_are_strong_certain_apart_and_not_neutral(self) -> None:
        overview = Overview(EMOTIONS)
        for index in range(1000):
            strong = 0.9 if index in (100, 130, 500) else 0.5
            label, status = ("neutral", "ok") if index > 660 else ("happy", "uncertain" if index == 600 else "ok")
            record = _face(_TALK, index / 10, label, score=0.99 if index >= 600 else strong, status=status)
            overview.take(Frame(_noise(), index, index / 10, "talk.mp4"), [record])
        found = overview.data()["people"][0]["moments"]
        times = [one["t"] for one in found]
        assert {10.0, 13.0, 50.0, 60.1} <= set(times)
        assert 60.0 not in times
        assert max(times) <= 66
        assert len(times) == 6
        assert min(np.diff(times)) >= 3

    def test_faces_are_small_jpegs(self, tmp_path: Path) -> None:
        _, data = _report(tmp_path)
        (moment,) = data["people"][0]["moments"]
        assert Image.open(io.BytesIO(base64.b64decode(moment["jpeg"]))).size == (96, 96)
        assert data["people"][1]["moments"] == []
        assert data["people"][1]["jpeg"]

    def test_without_faces_there_is_no_picture(self, tmp_path: Path) -> None:
        text, data = _report(tmp_path, faces=False)
        assert "/9j/" not in text  # how every JPEG begins in base64
        assert len(data["people"][0]["moments"]) == 1
        assert not data["people"][0]["moments"][0]["jpeg"]

    def test_blurred_faces_cannot_be_told(self) -> None:
        pixels, record = _noise(), _face(_TALK, 0.0, "happy", 2)
        sharp, blurred = (
            np.asarray(Image.open(io.BytesIO(thumbnail(pixels, record, blur=blur))).convert("L"), dtype=float)
            for blur in (False, True)
        )
        inside = slice(24, 72), slice(24, 72)
        assert np.abs(np.diff(blurred[inside])).mean() < 0.25 * np.abs(np.diff(sharp[inside])).mean()

    @pytest.mark.parametrize("box", [Box(-20, -20, 30, 30), Box(120, 90, 60, 60), Box(0, 0, 500, 500)])
    def test_faces_at_the_edge_have_a_picture(self, box: Box) -> None:
        record = Record("a", 0, 0.0, "ok", 1, box)
        assert Image.open(io.BytesIO(thumbnail(_noise(), record, blur=True))).size == (96, 96)

    def test_loads_nothing(self, tmp_path: Path) -> None:
        text, _ = _report(tmp_path)
        text = re.sub('"(bins|jpeg)":"[^"]*"', "", text)  # base64 may hold any word
        assert not re.search(r"https?:|//[a-z]|@import|url\(|\bfetch\b|XMLHttp|WebSocket|\bimport\b", text)
        page = _Page(text)
        assert {tag for tag, attributes in page.elements if "src" in attributes or "href" in attributes} == set()
        (policy,) = (one["content"] or "" for tag, one in page.elements if one.get("http-equiv"))
        assert policy.startswith("default-src 'none'; script-src 'sha256-")
        assert "unsafe" not in policy

    @pytest.mark.parametrize("name", [_HOSTILE, "http://example.org/a</title><b>.mp4", "лицо 😀 \u2028.mp4", "0"])
    def test_names_are_text(self, tmp_path: Path, name: str) -> None:
        plain, _ = _report(tmp_path)
        text, data = _report(tmp_path, Source(name, "video"))
        assert [tag for tag, _ in _Page(text).elements] == [tag for tag, _ in _Page(plain).elements]
        shown = Path(name).name.replace("\udcff", "\ufffd")
        assert data["source"] == shown
        assert _Page(text).texts["h1"].strip() == shown

    def test_of_a_recording_without_faces(self, tmp_path: Path) -> None:
        with open_sink(str(tmp_path / "x.html"), [_TALK]) as sink:
            sink.begin(_TALK)
            sink.write(Frame(_noise(), 0, 0.0, "talk.mp4"), [Record("talk.mp4", 0, 0.0, "no_face")])
        data = json.loads(_Page((tmp_path / "x.html").read_text()).texts["data"])
        assert (data["people"], data["segments"], data["found"]) == ([], [], 0)

    def test_of_8_hours_stays_small(self) -> None:
        overview, pixels = Overview(EMOTIONS), _noise()
        for index in range(28_800):
            # Somebody new every minute, and one who stays.
            label = EMOTIONS[index % 5]
            records = [_face(_TALK, float(index), label), _face(_TALK, float(index), "sad", 2 + index // 60)]
            overview.take(Frame(pixels, index, float(index), "talk.mp4"), records)
        data = overview.data()
        assert len(json.dumps(data)) < 3_000_000  # noise makes JPEGs three times as large as faces
        assert len(data["people"]) <= 51  # 40, and whoever was seen in the last seconds
        assert data["found"] == 481
        assert data["people"][0]["frames"] == 28_800
        assert len(data["segments"]) == 2000
        assert data["left_out"] > 20_000

    def test_several_recordings_have_one_each(self, tmp_path: Path) -> None:
        sources = [Source("a/1.mp4", "video"), _PHOTO, Source("b/1.mp4", "video")]
        with open_sink(str(tmp_path / "x.html"), sources) as sink:
            _feed(sink, sources[0])
            sink.begin(_PHOTO)
            sink.write(Frame(_noise(), 0, None, "photo.jpg"), [_face(_PHOTO, None, "happy")])
            sink.end()
            _feed(sink, sources[2])
        assert {path.name for path in tmp_path.iterdir()} == {"x-1.mp4.html", "x-1.mp4-2.html"}

    def test_of_an_interrupted_job_is_written(self, tmp_path: Path) -> None:
        with open_sink(str(tmp_path / "x.html"), [_TALK]) as sink:
            sink.begin(_TALK)
            sink.write(Frame(_noise(), 0, 0.0, "talk.mp4"), [_face(_TALK, 0.0, "happy")])
        assert len(json.loads(_Page((tmp_path / "x.html").read_text()).texts["data"])["people"]) == 1


class TestElan:
    @pytest.fixture(autouse=True)
    def _reader(self) -> None:
        self.elan: Any = pytest.importorskip("pympi").Eaf

    def test_opens_again(self, tmp_path: Path) -> None:
        clip = tmp_path / "my talk ж.mp4"
        source = Source(str(clip), "video")
        with open_sink(str(tmp_path / "x.eaf"), [source]) as sink:
            _feed(sink, source)
        eaf = self.elan(str(tmp_path / "x.eaf"))
        assert list(eaf.get_tier_names()) == ["person 1", "person 2"]
        assert sorted(eaf.get_annotation_data_for_tier("person 1")) == [(0, 2000, "happy"), (2000, 4000, "sad")]
        assert eaf.get_annotation_data_for_tier("person 2") == [(3000, 4000, "neutral")]
        (media,) = eaf.get_linked_files()
        assert media["MEDIA_URL"] == clip.as_uri()
        assert media["RELATIVE_MEDIA_URL"] == "./my%20talk%20%D0%B6.mp4"
        assert media["MIME_TYPE"] == "video/mp4"

    def test_annotations_are_at_least_a_millisecond_and_apart(self, tmp_path: Path) -> None:
        with open_sink(str(tmp_path / "x.eaf"), [_TALK]) as sink:
            sink.begin(_TALK)
            for index in range(5):
                seconds = index / 10_000
                sink.write(Frame(_noise(), index, seconds, "talk.mp4"), [_face(_TALK, seconds, EMOTIONS[index])])
        rows = sorted(self.elan(str(tmp_path / "x.eaf")).get_annotation_data_for_tier("person 1"))
        assert rows == [(at, at + 1, EMOTIONS[at]) for at in range(5)]

    def test_an_older_file_is_replaced_and_its_neighbours_stay(self, tmp_path: Path) -> None:
        (tmp_path / "x.eaf").write_text("old")
        (tmp_path / "x.bak").write_text("precious")
        with open_sink(str(tmp_path / "x.eaf"), [_TALK]) as sink:
            _feed(sink)
        assert (tmp_path / "x.bak").read_text() == "precious"
        assert list(self.elan(str(tmp_path / "x.eaf")).get_tier_names()) == ["person 1", "person 2"]

    def test_a_cameras_password_is_not_passed_on(self, tmp_path: Path) -> None:
        source = Source("rtsp://me:secret@camera.local/live", "url")
        with open_sink(str(tmp_path / "x.eaf"), [source]) as sink:
            _feed(sink, source)
        (media,) = self.elan(str(tmp_path / "x.eaf")).get_linked_files()
        assert media["MEDIA_URL"] == "rtsp://camera.local/live"

    def test_needs_an_extra(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(__import__("sys").modules, "pympi", None)
        with pytest.raises(MissingExtraError, match=r"pip install '\.\[elan\]'"):
            open_sink(str(tmp_path / "x.eaf"), [_TALK])


class TestSegmentsTable:
    def _rows(self, path: Path) -> list[list[str]]:
        return list(csv.reader(path.open(newline="", encoding="utf-8")))

    def test_holds_all_sources(self, tmp_path: Path) -> None:
        other = Source(_HOSTILE, "video")
        with open_segments(str(tmp_path / "x.csv"), [_TALK, _PHOTO, other]) as sink:
            _feed(sink)
            sink.begin(_PHOTO)
            sink.write(Frame(_noise(), 0, None, "photo.jpg"), [_face(_PHOTO, None, "happy")])
            sink.end()
            _feed(sink, other)
        head, *rows = self._rows(tmp_path / "x.csv")
        assert head == ["source", "face_id", "start", "end", "emotion", "confidence", "frames", "uncertain"]
        assert rows[0] == ["talk.mp4", "1", "0.0", "2.0", "happy", "0.7", "50", "0.0"]
        assert [row[0] for row in rows] == ["talk.mp4"] * 3 + [_HOSTILE.replace("\udcff", "\ufffd")] * 3

    def test_is_on_disk_as_soon_as_a_segment_is_over(self, tmp_path: Path) -> None:
        with open_segments(str(tmp_path / "x.csv"), [_TALK]) as sink:
            sink.begin(_TALK)
            for index, label in enumerate(("happy", "sad", "fear")):
                sink.write(Frame(_noise(), index, index / 25, "talk.mp4"), [_face(_TALK, index / 25, label)])
            assert [row[4] for row in self._rows(tmp_path / "x.csv")] == ["emotion", "happy", "sad"]
        assert [row[4] for row in self._rows(tmp_path / "x.csv")] == ["emotion", "happy", "sad", "fear"]

    def test_is_a_csv(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match=r"--segments a name that ends in \.csv"):
            open_segments(str(tmp_path / "x.parquet"), [_TALK])


class TestRefusals:
    @pytest.mark.parametrize("suffix", [".html", ".eaf", ".csv"])
    def test_of_photos_alone(self, tmp_path: Path, suffix: str) -> None:
        with pytest.raises(UsageError, match=r"needs? a video; for pictures use \.png or \.jpg"):
            self._open(tmp_path / f"x{suffix}", [_PHOTO])
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("suffix", [".html", ".eaf", ".csv"])
    def test_of_places_that_cannot_be_written(self, tmp_path: Path, suffix: str) -> None:
        with pytest.raises(SinkError, match=r"there is no folder .*absent"):
            self._open(tmp_path / "absent" / f"x{suffix}", [_TALK])
        (tmp_path / f"full{suffix}").symlink_to("/dev/full")
        with pytest.raises(SinkError, match="No space left on device"):
            self._fill(tmp_path / f"full{suffix}")

    def _fill(self, path: Path) -> None:
        with self._open(path, [_TALK]) as sink:
            _feed(sink)

    def _open(self, path: Path, sources: Sequence[Source]) -> Sink:
        return (open_segments if path.suffix == ".csv" else open_sink)(str(path), sources)
