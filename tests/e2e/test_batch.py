"""`vyraz batch`: an archive with whatever archives hold, stopped and killed at any moment."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.archives import BROKEN, HANGS, KILLS, make_archive, make_clip, make_hooks
from tests.conftest import Cli
from vyraz.archive.manifest import Manifest
from vyraz.types import Pixels

VYRAZ = Path(sys.executable).with_name("vyraz")
GOOD = 14

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="processes are found by /proc")


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, face: Pixels) -> Path:
    return make_archive(tmp_path_factory.mktemp("archive") / "clips", face, GOOD)


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The environment in which the recordings that kill and hang do so."""
    return os.environ | {"PYTHONPATH": str(make_hooks(tmp_path_factory.mktemp("hooks")))}


@pytest.fixture(scope="module")
def undisturbed(archive: Path, hooks: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("undisturbed") / "out"
    done = batch(archive, out, hooks)
    assert done.returncode == 1, done.stderr
    return out


def batch(archive: Path, out: Path, env: Mapping[str, str], *options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(_command(archive, out, *options), env=dict(env), capture_output=True, text=True, check=False)


def _command(archive: Path, out: Path, *options: object) -> list[str]:
    return [str(VYRAZ), "batch", str(archive), "-d", str(out), "--jobs", "2", *map(str, options)]


def tables(out: Path) -> dict[str, Any]:
    return {path.name: pq.read_table(path) for path in sorted(out.glob("*.parquet"))}


def rows_of(out: Path) -> list[Mapping[str, Any]]:
    with Manifest(out / "manifest") as manifest:
        return list(manifest.rows())


def test_what_is_broken_is_told_and_the_rest_is_there(undisturbed: Path) -> None:
    assert len(tables(undisturbed)) == GOOD
    failed = {Path(row["source"]).name: row["error"] for row in rows_of(undisturbed) if row["state"] == "failed"}
    assert failed.keys() == {*BROKEN, KILLS}
    assert all(failed.values())
    assert "was killed by the system" in failed[KILLS]
    assert "no such file" in failed["link-to-nothing.mp4"]
    assert sorted(os.listdir(undisturbed)) == sorted([*tables(undisturbed), "manifest"])


def test_the_manifest_counts_what_the_tables_hold(undisturbed: Path) -> None:
    done = [row for row in rows_of(undisturbed) if row["state"] == "done"]
    for row in done:
        table = pq.read_table(undisturbed / row["file"]).to_pylist()
        assert {one["source"] for one in table} == {row["source"]}
        assert row["rows"] == len(table)
        assert row["persons"] == len({one["face_id"] for one in table} - {None})
        assert row["uncertain"] == sum(one["status"] == "uncertain" for one in table)
        assert sum(row["shown"].values()) == row["faces"] == sum(one["face_id"] is not None for one in table)
        assert row["seconds"] == pytest.approx(row["frames"] / 25, abs=0.01)
        assert "vyraz " in row["versions"]


def test_again_does_nothing(undisturbed: Path, archive: Path, hooks: Mapping[str, str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in undisturbed.glob("*.parquet")}
    finished = [row["finished"] for row in rows_of(undisturbed)]
    began = time.monotonic()
    done = batch(archive, undisturbed, hooks)
    assert time.monotonic() - began < 5
    assert done.returncode == 1
    assert "were done before" in done.stderr
    assert {path: path.stat().st_mtime_ns for path in undisturbed.glob("*.parquet")} == before
    assert [row["finished"] for row in rows_of(undisturbed)] == finished


def test_the_tables_are_those_of_analyze(undisturbed: Path, archive: Path, tmp_path: Path, cli: Cli) -> None:
    source = archive / "day-1" / "talk-0001.mp4"
    assert cli("analyze", source, "-o", tmp_path / "x.parquet").exit_code == 0
    (name,) = (row["file"] for row in rows_of(undisturbed) if row["source"] == str(source))
    assert pq.read_table(undisturbed / name).equals(pq.read_table(tmp_path / "x.parquet"))


def test_killed_at_random_moments(undisturbed: Path, archive: Path, hooks: Mapping[str, str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    for kill in (_driver, _worker, _driver):
        process = subprocess.Popen(_command(archive, out, "-q"), env=dict(hooks), stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(1.0, 3.0))
        kill(process)
        process.wait()
    assert batch(archive, out, hooks, "--retry-failed").returncode == 1
    assert tables(out).keys() == tables(undisturbed).keys()
    assert all(table.equals(tables(undisturbed)[name]) for name, table in tables(out).items())
    assert sorted(os.listdir(out)) == sorted(os.listdir(undisturbed))


def _driver(process: "subprocess.Popen[bytes]") -> None:
    """Its workers must be gone, too, soon after."""
    workers = _children(process.pid)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 5
    while any(Path(f"/proc/{worker}/status").exists() for worker in workers):
        assert time.monotonic() < deadline, "a worker outlives its driver"
        time.sleep(0.05)


def _worker(process: "subprocess.Popen[bytes]") -> None:
    for worker in _children(process.pid)[:1]:
        os.kill(worker, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    return [int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()]


def test_a_worker_that_is_killed_once_is_no_loss(face: Pixels, hooks: Mapping[str, str], tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    make_clip(tmp_path / "clips" / "long.mp4", face, 600)
    process = subprocess.Popen(_command(tmp_path / "clips", tmp_path / "out"), env=dict(hooks))
    _wait(lambda: any((tmp_path / "out" / ".work").glob("tmp-*")))
    _worker(process)
    assert process.wait() == 0


def test_ctrl_c_says_how_to_go_on(archive: Path, hooks: Mapping[str, str], tmp_path: Path) -> None:
    out = tmp_path / "out"
    process = subprocess.Popen(_command(archive, out), env=dict(hooks), stderr=subprocess.PIPE, text=True)
    _wait(lambda: any(out.glob("*.parquet")))
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=10)
    assert process.returncode == 130
    assert "stopped after" in said.splitlines()[-1]
    assert "the same command goes on" in said.splitlines()[-1]
    assert "Traceback" not in said
    assert batch(archive, out, hooks).returncode == 1
    assert len(tables(out)) == GOOD
    assert not (out / ".work").exists()


def test_a_second_run_is_refused(face: Pixels, hooks: Mapping[str, str], tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    make_clip(tmp_path / "clips" / "long.mp4", face, 600)
    first = subprocess.Popen(_command(tmp_path / "clips", tmp_path / "out"), env=dict(hooks))
    _wait(lambda: any((tmp_path / "out" / ".work").glob("tmp-*")))
    second = batch(tmp_path / "clips", tmp_path / "out", hooks)
    assert second.returncode == 2
    assert second.stderr.count("\n") == 1
    assert "another vyraz batch is at work there" in second.stderr
    assert first.wait() == 0


def _wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_time_limit(face: Pixels, hooks: Mapping[str, str], tmp_path: Path) -> None:
    (tmp_path / "clips").mkdir()
    for name in (HANGS, "well.mp4"):
        make_clip(tmp_path / "clips" / name, face, 8)
    done = batch(tmp_path / "clips", tmp_path / "out", hooks, "--time-limit", 3)
    assert done.returncode == 1
    assert "took longer than the time limit of 3 s" in done.stderr
    assert len(tables(tmp_path / "out")) == 1
