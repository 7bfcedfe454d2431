"""The report as a browser shows it, where one is installed, and the options that ask for it."""

import csv
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Cli, MakeClip, complaints
from vyraz.types import Pixels


@pytest.fixture
def talk(make_clip: MakeClip, face: Pixels) -> Path:
    return make_clip("talk <b>&.mp4", times=[i / 5 for i in range(15)], pictures=[face[:, :204]] * 15)


def _dom(page: Path) -> str:
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        pytest.skip("no browser is installed")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=3000", "--dump-dom"]
    command = [browser, *options, page.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout


def test_report_segments_and_annotations(cli: Cli, talk: Path, tmp_path: Path) -> None:
    pytest.importorskip("pympi")
    page, tiers, table = tmp_path / "x.html", tmp_path / "x.eaf", tmp_path / "x.csv"
    result = cli("analyze", talk, "-o", page, "-o", tiers, "--segments", table, "--quiet")
    assert (result.exit_code, result.stdout, complaints(result)) == (0, "", [])
    rows = list(csv.DictReader(table.open(newline="", encoding="utf-8")))
    assert {row["face_id"] for row in rows} == {"1"}
    assert sum(int(row["frames"]) for row in rows) == 15
    assert tiers.read_text(encoding="utf-8").count("<ANNOTATION>") == len(rows)
    assert "/9j/" in page.read_text(encoding="utf-8")
    dom = _dom(page)
    assert dom.count('<article class="person"') == 1
    assert len(re.findall(r"<tr>", dom)) == 1 + len(rows)
    assert "Mean while seen" in dom
    assert "<h1>talk &lt;b&gt;&amp;.mp4</h1>" in dom


def test_no_faces(cli: Cli, talk: Path, tmp_path: Path) -> None:
    assert cli("analyze", talk, "-o", tmp_path / "x.html", "--no-faces", "--quiet").exit_code == 0
    assert "/9j/" not in (tmp_path / "x.html").read_text(encoding="utf-8")


def test_blurring_what_shows_no_picture_is_refused(cli: Cli, talk: Path, tmp_path: Path) -> None:
    """Or a table would be taken for anonymised."""
    result = cli("analyze", talk, "-o", tmp_path / "x.csv", "--blur")
    assert result.exit_code == 2
    assert "--blur is for results that show pictures" in complaints(result)[0]
    assert not (tmp_path / "x.csv").exists()


def test_one_file_for_two_results_is_refused(cli: Cli, talk: Path, tmp_path: Path) -> None:
    result = cli("analyze", talk, "-o", tmp_path / "x.csv", "--segments", tmp_path / "x.csv")
    assert result.exit_code == 2
    assert "asked for twice" in complaints(result)[0]
