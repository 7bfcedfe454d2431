"""Runs side by side: what is read of them, the table, the figures, redrawing while they train."""

import csv
import json
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vyraz.errors import RunError, UsageError
from vyraz.training.compare import COLUMNS, read_results, rows_of, write_table
from vyraz.training.history import append_epoch

SETTINGS = {"network": "a", "epochs": 3, "batch": 50, "augment": False, "options": {}}


def epoch(number: int, **splits: float) -> dict[str, Any]:
    figures = {name: {"accuracy": value, "loss": 2 - value} for name, value in splits.items()}
    return {"epoch": number, "seconds": 10.0 * number, **figures}


def make_run(folder: Path, *rows: dict[str, Any], **settings: Any) -> Path:
    folder.mkdir(parents=True)
    facts = {"settings": SETTINGS | settings, "data": {}, "cost": {"parameters": 1234, "macs": 5_000_000}}
    (folder / "run.json").write_text(json.dumps(facts))
    for row in rows:
        append_epoch(folder / "history.jsonl", row)
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Path:
    rows = [epoch(number, train=0.3 * number, val=0.2 * number, PublicTest=0.1 * number) for number in (1, 2, 3)]
    return make_run(tmp_path / "first", *rows)


def test_row_holds_the_last_epoch_and_the_cost(run: Path) -> None:
    (row,) = rows_of(read_results([run]))
    assert tuple(row) == COLUMNS
    assert row["run"] == "first"
    assert (row["train"], row["val"], row["PublicTest"]) == pytest.approx((0.9, 0.6, 0.3))
    assert (row["epochs"], row["seconds_per_epoch"], row["parameters"], row["macs"]) == (3, 20.0, 1234, 5_000_000)
    assert row["paper"] == 0.63
    assert row["PrivateTest"] is None


def test_measured_figures_are_taken_before_those_of_the_history(run: Path) -> None:
    splits = {"val": {"accuracy": 0.55}, "PrivateTest": {"accuracy": 0.5, "macro_f1": 0.4}}
    (run / "figures.json").write_text(json.dumps({"bytes": 2_000_000, "ms_per_face": 0.5, "splits": splits}))
    (row,) = rows_of(read_results([run]))
    assert (row["val"], row["PrivateTest"], row["macro_f1"]) == (0.55, 0.5, 0.4)
    assert (row["PublicTest"], row["bytes"], row["ms_per_face"]) == (pytest.approx(0.3), 2_000_000, 0.5)


def test_runs_of_one_network_are_told_apart(tmp_path: Path) -> None:
    rows = rows_of(
        read_results(
            [
                make_run(tmp_path / "x" / "a", epoch(1, train=0.1, val=0.1), options={"filters": 10}),
                make_run(tmp_path / "y" / "a", epoch(1, train=0.1, val=0.1), augment=True),
            ]
        )
    )
    assert [row["network"] for row in rows] == ["a (filters=10)", "a (augmented)"]
    assert len({row["run"] for row in rows}) == 2


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"optimizer": "sgd"}, "sgd"),
        ({"schedule": "step"}, "step schedule"),
        ({"ema": 0}, "ema 0"),
        ({"weight_decay": 0}, "weight decay 0"),
        ({"start": "83ec9f36abf711a0"}, "from trained weights"),
        ({"votes": 0.3}, "votes 0.3"),
    ],
)
def test_what_is_not_the_recipes_is_told(tmp_path: Path, settings: dict[str, Any], words: str) -> None:
    recipes = {"optimizer": "", "schedule": "", "ema": None, "weight_decay": None, "votes": 0.0, "start": ""}
    make_run(tmp_path / "run", epoch(1, train=0.1, val=0.1), **recipes | settings)
    (row,) = rows_of(read_results([tmp_path / "run"]))
    assert row["network"] == f"a ({words})"


def test_table_says_the_same_in_all_its_forms(run: Path, tmp_path: Path) -> None:
    rows = rows_of(read_results([run]))
    write_table(rows, tmp_path / "table")
    assert json.loads((tmp_path / "table.json").read_text()) == rows
    with (tmp_path / "table.csv").open() as handle:
        (line,) = csv.DictReader(handle)
    assert line == {name: "" if value is None else str(value) for name, value in rows[0].items()}
    heading, _, body = (tmp_path / "table.md").read_text().splitlines()
    assert heading.count("|") == body.count("|") == len(COLUMNS) + 1
    assert "| 1,234 | 5,000,000 |" in body
    assert "| 90.0 | 60.0 | 30.0 |" in body


def test_network_that_never_looks_at_val_is_drawn_on_public_test(tmp_path: Path) -> None:
    own = make_run(tmp_path / "own", epoch(1, train=0.1, PublicTest=0.2))
    assert read_results([own])[0].held_out == "PublicTest"


@pytest.mark.parametrize(
    ("file", "text", "word"),
    [
        ("run.json", "{}", "run.json"),
        ("figures.json", "{", "measure anew"),
        ("figures.json", '{"splits": 3}', "damaged"),
        ("history.jsonl", "[]\n", "line 1"),
        ("history.jsonl", '{"epoch": 1}\n', "line 1"),
    ],
)
def test_damage_is_told_with_its_file(run: Path, file: str, text: str, word: str) -> None:
    (run / file).write_text(text)
    with pytest.raises(RunError, match=word) as caught:
        read_results([run])
    assert file in str(caught.value)


def test_same_run_twice_is_refused(run: Path) -> None:
    with pytest.raises(UsageError, match="twice"):
        read_results([run, run.parent / "first" / ".." / "first"])


def test_figures_are_those_of_the_paper(run: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="figures need vyraz[plots]")
    from vyraz.training.redraw import redraw

    other = make_run(tmp_path / "other", epoch(1, train=0.4, val=0.45))
    redraw(read_results([run, other]), tmp_path / "out")
    history = (tmp_path / "out" / "history-first.svg").read_text()
    assert all(words in history for words in ("Model Accuracy", "Model Loss", ">train<", ">val<", ">epoch<"))
    accuracy = (tmp_path / "out" / "accuracy.svg").read_text()
    assert all(words in accuracy for words in ("first: 60.0", "other: 45.0"))
    assert (tmp_path / "out" / "history-other.png").exists()


def test_labels_that_lie_close_are_moved_apart_about_their_middle() -> None:
    pytest.importorskip("matplotlib", reason="figures need vyraz[plots]")
    from vyraz.training.curves import _spread

    assert _spread([0.1, 0.5, 0.9], 0.1, 1) == [0.1, 0.5, 0.9]
    assert _spread([0.62, 0.5, 0.60], 0.1, 1) == pytest.approx([0.6733, 0.4733, 0.5733], abs=1e-3)
    places = _spread([0.5] * 4, 0.1, 1)
    assert sum(places) / 4 == pytest.approx(0.5)
    assert np.diff(places) == pytest.approx([0.1] * 3)
    assert _spread([0.55, 0.9, 0.95], 0.1, 0.95) == pytest.approx([0.55, 0.85, 0.95])
    assert _spread([], 0.1, 1) == []


def test_figure_1_needs_two_runs(run: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="figures need vyraz[plots]")
    from vyraz.training.redraw import redraw

    redraw(read_results([run]), tmp_path / "out")
    assert not (tmp_path / "out" / "accuracy.png").exists()


def test_same_histories_give_the_same_files(run: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="figures need vyraz[plots]")
    from vyraz.training.redraw import redraw

    first = redraw(read_results([run]), tmp_path / "first-time")
    second = redraw(read_results([run]), tmp_path / "second-time")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_run_without_an_epoch_has_no_figure(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="figures need vyraz[plots]")
    from vyraz.training.redraw import redraw

    with pytest.raises(RunError, match="no epoch is finished"):
        redraw(read_results([make_run(tmp_path / "new")]), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_mean_has_a_row_and_no_figure(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="figures need vyraz[plots]")
    from vyraz.training.redraw import redraw, watch

    mean = make_run(tmp_path / "mean", epochs=0, averaged="one+other")
    assert {path.suffix for path in redraw(read_results([mean]), tmp_path / "out")} == {".md", ".csv", ".json"}
    assert len(list(watch([mean], tmp_path / "out"))) == 1


def test_watching_redraws_until_training_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib", reason="figures need vyraz[plots]")
    from vyraz.training import redraw

    monkeypatch.setattr(redraw, "_PATIENCE", 0.01)
    run = make_run(tmp_path / "run")
    drawn: list[int] = []

    def train() -> None:
        for number in (1, 2, 3):
            append_epoch(run / "history.jsonl", epoch(number, train=0.1 * number, val=0.1 * number))
            deadline = time.monotonic() + 30
            while len(drawn) < number and time.monotonic() < deadline:
                time.sleep(0.005)

    trainer = threading.Thread(target=train)
    trainer.start()
    drawn.extend(len(results[0].history) for results in redraw.watch([run], tmp_path / "out"))
    trainer.join()
    assert drawn == [1, 2, 3]
    assert json.loads((tmp_path / "out" / "table.json").read_text())[0]["epochs"] == 3
