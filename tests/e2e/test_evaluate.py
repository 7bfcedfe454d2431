"""vyraz evaluate on every form of data set."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from vyraz.cli import app
from vyraz.types import EMOTIONS

FIELDS = {
    "model", "data", "split", "count", "accuracy", "macro_f1", "per_class", "confusion", "nll", "ece", "brier",
    "coverage", "certain_accuracy", "votes_kl", "mirrored", "truth", "parameters", "macs", "bytes", "ms_per_face",
}  # fmt: skip


def evaluate(*arguments: object) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["evaluate", "--json", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    report: dict[str, Any] = json.loads(done.stdout)
    return report


@pytest.fixture(scope="module")
def faces() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(5)
    return rng.integers(0, 256, (21, 48, 48), dtype=np.uint8), np.arange(21) % 7


@pytest.fixture(scope="module")
def sets(faces: tuple[np.ndarray, np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("sets")
    images, labels = faces
    np.savez(folder / "a.npz", images=images, emotion=labels.astype(np.int8))
    with (folder / "a.csv").open("w") as handle:
        handle.write("emotion,pixels\n")
        for image, label in zip(images, labels, strict=True):
            handle.write(f"{label},{' '.join(map(str, image.ravel()))}\n")
    for index, (image, label) in enumerate(zip(images, labels, strict=True)):
        inner = folder / "a" / EMOTIONS[label]
        inner.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(inner / f"{index}.png"), image)
    return {"npz": folder / "a.npz", "csv": folder / "a.csv", "folder": folder / "a"}


def test_all_forms_give_the_same_report(sets: dict[str, Path]) -> None:
    reports = [evaluate("--data", path) for path in sets.values()]
    assert set(reports[0]) == FIELDS
    for report in reports:
        assert report["count"] == 21
        assert report["accuracy"] == np.trace(report["confusion"]) / 21
        assert report["per_class"] == reports[0]["per_class"]
        assert report["nll"] == pytest.approx(reports[0]["nll"], rel=1e-5)
        assert np.sum(report["confusion"], axis=1).tolist() == [3] * 7


def test_ignored_classes_are_left_out(sets: dict[str, Path]) -> None:
    for path in sets.values():
        report = evaluate("--data", path, "--ignore", "happy", "--ignore", "sad")
        assert report["count"] == 15
        assert report["per_class"]["happy"] is None


def test_faces_are_found_first(grace_hopper: Path, astronaut: Path, tmp_path: Path) -> None:
    for name, source in (("neutral", grace_hopper), ("happiness", astronaut)):
        (tmp_path / name).mkdir()
        (tmp_path / name / source.name).write_bytes(source.read_bytes())
    cv2.imwrite(str(tmp_path / "neutral" / "blank.png"), np.full((200, 200, 3), 128, dtype=np.uint8))
    report = evaluate("--data", tmp_path, "--detect")
    assert report["not_found"] == 1
    assert report["count"] == 3
    assert report["accuracy"] == pytest.approx(2 / 3)
    assert report["per_class"]["neutral"] == pytest.approx(1 / 2)
    assert np.sum(report["confusion"]) == 2


def test_several_sets_and_models_give_a_list(sets: dict[str, Path]) -> None:
    arguments = ["--json", "--model", "small", "--model", "small", "--data", sets["npz"], "--data", sets["csv"]]
    done = CliRunner().invoke(app, ["evaluate", *map(str, arguments)])
    assert done.exit_code == 0, done.output
    reports = json.loads(done.stdout)
    assert [report["data"] for report in reports] == [str(sets[name]) for name in ("npz", "npz", "csv", "csv")]
    assert all(set(report) == FIELDS and report["count"] == 21 for report in reports)


def test_one_bad_set_of_several_loses_nothing(sets: dict[str, Path], tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["evaluate", "--data", str(tmp_path / "none.csv"), "--data", str(sets["npz"])])
    assert done.exit_code == 1
    assert "none.csv" in done.stderr
    assert "21" in done.stdout


def test_table(sets: dict[str, Path]) -> None:
    done = CliRunner().invoke(app, ["evaluate", "--data", str(sets["npz"])])
    assert done.exit_code == 0
    assert "accuracy" in done.stdout
    assert "21 pictures" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--data", "missing.csv"], 1, "no such data set"),
        (["--data", "{npz}", "--split", "Test"], 2, "PublicTest"),
        (["--data", "{npz}", "--model", "huge"], 2, "small"),
        (["--data", "{npz}", "--detect"], 2, "folder"),
    ],
)
def test_mistakes(arguments: list[str], code: int, words: str, sets: dict[str, Path]) -> None:
    done = CliRunner().invoke(app, ["evaluate", *(word.format(**sets) for word in arguments)])
    assert done.exit_code == code
    assert words in done.stderr
    assert done.stderr.startswith("vyraz: ")
    assert done.stderr.count("\n") == 1
