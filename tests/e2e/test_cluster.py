"""`vyraz batch --engine ray` on a cluster of two nodes on this machine, one of which goes away; and Ctrl-C."""

import importlib.util
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.archives import BROKEN, make_archive, make_hooks
from tests.conftest import Cli
from vyraz.types import Pixels

VYRAZ = Path(sys.executable).with_name("vyraz")
GOOD = 16

pytestmark = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="ray is not installed")


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Two nodes of one core each; processes of theirs are killed by the recording that does so."""
    from ray.cluster_utils import Cluster

    monkeypatch.setenv("PYTHONPATH", str(make_hooks(tmp_path / "hooks")))
    nodes: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 100 * 2**20}
    made = Cluster(initialize_head=True, head_node_args=nodes)
    made.add_node(**nodes)
    yield made
    made.shutdown()
    # Ray would look for this cluster again, for minutes.
    Path("/tmp/ray/ray_current_cluster").unlink(missing_ok=True)


def test_same_tables_when_stopped_and_when_a_node_goes_away(
    cluster: Any, face: Pixels, tmp_path: Path, cli: Cli
) -> None:
    archive, here, there = make_archive(tmp_path / "clips", face, GOOD), tmp_path / "here", tmp_path / "there"
    assert cli("batch", archive, "-d", here, "--jobs", 2, "-q").exit_code == 1
    asked = ["batch", archive, "-d", there, "--engine", "ray", "--address", cluster.address, "-q"]
    said = _stop([str(VYRAZ), *map(str, asked)], there)
    assert "the same command goes on" in said
    assert "Traceback" not in said
    leaving = threading.Thread(target=_remove_later, args=(cluster, there))
    leaving.start()
    done = cli(*asked)
    leaving.join()
    assert done.exit_code == 1
    assert f"{GOOD} done, {len(BROKEN) + 1} failed" in done.stdout
    assert "was killed by the system" in done.stderr
    tables = {path.name: pq.read_table(path) for path in here.glob("*.parquet")}
    assert {path.name: pq.read_table(path) for path in there.glob("*.parquet")} == tables
    assert len(cluster.list_all_nodes()) == 1
    assert sorted(os.listdir(there)) == sorted(os.listdir(here))


def _stop(command: list[str], out: Path) -> str:
    """Ctrl-C once there is a result; what is said then."""
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    _wait_for(out, 1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130, said
    return said


def _remove_later(cluster: Any, out: Path) -> None:
    """Once half of the results are there."""
    _wait_for(out, GOOD // 2)
    cluster.remove_node(cluster.worker_nodes.copy().pop())


def _wait_for(out: Path, results: int) -> None:
    deadline = time.monotonic() + 60
    while len(list(out.glob("*.parquet"))) < results and time.monotonic() < deadline:
        time.sleep(0.05)


def test_a_cluster_that_is_not_there(tmp_path: Path, face: Pixels, cli: Cli) -> None:
    make_archive(tmp_path / "clips", face, 1)
    done = cli("batch", tmp_path / "clips", "-d", tmp_path / "out", "--engine", "ray", "--address", "nonsense")
    assert done.exit_code == 1
    assert "cannot be reached" in done.stderr
