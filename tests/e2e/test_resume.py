"""An analysis that is interrupted goes on as if nothing had happened."""

import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from vyraz import journal, pipeline
from vyraz.cli import app
from vyraz.console import AnalysisProgress
from vyraz.encode import VideoWriter
from vyraz.types import Frame, Pixels, Record

VYRAZ = Path(sys.executable).with_name("vyraz")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory, face: Pixels) -> Path:
    """A face that wanders, goes and comes back: 120 frames."""
    path = tmp_path_factory.mktemp("clips") / "wander.mp4"
    writer = VideoWriter(path)
    for index in range(120):
        picture = face if index // 40 != 1 else face[::-1]
        writer.write(np.ascontiguousarray(picture[index % 7 :, index % 5 :][:220, :190]), index / 25)
    writer.close()
    return path


def analyze(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["analyze", *map(str, arguments), "-q"])


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Save whenever it is possible."""
    monkeypatch.setattr(journal, "_EVERY", 0.0)


def interrupt(monkeypatch: pytest.MonkeyPatch, at: int, arguments: Sequence[str | Path]) -> None:
    """Run until a frame, and stop there as by a kill: without closing anything in order."""
    show = AnalysisProgress.frame

    def stop(self: AnalysisProgress, frame: Frame, records: Sequence[Record]) -> None:
        if frame.index == at:
            raise MemoryError
        show(self, frame, records)

    with monkeypatch.context() as patch:
        patch.setattr(AnalysisProgress, "frame", stop)
        assert isinstance(analyze(*arguments).exception, MemoryError)


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize("at", [0, 1, 23, 41, 77, 119])
@pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet"])
def test_resumed_table_equals_an_uninterrupted_one(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int, suffix: str
) -> None:
    whole, parts = tmp_path / f"whole{suffix}", tmp_path / f"parts{suffix}"
    assert analyze(clip, "-o", whole).exit_code == 0
    interrupt(monkeypatch, at, [clip, "-o", parts])
    done = analyze(clip, "-o", parts, "--resume")
    assert done.exit_code == 0, done.output
    if suffix == ".parquet":
        assert pq.read_table(parts).equals(pq.read_table(whole))
    else:
        assert parts.read_bytes() == whole.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([whole.name, parts.name])


@pytest.mark.usefixtures("often")
def test_interrupted_twice_and_with_several_sources(
    clip: Path, grace_hopper: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = [grace_hopper, clip, tmp_path / "nothing.mp4", clip]
    whole, parts = tmp_path / "whole.csv", tmp_path / "parts.csv"
    expected = analyze(*sources, "-o", whole)
    for at in (30, 60):
        interrupt(monkeypatch, at, [*sources, "-o", parts, "--resume"])
    done = analyze(*sources, "-o", parts, "--resume")
    assert parts.read_bytes() == whole.read_bytes()
    assert done.exit_code == expected.exit_code == 1


@pytest.mark.usefixtures("often")
def test_interrupted_parquet_is_readable(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupt(monkeypatch, 100, [clip, "-o", tmp_path / "x.parquet"])
    assert 80 < pq.read_table(tmp_path / "x.parquet").num_rows <= 101


@pytest.mark.usefixtures("often")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        (["--every", "2"], "other settings"),
        (["--model", "MODEL"], "other settings"),
        (["-o", "y.jsonl"], "other results"),
    ],
    ids=["every", "model", "results"],
)
def test_other_settings_are_refused(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: list[str], words: str
) -> None:
    from vyraz.models import model_file

    monkeypatch.chdir(tmp_path)
    (tmp_path / "other.onnx").write_bytes(model_file("small").read_bytes())
    interrupt(monkeypatch, 50, [clip, "-o", "x.csv"])
    before = (tmp_path / "x.csv").read_bytes()
    done = analyze(clip, "-o", "x.csv", *["other.onnx" if word == "MODEL" else word for word in change], "--resume")
    assert done.exit_code == 2
    assert words in done.stderr
    assert (tmp_path / "x.csv").read_bytes() == before


@pytest.mark.usefixtures("often")
def test_damage_is_told(clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table, state = tmp_path / "x.csv", tmp_path / "x.csv.resume.json"
    interrupt(monkeypatch, 80, [clip, "-o", table])
    table.write_bytes(table.read_bytes()[:100])
    assert "shorter than it was" in analyze(clip, "-o", table, "--resume").stderr
    state.write_text("{")
    assert "start anew" in analyze(clip, "-o", table, "--resume").stderr


def test_what_is_complete_stays(clip: Path, tmp_path: Path) -> None:
    assert analyze(clip, "-o", tmp_path / "x.csv").exit_code == 0
    before = (tmp_path / "x.csv").read_bytes()
    done = analyze(clip, "-o", tmp_path / "x.csv", "--resume")
    assert (done.exit_code, (tmp_path / "x.csv").read_bytes()) == (0, before)
    assert "complete" in done.stderr


def test_drawings_cannot_be_gone_on_with(clip: Path, tmp_path: Path) -> None:
    done = analyze(clip, "-o", tmp_path / "x.csv", "-o", tmp_path / "x.mp4", "--resume")
    assert done.exit_code == 2
    assert "only tables" in done.stderr


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system cannot kill with SIGKILL")
def test_killed_at_random_moments(video_folder: Path, tmp_path: Path) -> None:
    sources = [video_folder / name for name in ("sign-language.mkv", "head-pose.mp4", "classroom.mp4")]
    whole, parts = tmp_path / "whole.csv", tmp_path / "parts.csv"
    assert analyze(*sources, "-o", whole).exit_code == 0
    for _ in range(4):
        process = subprocess.Popen([VYRAZ, "analyze", *sources, "-o", parts, "-q", "--resume"])
        time.sleep(random.uniform(0.8, 3.0))
        process.kill()
        process.wait()
    assert analyze(*sources, "-o", parts, "--resume").exit_code == 0
    assert parts.read_bytes() == whole.read_bytes()


def test_the_pipeline_needs_no_journal(clip: Path) -> None:
    import vyraz
    from vyraz.sources import expand

    sources = expand([str(clip)])
    assert pipeline.run(vyraz.Recognizer(), sources, [], AnalysisProgress(sources, quiet=True), every=20) == 0
