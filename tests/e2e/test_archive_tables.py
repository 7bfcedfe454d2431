"""The results of an archive are one data set, and the documents' queries work on it."""

import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests import archives
from tests.conftest import Cli, MakeClip
from vyraz.types import Pixels

DOCUMENT = Path(__file__).parents[2] / "docs" / "archives.md"


def test_one_data_set(make_clip: MakeClip, tmp_path: Path, face: Pixels, cli: Cli) -> None:
    """Also where one recording shows nobody."""
    duckdb, polars, pandas = (pytest.importorskip(name) for name in ("duckdb", "polars", "pandas"))
    make_clip("nobody.mp4")
    archives.make_clip(tmp_path / "somebody.mp4", face, 5)
    assert cli("batch", tmp_path, "-d", tmp_path / "out", "--jobs", 1, "-q").exit_code == 0
    files = sorted((tmp_path / "out").glob("*.parquet"))
    assert len({pq.read_schema(path) for path in files}) == 1
    rows = sum(pq.read_table(path).num_rows for path in files)
    pattern = str(tmp_path / "out" / "*.parquet")
    counts = duckdb.sql(f"SELECT count(*), count(DISTINCT source), count(happy) FROM '{pattern}'").fetchall()
    assert counts == [(rows, 2, rows - 10)]
    assert polars.read_parquet(pattern).shape[0] == rows
    assert pandas.concat(map(pandas.read_parquet, files)).shape[0] == rows


def test_queries_of_the_document(tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    duckdb = pytest.importorskip("duckdb")
    monkeypatch.chdir(tmp_path)
    for command in re.findall(r"^    vyraz (demo|batch demo .*|batch --summary demo.*)$", DOCUMENT.read_text(), re.M):
        assert cli(*command.split(), "-q").exit_code == 0
    queries = re.findall(r"```sql\n(.+?)```", DOCUMENT.read_text(), re.DOTALL)
    found: list[list[Any]] = [duckdb.sql(query).fetchall() for query in queries]
    assert len(found) == 3
    assert all(found)
    shares, moments, usable = found
    assert sum(row[-1] for row in shares) == pytest.approx(len({row[0] for row in shares}), abs=0.01)
    assert moments[0][-1] > 0.9  # the astronaut smiles
    assert {row[0] for row in usable} == {"demo/annotated.mp4", "demo/clip.mp4"}
