"""Ctrl-C in the midst of a step."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest

from vyraz.encode import VideoWriter
from vyraz.interrupt import uninterrupted
from vyraz.video import read_video


@pytest.fixture(autouse=True)
def handler() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def step(*actions: Callable[[], object]) -> None:
    with uninterrupted():
        for action in actions:
            action()


def ctrl_c() -> None:
    signal.raise_signal(signal.SIGINT)


def test_the_step_ends_first() -> None:
    last = Mock()
    with pytest.raises(KeyboardInterrupt):
        step(ctrl_c, last)
    last.assert_called_once()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_one_ends_it_at_once() -> None:
    last = Mock()
    with pytest.raises(KeyboardInterrupt):
        step(ctrl_c, ctrl_c, last)
    last.assert_not_called()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_error_is_told_before_it() -> None:
    with pytest.raises(ValueError, match="disk"):
        step(ctrl_c, Mock(side_effect=ValueError("disk")))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_of_the_program_is_left_alone() -> None:
    heard = []
    signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    step(ctrl_c)
    assert heard == [signal.SIGINT]


def test_a_video_loses_no_picture_to_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It comes when a picture has been encoded, but not written."""
    writer, pixels = VideoWriter(tmp_path / "x.mp4"), np.zeros((32, 32, 3), dtype=np.uint8)
    for number in range(3):
        writer.write(pixels, number / 25)
    mux = writer._mux

    def interrupted(packets: list[Any]) -> None:
        ctrl_c()
        mux(packets)

    monkeypatch.setattr(writer, "_mux", interrupted)
    with pytest.raises(KeyboardInterrupt):
        writer.write(pixels, 3 / 25)
    monkeypatch.setattr(writer, "_mux", mux)
    writer.close()
    assert len(list(read_video(str(tmp_path / "x.mp4")))) == 4
