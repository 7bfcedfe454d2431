"""One network of several: trainings that branch off, and the mean of their weights."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
keras = pytest.importorskip("keras", reason="training needs vyraz[train]")

from tests.trainings import Silent, noise  # noqa: E402
from vyraz.classify import Classifier  # noqa: E402
from vyraz.crop import to_input  # noqa: E402
from vyraz.errors import RunError, UsageError  # noqa: E402
from vyraz.labelled import LabelledFaces  # noqa: E402
from vyraz.training.average import average  # noqa: E402
from vyraz.training.build import build  # noqa: E402
from vyraz.training.compare import read_results, rows_of  # noqa: E402
from vyraz.training.export import export, load_network  # noqa: E402
from vyraz.training.fit import fit  # noqa: E402
from vyraz.training.history import read_history  # noqa: E402
from vyraz.training.run import Run, Settings  # noqa: E402
from vyraz.training.settings import settings_for  # noqa: E402

SETTINGS = settings_for("tiny", epochs=1, batch=64, precision="float32")


@pytest.fixture(scope="module")
def faces() -> LabelledFaces:
    return noise()


def run_of(folder: Path, settings: Settings, faces: LabelledFaces, seed: int) -> Run:
    """A complete run with random weights."""
    run = Run(folder)
    run.create(settings, faces, {"parameters": 1, "macs": 1})
    keras.utils.set_random_seed(seed)
    run.save(build(settings), run.model)
    return run


@pytest.fixture(scope="module")
def pair(faces: LabelledFaces, tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    folder = tmp_path_factory.mktemp("average")
    return [run_of(folder / str(seed), replace(SETTINGS, seed=seed), faces, seed) for seed in (1, 2)]


def test_weights_are_the_mean_and_normalisation_is_that_of_the_mean(
    pair: list[Run], faces: LabelledFaces, tmp_path: Path
) -> None:
    average(pair, faces, Run(tmp_path / "mean"))
    mean, one, other = (load_network(run) for run in (Run(tmp_path / "mean"), *pair))
    for found, *given in zip(*(net.trainable_variables for net in (mean, one, other)), strict=True):
        np.testing.assert_allclose(found.numpy(), np.mean([each.numpy() for each in given], axis=0), atol=1e-6)
    norm = next(layer for layer in mean.layers if isinstance(layer, keras.layers.BatchNormalization))
    seen = keras.Model(mean.input, norm.input)(to_input(faces.split("Training").images))
    # Half of what it is measured on is changed at random: near, not equal.
    np.testing.assert_allclose(norm.moving_mean.numpy(), np.asarray(seen).mean(axis=(0, 1, 2)), atol=0.05)
    assert np.abs(norm.moving_variance.numpy() - 1).max() > 0.1, "still that of random weights"


def test_the_run_tells_of_what_it_is_the_mean(pair: list[Run], faces: LabelledFaces, tmp_path: Path) -> None:
    run = Run(tmp_path / "mean")
    average(pair, faces, run)
    settings = run.settings()
    prints = settings.averaged.split("+")
    assert len(set(prints)) == 2
    assert all(len(each) == 16 for each in prints)
    assert replace(settings, averaged="") == replace(SETTINGS, epochs=0)
    (result,) = read_results([run.folder])
    assert result.complete
    (row,) = rows_of([result])
    assert "averaged" in row["network"]
    assert row["epochs"] == 0
    assert row["parameters"] == 89_341


def test_it_is_a_run_like_any_other(pair: list[Run], faces: LabelledFaces, tmp_path: Path) -> None:
    run = Run(tmp_path / "mean")
    average([*pair, pair[0]], faces, run)
    export(run, tmp_path / "mean.onnx", faces)
    for path in (tmp_path / "mean.bin", tmp_path / "missing" / "mean.onnx"):
        with pytest.raises(UsageError, match=r"exported as an \.onnx in a folder that is there"):
            export(run, path, faces)
    scores = Classifier(tmp_path / "mean.onnx")(to_input(faces.images[:4]))
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)
    with pytest.raises(RunError, match="began with other epochs, averaged"):
        fit(SETTINGS, faces, run, Silent(), resume=True)


@pytest.mark.parametrize("changed", [{"options": {"widths": [8, 8, 8]}}, {"labels": "ferplus"}, {"network": "small"}])
def test_networks_that_differ_have_no_mean(
    pair: list[Run], faces: LabelledFaces, tmp_path: Path, changed: dict[str, object]
) -> None:
    other = run_of(tmp_path / "other", replace(SETTINGS, **changed), faces, 3)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="other: is of another network, options or labels than"):
        average([*pair, other], faces, Run(tmp_path / "mean"))
    assert not (tmp_path / "mean").exists()


def test_an_option_that_is_given_is_the_same_by_default(pair: list[Run], faces: LabelledFaces, tmp_path: Path) -> None:
    given = run_of(tmp_path / "given", replace(SETTINGS, options={"stem": 16, "widths": (16, 28, 40)}), faces, 3)
    average([*pair, given], faces, Run(tmp_path / "mean"))
    assert Run(tmp_path / "mean").model.exists()


def test_what_has_no_mean_is_one_sentence(pair: list[Run], faces: LabelledFaces, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="two runs at least"):
        average(pair[:1], faces, Run(tmp_path / "mean"))
    with pytest.raises(RunError, match="no run here"):
        average([pair[0], Run(tmp_path / "missing")], faces, Run(tmp_path / "mean"))
    begun = Run(tmp_path / "begun")
    begun.create(SETTINGS, faces, {})
    with pytest.raises(RunError, match="not complete yet"):
        average([pair[0], begun], faces, Run(tmp_path / "mean"))
    with pytest.raises(RunError, match="holds a run already"):
        average(pair, faces, pair[1])
    others = replace(faces, images=faces.images[::-1])
    with pytest.raises(RunError, match="learnt from other pictures than this Training split"):
        average(pair, others, Run(tmp_path / "mean"))
    assert not (tmp_path / "mean").exists()


def test_a_mean_that_could_not_be_written_is_made_again(
    pair: list[Run], faces: LabelledFaces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise RunError("the disk is full")

    run = Run(tmp_path / "mean")
    with monkeypatch.context() as patched:
        patched.setattr(Run, "save", full)
        with pytest.raises(RunError, match="disk is full"):
            average(pair, faces, run)
    average(pair, faces, run)
    assert load_network(run).count_params() == load_network(pair[0]).count_params()


def history_of(run: Run) -> list[dict[str, object]]:
    return [{name: value for name, value in row.items() if name != "seconds"} for row in read_history(run.history)]


@pytest.fixture(scope="module")
def stopped(faces: LabelledFaces, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A training of three epochs, stopped after two."""
    run = Run(tmp_path_factory.mktemp("branch") / "run")
    with pytest.raises(KeyboardInterrupt):
        fit(replace(SETTINGS, epochs=3), faces, run, Silent(2))
    return run


def test_a_copied_run_branches_off_as_one_that_was_begun_so(stopped: Run, faces: LabelledFaces, tmp_path: Path) -> None:
    settings = replace(SETTINGS, epochs=3, branch=[2, 9])
    begun, copied, straight = (Run(tmp_path / name) for name in ("begun", "copied", "straight"))
    for run in (copied, straight):
        shutil.copytree(stopped.folder, run.folder)
    fit(settings, faces, begun, Silent())
    fit(settings, faces, copied, Silent(), resume=True)
    fit(replace(settings, branch=None), faces, straight, Silent(), resume=True)
    assert history_of(begun) == history_of(copied)
    assert history_of(copied)[:2] == history_of(straight)[:2] == history_of(stopped)
    assert history_of(copied)[2] != history_of(straight)[2]
    assert copied.settings() == begun.settings() == settings
    for one, other in zip(load_network(begun).get_weights(), load_network(copied).get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_nothing_branches_off_where_it_has_been(stopped: Run, faces: LabelledFaces) -> None:
    with pytest.raises(RunError, match="began with other branch"):
        fit(replace(SETTINGS, epochs=3, branch=[1, 9]), faces, stopped, Silent(), resume=True)
    assert stopped.settings().branch is None


def test_a_branch_is_an_epoch_and_a_seed() -> None:
    assert settings_for("tiny", epochs=80, branch="70:8").branch == [70, 8]
    assert settings_for("tiny").branch is None
    assert [settings_for("tiny", branch="2:8", seed=5).seed_at(epoch) for epoch in range(4)] == [5, 5, 8, 8]
    for text in ("70", "70:", ":8", "-1:8", "a:b"):
        with pytest.raises(UsageError, match="a branch is EPOCHS:SEED"):
            settings_for("tiny", branch=text)
