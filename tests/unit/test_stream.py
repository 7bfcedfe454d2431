"""Live streams over a socket: they stop, come back, and at last are gone."""

import socket
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from tests.conftest import MakeClip
from vyraz.ahead import ahead
from vyraz.errors import SourceError
from vyraz.sources import Source, read
from vyraz.stream import is_live
from vyraz.types import Frame

FRAMES = 30


@pytest.fixture
def clip(make_clip: MakeClip) -> bytes:
    return make_clip("live.ts", times=[i / 25 for i in range(FRAMES)]).read_bytes()


def serve(answers: list[bytes]) -> str:
    """A server that gives each connection the next answer, then closes its door; its URL."""
    door = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        for data in answers:
            connection, _ = door.accept()
            with connection:
                connection.sendall(data)
        door.close()

    threading.Thread(target=answer, daemon=True).start()
    return f"tcp://127.0.0.1:{door.getsockname()[1]}"


def all_of(url: str, every: int = 1) -> tuple[list[Frame], str]:
    frames: list[Frame] = []
    with pytest.raises(SourceError) as caught:
        frames.extend(read(Source(url, "url"), every=every))  # extend keeps what came before the error
    return frames, str(caught.value)


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vyraz.stream._WAITS", (0.05, 0.05, 0.05))


def test_a_stream_that_stops_is_connected_to_again(clip: bytes) -> None:
    frames, message = all_of(serve([clip, clip]))
    assert [frame.index for frame in frames] == list(range(len(frames)))
    stops = [frame.index for frame in frames if frame.error]
    assert stops == [FRAMES, 2 * FRAMES + 1]
    assert all("connecting again" in (frames[stop].error or "") for stop in stops)
    times = [frame.timestamp for frame in frames if frame.timestamp is not None]
    assert times[0] == 0
    assert len(times) == 2 * FRAMES
    assert (np.diff(times) > 0).all()
    assert "did not come back" in message


def test_every_nth_frame_keeps_its_number(clip: bytes) -> None:
    frames, _ = all_of(serve([clip, clip]), every=10)
    assert [frame.index for frame in frames if not frame.error][:3] == [0, 10, 20]
    assert (np.diff([frame.index for frame in frames]) > 0).all()


def test_a_stream_that_was_never_there_is_told_at_once() -> None:
    door = socket.create_server(("127.0.0.1", 0))
    port = door.getsockname()[1]
    door.close()
    frames, message = all_of(f"tcp://127.0.0.1:{port}")
    assert not frames
    assert "did not come back" not in message


def test_what_is_live() -> None:
    assert is_live("rtsp://camera/1")
    assert is_live("RTSPS://camera/1")
    assert not is_live("https://host/talk.mp4")
    assert not is_live("talk.mp4")


class TestReadingAhead:
    def test_gives_the_same(self) -> None:
        assert list(ahead(iter(range(100)))) == list(range(100))
        assert list(ahead(iter([]))) == []

    def test_raises_the_same_in_its_place(self) -> None:
        def failing() -> Iterator[int]:
            yield 1
            raise SourceError("gone")

        items = ahead(failing())
        assert next(items) == 1
        with pytest.raises(SourceError, match="gone"):
            next(items)

    def test_is_not_far_ahead_and_stops_when_closed(self) -> None:
        made: list[int] = []

        def counted() -> Iterator[int]:
            for number in range(1000):
                made.append(number)
                yield number

        items = ahead(counted())
        assert next(items) == 0
        items.close()  # type: ignore[attr-defined]
        assert len(made) < 20
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("vyraz-ahead")]

    def test_of_a_video_gives_the_same_frames(self, make_clip: MakeClip) -> None:
        source = Source(str(make_clip("a.mp4", times=[i / 25 for i in range(FRAMES)])), "video")
        for one, other in zip(read(source), read(source, threads=2), strict=True):
            assert (one.index, one.timestamp) == (other.index, other.timestamp)
            np.testing.assert_array_equal(one.pixels, other.pixels)
