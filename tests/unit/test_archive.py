"""Settings, manifest, store, and the one who minds a worker."""

import csv
import json
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.archives import make_clip
from tests.conftest import Cli
from vyraz import monitor
from vyraz.archive.hand import Hand, Limit
from vyraz.archive.manifest import Manifest, locked
from vyraz.archive.plan import plan
from vyraz.archive.store import open_store
from vyraz.archive.task import Outcome, Settings, Task
from vyraz.errors import ArchiveError, MissingExtraError, SinkError, UsageError
from vyraz.types import Pixels


@pytest.fixture
def clips(tmp_path: Path, face: Pixels) -> Path:
    (tmp_path / "clips").mkdir()
    for seed, name in enumerate(("one.mp4", "two.mp4")):
        make_clip(tmp_path / "clips" / name, face, 4, seed=seed)
    return tmp_path / "clips"


def files(out: Path) -> set[str]:
    return {path.name for path in out.iterdir() if path.is_file()}


def test_other_settings_do_it_again_and_leave_nothing_of_before(clips: Path, tmp_path: Path, cli: Cli) -> None:
    out = tmp_path / "out"
    for options, suffix in ((["--format", "csv"], ".csv"), ([], ".parquet"), (["--smooth", "0"], ".parquet")):
        assert "2 done" in cli("batch", clips, "-d", out, "--jobs", 1, "-q", *options).stdout
        assert {Path(name).suffix for name in files(out)} == {suffix}
        assert len(files(out)) == 2
    assert all("happy_smooth" not in pq.read_schema(out / name).names for name in files(out))


def test_what_changed_or_went_or_is_new_is_done(clips: Path, tmp_path: Path, cli: Cli, face: Pixels) -> None:
    out = tmp_path / "out"

    def done() -> set[str]:
        before = {path: path.stat().st_mtime_ns for path in out.glob("*.parquet")}
        assert cli("batch", clips, "-d", out, "--jobs", 1, "-q").exit_code == 0
        return {path.name[:9] for path in out.glob("*.parquet") if path.stat().st_mtime_ns != before.get(path)}

    assert done() == {"clips-one", "clips-two"}
    assert done() == set()
    next(out.glob("clips-one*")).unlink()
    assert done() == {"clips-one"}
    make_clip(clips / "two.mp4", face, 6)
    make_clip(clips / "new.mp4", face, 4)
    assert done() == {"clips-two", "clips-new"}


def test_failed_ones_wait_to_be_asked_for(clips: Path, tmp_path: Path, cli: Cli) -> None:
    out, broken = tmp_path / "out", clips / "two.mp4"
    whole = broken.read_bytes()
    broken.write_bytes(b"")
    assert cli("batch", clips, "-d", out, "--jobs", 1).exit_code == 1
    assert "two.mp4" not in cli("batch", clips, "-d", out, "--jobs", 1).stderr
    assert "two.mp4: is not a video" in cli("batch", clips, "-d", out, "--jobs", 1, "--retry-failed").stderr
    broken.write_bytes(whole)
    assert cli("batch", clips, "-d", out, "--jobs", 1).exit_code == 0


def test_one_of_which_the_end_is_missing_is_partial(clips: Path, tmp_path: Path, cli: Cli, face: Pixels) -> None:
    long = make_clip(tmp_path / "long.mkv", face, 120)
    (clips / "two.mkv").write_bytes(long.read_bytes()[: long.stat().st_size // 2])
    out = tmp_path / "out"
    done = cli("batch", clips, "-d", out, "--jobs", 1)
    assert done.exit_code == 1
    assert "2 done, 1 partial" in done.stdout
    assert "two.mkv: " in done.stderr
    statuses = pq.read_table(next(out.glob("*two.mkv*"))).column("status").to_pylist()
    assert statuses[0] != "error"
    assert statuses[-1] == "error"


def test_ids_of_a_table_are_what_rows_say(clips: Path, tmp_path: Path, cli: Cli) -> None:
    (clips / "all.csv").write_text("id,path\nP01,one.mp4\nP02,two.mp4\n")
    assert cli("batch", clips / "all.csv", "-d", tmp_path / "out", "--jobs", 1, "-q").exit_code == 0
    tables = [pq.read_table(tmp_path / "out" / name) for name in sorted(files(tmp_path / "out"))]
    assert [set(table.column("source").to_pylist()) for table in tables] == [{"P01"}, {"P02"}]


def test_summary(clips: Path, tmp_path: Path, cli: Cli) -> None:
    (clips / "empty.mp4").write_bytes(b"")
    cli("batch", clips, "-d", tmp_path / "out", "--jobs", 1, "-q")
    shown = cli("batch", "--summary", tmp_path / "out")
    assert shown.exit_code == 0
    assert "3 recordings: 2 done, 0 partial, 1 failed, 0 pending" in shown.stdout
    with (tmp_path / "out" / "manifest" / "summary.csv").open(newline="") as file:
        empty, one, _ = csv.DictReader(file)
    assert (empty["state"], empty["persons"], empty["no_face"]) == ("failed", "0", "")
    assert "is not a video" in empty["error"]
    assert (one["frames"], one["persons"], one["no_face"]) == ("4", "1", "0.0")
    assert sum(float(one[label]) for label in ("neutral", "sad", "happy") if one.get(label)) == pytest.approx(1)
    assert float(one["speed"]) > 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "say which recordings"),
        (["CLIPS"], "say which recordings"),
        (["CLIPS", "-d", "OUT", "--format", "xlsx"], "no such form"),
        (["CLIPS", "-d", "OUT", "--engine", "slurm"], "there are local and ray"),
        (["CLIPS", "-d", "OUT", "--model", "large"], "large"),
        (["CLIPS", "-d", "OUT", "--jobs", "0"], "jobs"),
        (["nowhere", "-d", "OUT"], "no such file or folder"),
        (["CLIPS", "-d", "s3://bucket/out"], "--manifest"),
        (["--summary", "CLIPS"], "there is no manifest"),
    ],
)
def test_mistakes(clips: Path, tmp_path: Path, cli: Cli, arguments: list[str], words: str) -> None:
    named = {"CLIPS": str(clips), "OUT": str(tmp_path / "out")}
    done = cli("batch", *(named.get(word, word) for word in arguments))
    assert done.exit_code == 2
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_url_of_results(clips: Path, tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("fsspec")
    out, here = tmp_path / "far", tmp_path / "here"
    options = ["--jobs", 1, "-q", "--manifest", tmp_path / "manifest"]
    assert cli("batch", clips, "-d", out.as_uri(), *options).exit_code == 0
    assert cli("batch", clips, "-d", here, "--jobs", 1, "-q").exit_code == 0
    assert files(out) == files(here)
    assert all(pq.read_table(out / name).equals(pq.read_table(here / name)) for name in files(here))
    assert "2 of 2" in cli("batch", clips, "-d", out.as_uri(), *options[:2], *options[3:]).stderr
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(MissingExtraError, match="cluster"):
        open_store(out.as_uri())


@pytest.mark.parametrize("url", [False, True])
def test_a_store_has_whole_files_or_none(tmp_path: Path, url: bool) -> None:
    if url:
        pytest.importorskip("fsspec")
    store = open_store(tmp_path.as_uri() if url else str(tmp_path))
    with pytest.raises(SinkError), store.writing("a.txt") as path:
        raise SinkError(path.write_text("half"))
    assert not store.has("a.txt")
    with store.writing("below/b.txt") as path:
        path.write_text("whole")
    with store.writing("a.txt") as path:
        path.write_text("whole")
    with store.read("below/b.txt") as file:
        assert file.read() == "whole"
    assert {"a.txt", "below"} <= store.names() <= {"a.txt", "below", ".work"}
    for _ in range(2):
        store.remove("a.txt")
        store.clear("below")
    assert store.names() <= {".work"}


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SinkError):
        open_store(str(tmp_path / "file" / "out"))
    with pytest.raises(SinkError), locked(tmp_path / "file" / "manifest", "out"):
        pass


def test_the_lock_is_free_again(tmp_path: Path) -> None:
    with locked(tmp_path, "out"), pytest.raises(UsageError, match="out: another"), locked(tmp_path, "out"):
        pass
    with locked(tmp_path, "out"):
        pass


def test_a_damaged_manifest(tmp_path: Path) -> None:
    (tmp_path / "recordings.sqlite").write_bytes(b"not a database" * 100)
    with pytest.raises(SinkError, match=r"recordings\.sqlite"):
        Manifest(tmp_path)


def test_a_name_that_is_no_text_is_entered(tmp_path: Path) -> None:
    (tmp_path / b"\xff.mp4".decode("utf-8", "surrogateescape")).write_bytes(b"x")
    recordings = plan([str(tmp_path)])
    with Manifest(tmp_path, "digest") as manifest:
        assert manifest.register(recordings, set(), retry=False) == recordings
        manifest.finish(recordings[0], Outcome(error=recordings[0].path), None)
        assert manifest.register(recordings, set(), retry=False) == []
        assert next(manifest.rows())["source"].endswith("\N{REPLACEMENT CHARACTER}.mp4")


def test_the_digest_is_of_the_model_not_of_its_name(tmp_path: Path) -> None:
    settings = Settings()
    assert settings.digest("a") == Settings(model=str(tmp_path / "x.onnx")).digest("a")
    others = [Settings(detector="haar"), Settings(every=2), Settings(smooth=0.1), Settings(form="csv")]
    assert len({one.digest("a") for one in others} | {settings.digest("a"), settings.digest("b")}) == 6


def test_workers_that_cannot_start() -> None:
    hand = Hand(Settings(model="large"), Limit())
    with pytest.raises(ArchiveError, match=r"cannot be started: .*large"):
        hand.do(Task("whole", "x.mp4", "x", "out", "x.parquet", 1))


def test_a_disk_that_is_full_ends_the_run(clips: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    hand = Hand(Settings(), Limit())
    with pytest.raises(SinkError, match="file"):
        hand.do(Task("whole", str(clips / "one.mp4"), "x", str(tmp_path / "file" / "out"), "x.parquet", 1))
    hand.close()


def test_limits() -> None:
    assert (Limit(5).to_begin, Limit(5).of(None), Limit(5).of(1e9)) == (5, 5, 5)
    assert Limit().of(3600) == 600 + 20 * 3600
    assert Limit().of(None) > Limit().to_begin == 600


def test_tasks_pass_as_lines() -> None:
    task = Task("join", "\udcff.mp4", "x" * 10_000, "out", "name", 7, 1.5, None, ("a", "b"))
    assert Task.parse(task.line()) == task
    assert "\n" not in task.line()
    assert json.loads(task.line())["kind"] == "join"


def test_progress_is_a_line_a_minute(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    now = [0.0]
    monkeypatch.setattr("vyraz.monitor.time.monotonic", lambda: now[0])
    one = plan([__file__])[0]
    with monitor.BatchProgress(quiet=False) as progress:
        progress.begin(4, 3, 300)
        for number in range(2):
            now[0] += 45
            task = Task("whole", "x", "x", "out", f"{number}", 100)
            progress.beat(task, 100.0)
            progress.passed(task, 1800.0)
            progress.finished(one, Outcome("done"))
    first, line = capsys.readouterr().err.splitlines()
    assert "1 of 4 recordings were done before" in first
    assert line.endswith("1/3 recordings  0.53 h of footage  21x real time  3 min left")
