"""The Python of the documents, run as it stands there."""

import csv
import re
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.conftest import MakeClip
from vyraz.dataset import load_faces
from vyraz.types import Pixels

DOCS = Path(__file__).parents[2] / "docs"


def code_of(name: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (DOCS / name).read_text(encoding="utf-8"), re.DOTALL)


def test_from_python(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    face: Pixels,
    make_clip: MakeClip,
) -> None:
    pytest.importorskip("pandas", reason="the document makes a table of pandas")
    monkeypatch.chdir(tmp_path)
    cv2.imwrite("photo.jpg", np.ascontiguousarray(face[..., ::-1]))
    cv2.imwrite("face.png", np.ascontiguousarray(face[40:130, 60:150, ::-1]))
    make_clip("clip.mp4", times=(0, 0.04, 0.08), pictures=[face[:, :204]] * 3)
    whole, cropped = code_of("python.md")
    found: dict[str, Any] = {}
    exec(compile(whole + cropped, "python.md", "exec"), found)
    assert len(found["faces"]) == 1
    assert list(found["table"].status) == ["ok"] * 3
    assert np.sum(found["scores"]) == pytest.approx(1, abs=1e-5)
    assert len(capsys.readouterr().out.splitlines()) == 1 + 3 + 1


def test_kaggles_file_and_the_votes_become_an_npz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (3, 48, 48), dtype=np.uint8)
    votes = rng.integers(0, 11, (3, 10), dtype=np.uint8)
    usage = ["Training", "PublicTest", "PrivateTest"]
    with Path("fer2013.csv").open("w", newline="") as kaggle, Path("fer2013new.csv").open("w", newline="") as raters:
        csv.writer(kaggle).writerow(["emotion", "Usage", "pixels"])
        csv.writer(raters).writerow(["Usage", "Image name", *"abcdefghij"])
        for index in range(3):
            csv.writer(kaggle).writerow([index, usage[index], " ".join(map(str, images[index].ravel()))])
            csv.writer(raters).writerow([usage[index], f"fer{index:07}.png", *votes[index]])
    (code,) = code_of("training.md")
    exec(compile(code, "training.md", "exec"), {})
    faces = load_faces(Path("fer2013.npz"))
    np.testing.assert_array_equal(faces.images, images)
    np.testing.assert_array_equal(faces.votes, votes)
    assert (faces.labels.tolist(), faces.usage.tolist()) == ([0, 1, 2], usage)
