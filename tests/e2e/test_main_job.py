"""The installed command and the Python API on real faces."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

import vyraz
from vyraz.pictures import read_picture

COLUMNS = [
    "source",
    "frame",
    "timestamp",
    "face_id",
    "x",
    "y",
    "width",
    "height",
    "face_score",
    "angry",
    "disgust",
    "fear",
    "happy",
    "sad",
    "surprise",
    "neutral",
    "emotion",
    "confidence",
    "status",
]
COMMAND = Path(sys.executable).with_name("vyraz")


def run(*arguments: object, stdin: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([COMMAND, *map(str, arguments)], input=stdin, capture_output=True, check=False)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))


def test_five_lines_of_python(grace_hopper: Path) -> None:
    recognizer = vyraz.Recognizer()
    (face,) = recognizer(grace_hopper)
    assert sum(face.scores.values()) == pytest.approx(1, abs=1e-5)
    assert face.confidence == max(face.scores.values())
    assert face.emotion == max(face.scores, key=face.scores.__getitem__)
    assert tuple(face.scores) == vyraz.EMOTIONS
    assert face.box is not None
    x, _, width, _ = face.box
    assert 150 < x + width / 2 < 300
    (again,) = recognizer(read_picture(grace_hopper))
    assert dict(again.scores) == dict(face.scores)
    assert recognizer(np.full((200, 200, 3), 90, dtype=np.uint8)) == []


def test_the_astronaut_smiles(astronaut: Path) -> None:
    (row,) = vyraz.analyze(astronaut)
    assert list(row) == COLUMNS
    assert row["emotion"] == "happy"
    assert row["status"] == "ok"
    assert row["timestamp"] is None


def test_haar_path(astronaut: Path) -> None:
    rows = vyraz.analyze(astronaut, detector="haar")
    assert rows[0]["emotion"] == "happy"
    assert rows[0]["face_score"] is None


@pytest.mark.parametrize("degrees", [-30, -15, 15, 30])
def test_a_tilted_head_reads_like_an_upright_one(astronaut: Path, degrees: int) -> None:
    picture = read_picture(astronaut)
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    tilted = cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    recognizer = vyraz.Recognizer()
    (upright,), (face,) = recognizer(picture), recognizer(np.asarray(tilted, dtype=np.uint8))
    assert face.emotion == upright.emotion == "happy"
    assert face.confidence == pytest.approx(upright.confidence, abs=0.1)


def test_tiny_faces_are_scored_but_uncertain(astronaut: Path) -> None:
    picture = read_picture(astronaut)[50:250, 130:330]
    recognizer = vyraz.Recognizer(min_face_score=0.5)
    statuses = []
    for side in (60, 36):
        canvas = np.full((200, 200, 3), 128, dtype=np.uint8)
        canvas[60 : 60 + side, 60 : 60 + side] = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA)
        (face,) = recognizer(canvas)
        assert face.box is not None
        assert face.emotion == "happy"
        assert face.confidence is not None
        # Not for want of confidence, then.
        assert face.confidence > recognizer.classifier.card.uncertain_below
        statuses.append((min(face.box.width, face.box.height) < 20, face.status))
    assert statuses == [(False, "ok"), (True, "uncertain")]


def test_picture_to_every_form(grace_hopper: Path, tmp_path: Path) -> None:
    done = run("analyze", grace_hopper, "-o", tmp_path / "a.csv", "-o", tmp_path / "a.jsonl", "-o", tmp_path / "a.png")
    assert done.returncode == 0, done.stderr
    (row,) = rows_of(tmp_path / "a.csv")
    assert list(row) == COLUMNS
    assert json.loads((tmp_path / "a.jsonl").read_text())["emotion"] == row["emotion"]
    drawn, plain = read_picture(tmp_path / "a.png"), read_picture(grace_hopper)
    assert drawn.shape == plain.shape
    assert (drawn != plain).any()


def test_stdin_to_stdout(grace_hopper: Path) -> None:
    done = run("analyze", "-", "-o", "-", stdin=grace_hopper.read_bytes())
    assert done.returncode == 0, done.stderr
    row = json.loads(done.stdout)
    assert list(row) == COLUMNS
    assert row["source"] == "-"


def test_terminal_table(grace_hopper: Path) -> None:
    done = run("analyze", grace_hopper)
    assert done.returncode == 0
    assert b"neutral" in done.stdout
    assert b"vyraz:" not in done.stderr


def test_demo(tmp_path: Path) -> None:
    done = run("demo", "-o", tmp_path / "demo")
    assert done.returncode == 0, done.stderr
    for name in ("grace_hopper-annotated.png", "annotated.mp4", "clip.csv", "timeline.png"):
        assert str(tmp_path / "demo" / name).encode() in done.stdout.replace(b"\n", b"")
        assert (tmp_path / "demo" / name).stat().st_size > 1000
    rows = rows_of(tmp_path / "demo" / "clip.csv")
    times = [float(row["timestamp"]) for row in rows]
    assert len({row["frame"] for row in rows}) >= 75
    assert times == sorted(times)
    assert sum(row["status"] != "no_face" for row in rows) > 0.9 * len(rows)


def test_models() -> None:
    table = json.loads(run("models", "--json").stdout)
    assert all(row["labels"][:7] == list(vyraz.EMOTIONS) for row in table.values())
    shown = run("models").stdout.decode()
    assert all(name in shown for name in table)


def test_head_pose_clip(video_folder: Path, tmp_path: Path) -> None:
    done = run(
        "analyze", video_folder / "head-pose.mp4",
        "-o", tmp_path / "o.csv", "-o", tmp_path / "o.mp4", "-o", tmp_path / "o.parquet",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = rows_of(tmp_path / "o.csv")
    by_frame: dict[int, list[dict[str, str]]] = {}
    for row in rows:
        by_frame.setdefault(int(row["frame"]), []).append(row)
    assert sorted(by_frame) == list(range(56))
    times = [float(by_frame[index][0]["timestamp"]) for index in range(56)]
    assert times == pytest.approx([index * 0.08 for index in range(56)], abs=1e-6)
    assert sum(any(row["x"] for row in found) for found in by_frame.values()) >= 54
    assert {row["face_id"] for row in rows} == {"1", "2"}
    copy = list(vyraz.Recognizer().stream(tmp_path / "o.mp4", every=8))
    assert [record.timestamp for record in copy if record.face_id == 1] == pytest.approx(times[::8], abs=1e-3)


def test_every_nth_frame(video_folder: Path) -> None:
    records = list(vyraz.Recognizer().stream(video_folder / "head-pose.mp4", every=10))
    assert sorted({record.frame for record in records}) == [0, 10, 20, 30, 40, 50]


def test_nothing_is_reported_to_anybody(grace_hopper: Path, tmp_path: Path) -> None:
    """ONNX Runtime's telemetry begins with a file in the folder for temporary files."""
    places = {"TMPDIR": str(tmp_path / "tmp"), "HOME": str(tmp_path / "home")}
    for folder in places.values():
        Path(folder).mkdir()
    # It is silent by itself where it thinks it is tested.
    outside = {name: value for name, value in os.environ.items() if name not in ("CI", "ORT_DISABLE_TELEMETRY")}
    done = subprocess.run([COMMAND, "analyze", grace_hopper], env=outside | places, capture_output=True, check=True)
    assert b"neutral" in done.stdout
    assert [path for folder in places.values() for path in Path(folder).rglob("*")] == []
