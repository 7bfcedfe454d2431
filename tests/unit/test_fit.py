"""What a training refuses, and what it leaves when it cannot go on."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
keras = pytest.importorskip("keras", reason="training needs vyraz[train]")

from tests.trainings import Silent, noise  # noqa: E402
from vyraz.errors import RunError, UsageError  # noqa: E402
from vyraz.labelled import LabelledFaces  # noqa: E402
from vyraz.training.build import build  # noqa: E402
from vyraz.training.fit import fit  # noqa: E402
from vyraz.training.history import append_epoch, read_history  # noqa: E402
from vyraz.training.run import Run  # noqa: E402
from vyraz.training.settings import settings_for  # noqa: E402
from vyraz.training.whole import whole  # noqa: E402

SETTINGS = settings_for("tiny", epochs=2, batch=64, precision="float32")


@pytest.fixture(scope="module")
def faces() -> LabelledFaces:
    return noise()


def test_a_loss_that_is_no_number_ends_a_training_and_keeps_the_epochs_before(
    faces: LabelledFaces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Run(tmp_path / "run")
    with pytest.raises(KeyboardInterrupt):
        fit(SETTINGS, faces, run, Silent(1))
    kept = run.checkpoint.read_bytes()
    given = {"loss": float("nan"), "accuracy": 0.1}
    monkeypatch.setattr(keras.Model, "train_on_batch", lambda *_, **__: given)
    with pytest.raises(RunError, match="no number any more, in epoch 2: begin anew with a lower --lr"):
        fit(SETTINGS, faces, run, Silent(), resume=True)
    assert run.checkpoint.read_bytes() == kept
    assert len(read_history(run.history)) == 1
    assert not run.model.exists()


def test_a_rate_far_too_high_is_seen(faces: LabelledFaces, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no number any more"):
        fit(settings_for("a", epochs=3, learning_rate=1e30), faces, Run(tmp_path / "run"), Silent())


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"learning_rate": float("inf")}, "learning rate must be above 0"),
        ({"seed": 2**32}, "a seed is at most 4294967295, not 4294967296"),
        ({"epochs": 80, "branch": f"70:{2**40}"}, "a seed is at most"),
        ({"epochs": 60, "branch": "60:8"}, "after 60 epochs nothing is left to branch off"),
        ({"precision": "mixed_float16"}, "no precision is called 'mixed_float16'"),
    ],
)
def test_settings_that_make_no_sense_are_one_sentence(chosen: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        settings_for("tiny", **chosen)


@pytest.mark.parametrize(
    ("network", "option", "words"),
    [
        ("tiny", "standardize=False", "--set standardize is true or false, not 'False'"),
        ("tiny", "averaged=1", "--set averaged is true or false, not 1"),
        ("a", "filters=true", "--set filters is neither true nor false, not True"),
    ],
)
def test_a_word_is_not_taken_for_true(network: str, option: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        build(settings_for(network, options=[option]))
    assert build(settings_for("tiny", options=["standardize=false"])).count_params()


def test_a_resumed_training_keeps_its_branch(faces: LabelledFaces, tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    begun = replace(SETTINGS, epochs=9, branch=[7, 8])
    run.create(begun, faces, {})
    with pytest.raises(RunError, match="began with other branch"):
        run.resume(replace(begun, branch=None), faces)
    run.resume(begun, faces)
    assert run.settings().branch == [7, 8]


def _write(path: Path, error: BaseException | None) -> None:
    with whole(path) as scratch:
        scratch.write_text("after")
        if error:
            raise error


def test_a_file_is_whole_or_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("before")
    with pytest.raises(RunError, match=r"file: cannot be written \(No space left on device\)"):
        _write(path, OSError(28, "No space left on device"))
    with pytest.raises(KeyboardInterrupt):
        _write(path, KeyboardInterrupt())
    assert [each.name for each in tmp_path.iterdir()] == ["file"]
    assert path.read_text() == "before"
    _write(path, None)
    assert path.read_text() == "after"


def test_a_history_that_cannot_be_written_or_read_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be written"):
        append_epoch(tmp_path / "missing" / "history.jsonl", {"epoch": 1})
    with pytest.raises(RunError, match="cannot be read"):
        read_history(tmp_path)
