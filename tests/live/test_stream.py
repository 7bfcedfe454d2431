"""The stream of one client: frames in, records out, the newest first."""

import json
import threading
import time
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from tests.live.conftest import Serve, encoded, framed
from vyraz.errors import UsageError
from vyraz.live.frames import Picture, Start
from vyraz.types import EMOTIONS, Pixels

START = {"type": "start"}
STREAM, CAMERA = "ws://127.0.0.1:8000/api/stream", "ws://127.0.0.1:8000/api/camera"


def begun(socket: WebSocketTestSession, **options: Any) -> dict[str, Any]:
    socket.send_json(START | options)
    ready: dict[str, Any] = socket.receive_json()
    return ready


def closing(client: TestClient, *messages: str | bytes, path: str = STREAM) -> tuple[int, str]:
    with client.websocket_connect(path) as socket:
        for message in messages:
            socket.send_bytes(message) if isinstance(message, bytes) else socket.send_text(message)
        try:
            while True:
                socket.receive_json()
        except WebSocketDisconnect as end:
            return end.code, end.reason


def test_frames_are_answered_with_tracks_and_smoothed_scores(client: TestClient, jpeg: bytes) -> None:
    with client.websocket_connect(STREAM) as socket:
        ready = begun(socket)
        assert ready["labels"] == list(EMOTIONS)
        assert (ready["type"], ready["model"], ready["detector"]) == ("ready", "small", "yunet")
        for number in range(3):
            socket.send_bytes(framed(number, number / 10, jpeg))
            answer = socket.receive_json()
            (row,) = answer["records"]
            assert (answer["type"], answer["number"], answer["width"], answer["height"]) == ("result", number, 205, 240)
            assert row["face_id"] == 1
            assert row["timestamp"] == pytest.approx(number / 10)
            assert sum(row[f"{name}_smooth"] for name in EMOTIONS) == pytest.approx(1, abs=1e-4)
            assert row["label"] in EMOTIONS
            assert set(answer["ms"]) == {"waiting", "decoding", "recognizing"}


def test_nobody_is_an_empty_list(client: TestClient) -> None:
    with client.websocket_connect(STREAM) as socket:
        begun(socket)
        socket.send_bytes(framed(1, 0.0, encoded(np.zeros((48, 64, 3), np.uint8))))
        assert socket.receive_json()["records"] == []


def test_other_options_at_any_time(client: TestClient, jpeg: bytes) -> None:
    with client.websocket_connect(STREAM) as socket:
        begun(socket)
        socket.send_bytes(framed(1, 5.0, jpeg))
        socket.receive_json()
        ready = begun(socket, model="p", detector="haar", smooth=0)
        assert (ready["model"], ready["detector"], ready["smooth"]) == ("p", "haar", 0)
        socket.send_bytes(framed(2, 1.0, jpeg))
        (row,) = socket.receive_json()["records"]
        assert (row["face_id"], row["timestamp"]) == (1, 1.0)
        assert "happy_smooth" not in row


def test_stale_frames_are_dropped(client: TestClient, face: Pixels) -> None:
    large = encoded(np.tile(face, (6, 6, 1)))
    with client.websocket_connect(STREAM) as socket:
        begun(socket)
        for number in range(20):
            socket.send_bytes(framed(number, number / 10, large))
        answers = [socket.receive_json() for _ in range(20)]
    assert sorted(answer["number"] for answer in answers) == list(range(20))
    assert answers[-1]["type"] == "result"
    assert answers[-1]["number"] == 19
    assert any(answer["type"] == "dropped" for answer in answers)


@pytest.mark.parametrize("picture", [b"x", b"\xff\xd8\xff\xe0 cut off", b"GIF89a"])
def test_a_bad_picture_is_told_and_the_stream_goes_on(client: TestClient, jpeg: bytes, picture: bytes) -> None:
    with client.websocket_connect(STREAM) as socket:
        begun(socket)
        socket.send_bytes(framed(1, 0.0, picture))
        answer = socket.receive_json()
        assert (answer["type"], answer["number"]) == ("error", 1)
        socket.send_bytes(framed(2, 0.1, jpeg))
        assert socket.receive_json()["type"] == "result"


def test_times_that_do_not_rise(client: TestClient, jpeg: bytes) -> None:
    with client.websocket_connect(STREAM) as socket:
        begun(socket)
        times = []
        for number, seconds in enumerate([1.0, 1.0, 0.5, -3.0, 1e300]):
            socket.send_bytes(framed(number, seconds, jpeg))
            times.append(socket.receive_json()["records"][0]["timestamp"])
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("messages", "code", "words"),
    [
        (["hello"], 1008, "a stream begins with"),
        (["[]"], 1008, "a stream begins with"),
        (["{}"], 1008, "a stream begins with"),
        ([b"\0" * 20], 1008, "a stream begins with"),
        (['{"type": "start", "model": "nobody"}'], 1008, "no model is called"),
        (['{"type": "start", "model": "/etc/passwd"}'], 1008, "no model is called"),
        (['{"type": "start", "model": 7}'], 1008, "must be text"),
        (['{"type": "start", "smooth": -1}'], 1008, "smooth must lie"),
        (['{"type": "start", "smooth": NaN}'], 1008, "smooth must lie"),
        (['{"type": "start"}', b"short"], 1008, "a frame is 12 bytes and a picture"),
        (['{"type": "start"}', framed(0, float("nan"), b"x")], 1008, "finite"),
        (["[" * 100_000], 1008, "a stream begins with"),
    ],
)
def test_what_is_no_stream_is_closed_in_words(
    client: TestClient, messages: list[str | bytes], code: int, words: str
) -> None:
    closed, reason = closing(client, *messages)
    assert closed == code
    assert words in reason


def test_the_token(serve: Serve) -> None:
    client = serve(host="0.0.0.0", token="secret")
    assert closing(client, json.dumps(START))[0] == 4401
    assert closing(client, json.dumps(START | {"token": "wrong"}))[0] == 4401
    with client.websocket_connect(STREAM) as socket:
        assert begun(socket, token="secret")["type"] == "ready"


def test_other_origins_are_refused(client: TestClient) -> None:
    for headers in ({"origin": "https://evil.example"}, {"host": "evil.example"}):
        with pytest.raises(WebSocketDisconnect), client.websocket_connect(STREAM, headers=headers):
            pass


def test_no_more_streams_than_may_be(serve: Serve) -> None:
    client = serve(limits={"streams": 1})
    with client.websocket_connect(STREAM) as socket:
        begun(socket)
        assert closing(client)[0] == 1013
    with client.websocket_connect(STREAM) as socket:
        assert begun(socket)["type"] == "ready"


def test_a_client_that_sends_far_too_much_is_closed(serve: Serve) -> None:
    client = serve(limits={"frames_per_second": 5})
    code, reason = closing(client, json.dumps(START), *[framed(i, i, b"x") for i in range(30)])
    assert code == 1008
    assert "messages a second" in reason


def test_clients_share_the_cores(client: TestClient, jpeg: bytes) -> None:
    done: list[int] = []

    def talk() -> None:
        with client.websocket_connect(STREAM) as socket:
            begun(socket)
            for number in range(10):
                socket.send_bytes(framed(number, number / 10, jpeg))
                assert socket.receive_json()["records"][0]["face_id"] == 1
            done.append(1)

    threads = [threading.Thread(target=talk) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(done) == 4
    assert "vyraz_frames 40.0" in client.get("/metrics").text


@given(st.text())
def test_any_text_is_a_start_or_an_error(text: str) -> None:
    with suppress(UsageError):
        assert isinstance(Start.parse(text), Start)


@given(st.binary(max_size=40))
def test_any_bytes_are_a_frame_or_an_error(message: bytes) -> None:
    with suppress(UsageError):
        assert np.isfinite(Picture.parse(message).seconds)


class TestTheServersCamera:
    def test_shows_the_newest_picture_with_its_result(self, serve: Serve, make_clip: Any, face: Pixels) -> None:
        clip = make_clip(times=[i / 10 for i in range(30)], pictures=[face[:, :204]] * 30)
        client = serve(camera=str(clip))
        assert client.get("/api/settings").json()["camera"]
        kinds = []
        with client.websocket_connect(CAMERA) as socket:
            begun(socket)
            while True:
                message = socket.receive_bytes()
                size = int.from_bytes(message[:4], "big")
                answer, picture = json.loads(message[4 : 4 + size]), message[4 + size :]
                kinds.append(answer["type"])
                if answer["type"] == "stopped":
                    break
                assert picture.startswith(b"\xff\xd8\xff")
                assert answer["records"][0]["face_id"] == 1
                time.sleep(0.01)
                socket.send_text('{"type": "next"}')
        assert kinds[0] == "result"
        assert kinds[-1] == "stopped"

    def test_a_camera_that_is_not_there_is_told(self, serve: Serve) -> None:
        with serve(camera="97").websocket_connect(CAMERA) as socket:
            begun(socket)
            message = socket.receive_bytes()
            assert json.loads(message[4:])["type"] == "stopped"

    def test_what_is_no_camera(self, serve: Serve, tmp_path: Any) -> None:
        with pytest.raises(UsageError, match="no camera"):
            serve(camera=str(tmp_path / "nothing"))
