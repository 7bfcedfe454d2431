"""Requests: what they give, who may ask, and how much."""

import csv
import io
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import vyraz
from tests.conftest import MakeClip
from tests.live.conftest import Serve
from vyraz.live import jobs
from vyraz.types import Pixels

PLAIN = {"content-type": "application/json"}


def ended(client: TestClient, number: str, seconds: float = 60) -> dict[str, Any]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        status: dict[str, Any] = client.get(f"/api/jobs/{number}").json()
        if status["state"] not in ("waiting", "running"):
            return status
        time.sleep(0.05)
    raise AssertionError("the job did not end")


class TestAPicture:
    def test_gives_the_rows_of_the_table(self, client: TestClient, jpeg: bytes, tmp_path: Path) -> None:
        (tmp_path / "x.jpg").write_bytes(jpeg)
        answer = client.post("/api/analyze", files={"file": jpeg}).json()
        (row,), (expected,) = answer["records"], vyraz.analyze(tmp_path / "x.jpg")
        assert (answer["width"], answer["height"]) == (205, 240)
        assert answer["labels"] == list(vyraz.EMOTIONS)
        assert {**row, "source": expected["source"], "frame": 0} == {**expected, "label": expected["emotion"]}

    def test_options(self, client: TestClient, jpeg: bytes) -> None:
        answer = client.post("/api/analyze", files={"file": jpeg}, data={"detector": "haar", "model": "p"}).json()
        assert answer["records"][0]["face_score"] is None
        strict = client.post("/api/analyze", files={"file": jpeg}, data={"min_face_score": "0.99"}).json()
        assert strict["records"] == []

    @pytest.mark.parametrize(
        ("data", "status", "words"),
        [
            ({"model": "nobody"}, 422, "no model is called 'nobody'"),
            ({"model": "/etc/passwd"}, 422, "no model is called"),
            ({"model": "../../x.onnx"}, 422, "no model is called"),
            ({"detector": "nobody"}, 422, "no detector is called"),
            ({"min_face_score": "7"}, 422, "min_face_score"),
            ({"detector": "haar", "min_face_score": "0.5"}, 422, "haar gives faces no score"),
            ({"model": "x" * 2000}, 400, "part exceeded"),
        ],
    )
    def test_wrong_options(
        self, client: TestClient, jpeg: bytes, data: dict[str, str], status: int, words: str
    ) -> None:
        answer = client.post("/api/analyze", files={"file": jpeg}, data=data)
        assert answer.status_code == status
        assert words in answer.json()["detail"].lower() or words in answer.json()["detail"]

    @pytest.mark.parametrize("data", [b"", b"no picture", b"\xff\xd8\xff\xe0 cut off"])
    def test_bad_pictures(self, client: TestClient, data: bytes) -> None:
        answer = client.post("/api/analyze", files={"file": data})
        assert answer.status_code == 400
        assert answer.json()["detail"].startswith("the picture: ")

    def test_without_a_file(self, client: TestClient) -> None:
        assert client.post("/api/analyze", data={"model": "small"}).status_code == 422

    def test_limits(self, serve: Serve, jpeg: bytes) -> None:
        client = serve(limits={"picture_bytes": 1000, "picture_pixels": 10})
        assert client.post("/api/analyze", files={"file": b"x" * 50_000}).status_code == 413
        assert serve(limits={"picture_pixels": 1000}).post("/api/analyze", files={"file": jpeg}).status_code == 400
        assert client.post("/api/models", content=b"x" * 100_000, headers=PLAIN).status_code in (405, 413)


class TestAVideo:
    @pytest.fixture
    def clip(self, make_clip: MakeClip, face: Pixels) -> Path:
        return make_clip("talk.mp4", times=[i / 10 for i in range(20)], pictures=[face[:, :204]] * 20)

    def test_gives_the_table_of_the_command(self, client: TestClient, clip: Path) -> None:
        job = client.post("/api/jobs", files={"file": ("talk.mp4", clip.read_bytes())}).json()
        status = ended(client, job["id"])
        assert (status["state"], status["frames"], status["total"], status["message"]) == ("done", 20, 20, "")
        expected = [{**row, "source": "talk.mp4"} for row in vyraz.analyze(clip)]
        lines = client.get(f"/api/jobs/{job['id']}/result?format=jsonl").text.splitlines()
        assert [json.loads(line) for line in lines] == expected
        rows = list(csv.DictReader(io.StringIO(client.get(f"/api/jobs/{job['id']}/result").text)))
        assert [float(row["happy"]) for row in rows] == [row["happy"] for row in expected]
        assert {row["source"] for row in rows} == {"talk.mp4"}

    def test_options(self, client: TestClient, clip: Path) -> None:
        job = client.post("/api/jobs", files={"file": clip.read_bytes()}, data={"every": "5", "smooth": "0"}).json()
        ended(client, job["id"])
        rows = [json.loads(line) for line in client.get(f"/api/jobs/{job['id']}/result?format=jsonl").text.splitlines()]
        assert [row["frame"] for row in rows] == [0, 5, 10, 15]
        assert "happy_smooth" not in rows[0]

    def test_that_is_none_fails_in_words(self, client: TestClient) -> None:
        job = client.post("/api/jobs", files={"file": b"no video"}).json()
        status = ended(client, job["id"])
        assert status["state"] == "failed"
        assert "not a video" in status["message"]
        assert "vyraz-job" not in json.dumps(status)

    def test_is_forgotten_when_deleted(self, client: TestClient, clip: Path) -> None:
        before = folders()
        job = client.post("/api/jobs", files={"file": clip.read_bytes()}).json()
        ended(client, job["id"])
        assert client.delete(f"/api/jobs/{job['id']}").status_code == 204
        assert client.get(f"/api/jobs/{job['id']}").status_code == 404
        assert folders() == before

    def test_is_cancelled_while_it_runs(self, serve: Serve, make_clip: MakeClip, face: Pixels) -> None:
        before = folders()
        long = make_clip(times=[i / 10 for i in range(400)], pictures=[face[:, :204]] * 400, gop=200)
        client = serve(limits={"jobs_running": 1, "jobs": 2})
        running, waiting = (
            client.post("/api/jobs", files={"file": long.read_bytes()}, data={"detector": "haar"}).json()
            for _ in range(2)
        )
        assert client.post("/api/jobs", files={"file": long.read_bytes()}).status_code == 503
        assert "vyraz_jobs 2.0" in client.get("/metrics").text
        for job in (waiting, running):
            assert client.delete(f"/api/jobs/{job['id']}").status_code == 204
        wait(lambda: folders() == before)

    def test_nothing_is_left_behind(self, serve: Serve, clip: Path) -> None:
        before = folders()
        with serve() as client:
            job = client.post("/api/jobs", files={"file": clip.read_bytes()}).json()
            ended(client, job["id"])
            assert folders() != before
        wait(lambda: folders() == before)

    def test_old_results_are_forgotten(self, serve: Serve, clip: Path) -> None:
        client = serve(limits={"job_seconds_kept": 0.0})
        job = client.post("/api/jobs", files={"file": clip.read_bytes()}).json()
        wait(lambda: client.get(f"/api/jobs/{job['id']}").status_code == 404)

    def test_folders_of_servers_that_were_killed_are_swept(self, serve: Serve) -> None:
        dead = Path(tempfile.gettempdir()) / "vyraz-job-999999999-x"
        dead.mkdir(exist_ok=True)
        serve()
        assert not dead.exists()


def folders() -> set[str]:
    return {path.name for path in Path(tempfile.gettempdir()).glob(f"{jobs._PREFIX}*")}


def wait(happened: Any, seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


class TestWhoMayAsk:
    def test_headers_of_every_answer(self, client: TestClient) -> None:
        for path in ("/", "/api/models", "/nowhere"):
            headers = client.get(path).headers
            assert "default-src 'self'" in headers["content-security-policy"]
            assert "unsafe" not in headers["content-security-policy"]
            assert headers["x-content-type-options"] == "nosniff"

    def test_other_origins_are_refused(self, client: TestClient, jpeg: bytes) -> None:
        for origin in ("https://evil.example", "null", "http://127.0.0.1:9", "http://[::1"):
            assert client.post("/api/analyze", files={"file": jpeg}, headers={"origin": origin}).status_code == 403
        ours = {"origin": "http://127.0.0.1:8000"}
        assert client.post("/api/analyze", files={"file": jpeg}, headers=ours).status_code == 200

    def test_other_names_of_this_machine_are_refused(self, client: TestClient) -> None:
        assert client.get("/healthz", headers={"host": "evil.example"}).status_code == 403
        assert client.get("/healthz", headers={"host": "localhost:8000"}).status_code == 200

    def test_the_token(self, serve: Serve, jpeg: bytes) -> None:
        client = serve(host="0.0.0.0", token="secret")
        open_to_all = ("/", "/healthz", "/api/settings")
        assert {client.get(path).status_code for path in open_to_all} == {200}
        assert client.get("/api/settings").json()["token_needed"]
        for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Basic secret"}):
            assert client.get("/api/models", headers=headers).status_code == 401
            assert client.get("/metrics", headers=headers).status_code == 401
            assert client.post("/api/analyze", files={"file": jpeg}, headers=headers).status_code == 401
        right = {"authorization": "Bearer secret"}
        assert client.get("/api/models", headers=right).status_code == 200
        assert client.post("/api/analyze", files={"file": jpeg}, headers=right).status_code == 200


def test_models_and_health(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    rows = {row["name"]: row for row in client.get("/api/models").json()}
    assert rows["small"]["parameters"] == vyraz.models.facts("small")["parameters"]
    assert client.get("/openapi.json").json()["info"]["title"] == "vyraz"
