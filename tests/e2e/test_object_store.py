"""`vyraz batch -d s3://...`: an object store, which has no folders and no names for what is not complete."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.archives import make_clip
from tests.conftest import Cli
from vyraz.types import Pixels

s3fs = pytest.importorskip("s3fs")
moto = pytest.importorskip("moto.server")


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL")
    for name, value in zip(names, ("somebody", "secret", "us-east-1", f"http://{host}:{port}"), strict=True):
        monkeypatch.setenv(name, value)
    yield "s3://lab/results"
    server.stop()


def test_results_in_an_object_store(store: str, face: Pixels, tmp_path: Path, cli: Cli) -> None:
    (tmp_path / "clips").mkdir()
    make_clip(tmp_path / "clips" / "long.mp4", face, 400)
    make_clip(tmp_path / "clips" / "short.mp4", face, 20)
    options = ["--split", 0.1, "--jobs", 1, "-q"]
    asked = ["batch", tmp_path / "clips", "-d", store, "--manifest", tmp_path / "manifest", *options]
    assert cli(*asked).exit_code == 0
    assert cli("batch", tmp_path / "clips", "-d", tmp_path / "here", *options).exit_code == 0
    here = {path.name: pq.read_table(path) for path in (tmp_path / "here").glob("*.parquet")}
    files = s3fs.S3FileSystem()
    there = {path.rsplit("/", 1)[-1]: pq.read_table(files.open(path)) for path in files.find("lab")}
    assert there == here
    assert len(here) == 2
    assert "2 of 2 recordings were done before" in cli(*asked[:-1]).stderr
