"""History: a line an epoch, and what a kill leaves of it."""

from pathlib import Path

import pytest

from vyraz.errors import RunError
from vyraz.training.history import append_epoch, read_history, truncate_history

ROWS = [{"epoch": number, "train": {"loss": 1 / number}} for number in (1, 2, 3)]


@pytest.fixture
def history(tmp_path: Path) -> Path:
    path = tmp_path / "history.jsonl"
    for row in ROWS:
        append_epoch(path, row)
    return path


def test_what_is_appended_is_read_exactly(history: Path) -> None:
    assert read_history(history) == ROWS


def test_history_that_does_not_exist_is_empty(tmp_path: Path) -> None:
    assert read_history(tmp_path / "history.jsonl") == []


@pytest.mark.parametrize("torn", ['{"epo', '{"epoch": 4, "train": {"loss": 0.2', "{", '{"epoch": 4, "na'])
def test_torn_last_line_is_left_out(history: Path, torn: str) -> None:
    with history.open("a") as handle:
        handle.write(torn)
    assert read_history(history) == ROWS


@pytest.mark.parametrize("torn", [b"\0" * 40, b"\xff\xfe\x80garbage"], ids=["zeros", "no text"])
def test_last_line_that_is_no_text_is_left_out(history: Path, torn: bytes) -> None:
    """What a power cut leaves of a file on some file systems."""
    with history.open("ab") as handle:
        handle.write(torn)
    assert read_history(history) == ROWS


@pytest.mark.parametrize("damage", [b'{"epoch": 2, "tra', b"\xff\xfe\x80"], ids=["torn", "no text"])
def test_damaged_line_in_the_middle_is_named(history: Path, damage: bytes) -> None:
    lines = history.read_bytes().splitlines()
    history.write_bytes(b"\n".join([lines[0], damage, lines[2]]) + b"\n")
    with pytest.raises(RunError, match="line 2 is damaged"):
        read_history(history)


@pytest.mark.parametrize("epochs", [0, 1, 2, 3])
def test_truncate_keeps_the_first(history: Path, epochs: int) -> None:
    truncate_history(history, epochs)
    assert read_history(history) == ROWS[:epochs]


def test_truncate_takes_a_torn_line_away_so_that_appending_goes_on_cleanly(history: Path) -> None:
    with history.open("a") as handle:
        handle.write('{"epoch": 4, "tr')
    truncate_history(history, 2)
    append_epoch(history, ROWS[2])
    assert read_history(history) == ROWS


def test_truncate_mends_a_last_line_without_its_end(history: Path) -> None:
    history.write_bytes(history.read_bytes().rstrip(b"\n"))
    truncate_history(history, 3)
    append_epoch(history, {"epoch": 4})
    assert read_history(history) == [*ROWS, {"epoch": 4}]


def test_truncate_to_more_than_there_is_is_refused(history: Path) -> None:
    with pytest.raises(RunError, match="has 3 epochs but the checkpoint has 4"):
        truncate_history(history, 4)
    assert read_history(history) == ROWS


def test_truncate_leaves_nothing_else_behind(history: Path) -> None:
    truncate_history(history, 1)
    assert list(history.parent.iterdir()) == [history]
