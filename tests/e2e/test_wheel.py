"""The wheel holds what a user needs, and works from where it is installed."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "-w", str(folder), str(ROOT)], check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_contents(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for needed in (
        "py.typed",
        "models/facts.json",
        "models/small.onnx",
        "models/a.onnx",
        "models/c.onnx",
        "models/p.onnx",
        "models/yunet.onnx",
        "live/page/index.html",
        "live/page/app.js",
        "cli/app.py",
        "training/fit.py",
        "templates/report.js",
    ):
        assert f"vyraz/{needed}" in names
    assert not [name for name in names if name.startswith(("tests", "benchmarks", "tools")) or "__pycache__" in name]
    assert wheel.stat().st_size < 20e6


def test_it_works_where_it_is_installed(wheel: Path, tmp_path: Path, grace_hopper: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = f"import vyraz; print(vyraz.__file__, vyraz.Recognizer()({str(grace_hopper)!r})[0].emotion)"
    environment = {"PYTHONPATH": str(tmp_path / "site"), "PATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment, cwd=tmp_path
    )
    where, emotion = done.stdout.split()
    assert where.startswith(str(tmp_path))
    assert emotion
