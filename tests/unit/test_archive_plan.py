"""Which recordings there are, and what their results are called."""

from pathlib import Path

import pytest

from vyraz.archive.plan import plan
from vyraz.errors import UsageError


@pytest.fixture
def clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two recordings of the same name, a deeper one, and what is none."""
    monkeypatch.chdir(tmp_path)
    for name in ("a/talk.mp4", "b/talk.mp4", "b/c/d/late.MKV", "a/notes.txt", "b/photo.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    return tmp_path


def sources(*names: str) -> list[str]:
    return [one.source for one in plan(names)]


@pytest.mark.usefixtures("clips")
def test_a_folder_is_all_recordings_below_it() -> None:
    assert sources("b") == ["b/talk.mp4", "b/c/d/late.MKV"]


@pytest.mark.usefixtures("clips")
def test_a_glob() -> None:
    assert sources("*/talk.*") == ["a/talk.mp4", "b/talk.mp4"]
    assert sources("**/*") == ["a/talk.mp4", "b/c/d/late.MKV", "b/talk.mp4"]


def test_a_list_is_read_from_its_own_folder(clips: Path) -> None:
    (clips / "a" / "list.txt").write_text("talk.mp4\n\n../b/talk.mp4\ngone.mp4\n")
    assert [one.path for one in plan(["a/list.txt"])] == [
        str(clips / name) for name in ("a/talk.mp4", "b/talk.mp4", "a/gone.mp4")
    ]


def test_a_table_gives_ids(clips: Path) -> None:
    (clips / "all.csv").write_text("id,age,path\nP 01,30,a/talk.mp4\nP/02,31,b/talk.mp4\n,,b/c/d/late.MKV\n")
    found = plan(["all.csv"])
    assert [one.source for one in found] == ["P 01", "P/02", "b/c/d/late.MKV"]
    assert found[0].result.startswith("P_01-")
    assert all("/" not in one.result for one in found)


@pytest.mark.usefixtures("clips")
def test_results_have_names_of_their_own_however_they_are_named() -> None:
    found = plan(["a", "b", "./a", "a/talk.mp4", str(Path("a").absolute())])
    assert len(found) == len({one.result for one in found}) == 3
    assert [one.result for one in found[:2]] == [plan(["a"])[0].result, plan(["b/talk.mp4"])[0].result]


def test_names_that_look_the_same_stay_apart(tmp_path: Path) -> None:
    for name in ("é.mp4", "è.mp4", "É.mp4", "?.mp4", "_.mp4", "x" * 200 + "1.mp4", "x" * 200 + "2.mp4"):
        (tmp_path / name).write_bytes(b"x")
    names = {one.result.lower() for one in plan([str(tmp_path)])}
    assert len(names) == 7
    assert all(name.isascii() and len(name) < 120 for name in names)


def test_a_file_that_changes_is_known_to_have_changed(clips: Path) -> None:
    (before,) = plan(["a"])
    (clips / "a" / "talk.mp4").write_bytes(b"xy")
    (after,) = plan(["a"])
    assert before.result == after.result
    assert (before.size, before.changed) != (after.size, after.changed)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["nowhere"], "nowhere: no such file"),
        (["*.avi"], "no recordings there"),
        (["a/none.csv"], "no column named path"),
        (["a/twice.csv"], "the id of two recordings"),
        (["rtsp://camera/1"], "has no end"),
    ],
)
def test_mistakes(clips: Path, names: list[str], words: str) -> None:
    (clips / "a" / "none.csv").write_text("name\ntalk.mp4\n")
    (clips / "a" / "twice.csv").write_text("id,path\nx,talk.mp4\nx,../b/talk.mp4\n")
    with pytest.raises(UsageError, match=words):
        plan(names)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    (tmp_path / b"\xff.mp4".decode("utf-8", "surrogateescape")).write_bytes(b"x")
    (one,) = plan([str(tmp_path)])
    assert one.result.isascii()
