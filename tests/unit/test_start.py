"""Trainings that begin with trained weights."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
keras = pytest.importorskip("keras", reason="training needs vyraz[train]")

from tests.trainings import Silent  # noqa: E402
from vyraz.classify import Classifier  # noqa: E402
from vyraz.crop import to_input  # noqa: E402
from vyraz.errors import ModelError, RunError, UsageError, VyrazError  # noqa: E402
from vyraz.labelled import LabelledFaces  # noqa: E402
from vyraz.metrics import calibrated  # noqa: E402
from vyraz.training.build import build  # noqa: E402
from vyraz.training.export import export, load_network  # noqa: E402
from vyraz.training.fit import fit  # noqa: E402
from vyraz.training.run import Run, Settings  # noqa: E402
from vyraz.training.settings import settings_for  # noqa: E402
from vyraz.training.start import started  # noqa: E402
from vyraz.training.targets import names_of  # noqa: E402

SETTINGS = settings_for("tiny", epochs=1, batch=64, precision="float32")


@pytest.fixture(scope="module")
def faces() -> LabelledFaces:
    """Smooth patterns of strong contrast, so that channels are as alive as those of faces."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (160, 6, 6), dtype=np.uint8).repeat(8, axis=1).repeat(8, axis=2)
    usage = np.array(["Training"] * 128 + ["PublicTest"] * 32)
    return LabelledFaces(images, np.arange(160) % 7, usage)


@pytest.fixture(scope="module")
def run(faces: LabelledFaces, tmp_path_factory: pytest.TempPathFactory) -> Run:
    run = Run(tmp_path_factory.mktemp("start") / "run")
    fit(SETTINGS, faces, run, Silent())
    return run


def network_of(settings: Settings, weights: Any) -> Any:
    network = build(settings)
    network.set_weights(weights)
    return network


@pytest.mark.parametrize("name", ["tiny", "small", "small-ferplus"])
def test_a_shipped_model_goes_on_with_the_scores_it_gives(faces: LabelledFaces, name: str) -> None:
    shipped = Classifier(name)
    labels = "ferplus" if name == "small-ferplus" else "fer"
    settings, weights = started(settings_for(shipped.card.network, labels=labels), [name], faces)
    assert len(settings.start) == 16
    inputs = to_input(faces.images)
    scores = np.asarray(network_of(settings, weights)(inputs, training=False))
    np.testing.assert_allclose(
        calibrated(scores, shipped.card.temperature, shipped.card.smoothing), shipped(inputs), atol=1e-3
    )


@pytest.mark.parametrize(("had", "wanted"), [("fer", "ferplus"), ("ferplus", "fer")])
def test_of_other_labels_those_that_both_have_keep_their_scores(
    faces: LabelledFaces, tmp_path: Path, had: str, wanted: str
) -> None:
    run = Run(tmp_path / "run")
    run.create(replace(SETTINGS, labels=had), faces, {})
    run.save(build(run.settings()), run.model)
    _compare_labels(str(run.folder), replace(SETTINGS, labels=had), replace(SETTINGS, labels=wanted), faces)


def test_so_do_those_of_a_shipped_model(faces: LabelledFaces) -> None:
    _compare_labels("tiny", settings_for("tiny"), settings_for("tiny", labels="ferplus"), faces)


def _compare_labels(source: str, had: Settings, wanted: Settings, faces: LabelledFaces) -> None:
    inputs = to_input(faces.images)
    scores = [
        np.asarray(network_of(*started(settings, [source], faces))(inputs, training=False))
        for settings in (had, wanted)
    ]
    assert [each.shape[1] for each in scores] == [len(names_of(settings.labels)) for settings in (had, wanted)]
    kept = [each[:, :7] / each[:, :7].sum(axis=1, keepdims=True) for each in scores]
    np.testing.assert_allclose(kept[0], kept[1], atol=1e-5)


def test_normalisation_by_the_batch_changes_nothing_at_first(faces: LabelledFaces) -> None:
    settings, weights = started(SETTINGS, ["tiny"], faces)
    network, inputs = network_of(settings, weights), to_input(faces.images)
    kept = np.asarray(network(inputs, training=False))
    np.testing.assert_allclose(np.asarray(network(inputs, training=True)), kept, atol=1e-3)
    assert np.ptp(kept, axis=0).max() > 0.1


def test_kernels_are_all_scaled_alike_before_a_normalisation(faces: LabelledFaces) -> None:
    settings, weights = started(SETTINGS, ["tiny"], faces)
    bare = [layer for layer in network_of(settings, weights).layers if getattr(layer, "use_bias", True) is False]
    assert len(bare) == 13
    np.testing.assert_allclose([np.square(layer.get_weights()[0]).mean() ** 0.5 for layer in bare], 0.15, rtol=1e-5)


def test_a_run_goes_on_with_its_own_weights(run: Run, faces: LabelledFaces) -> None:
    settings, weights = started(SETTINGS, [str(run.folder)], faces)
    assert weights is not None
    for one, other in zip(weights, load_network(run).get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert started(SETTINGS, [str(run.folder)], faces)[0] == settings


@pytest.mark.parametrize(
    ("network", "options"),
    [("vgg", {"widths": [8, 8, 8, 8]}), ("p", {}), ("small", {"activation": "silu", "averaged": True})],
)
def test_an_exported_network_is_found_again(
    faces: LabelledFaces, tmp_path: Path, network: str, options: dict[str, Any]
) -> None:
    settings = replace(settings_for(network, epochs=1, precision="float32"), options=options)
    run = Run(tmp_path / "run")
    run.create(settings, faces, {})
    keras.utils.set_random_seed(5)
    run.save(model := build(settings), run.model)
    export(run, tmp_path / "network.onnx")
    settings, weights = started(settings, [str(tmp_path / "network.onnx")], faces)
    inputs = to_input(faces.images[:32])
    expected = np.asarray(model(inputs, training=False))
    np.testing.assert_allclose(np.asarray(network_of(settings, weights)(inputs, training=False)), expected, atol=1e-4)


def test_several_are_put_side_by_side(faces: LabelledFaces, tmp_path: Path) -> None:
    sources = [_exported(tmp_path / f"{seed}.onnx", faces, seed) for seed in (5, 6)]
    wide = replace(SETTINGS, options={"stem": 16, "widths": [16, 16, 16], "blocks": [1, 1, 1]})
    settings, weights = started(wide, [source for source, _ in sources], faces)
    assert settings.start != started(NARROW, [sources[0][0]], faces)[0].start
    inputs = to_input(faces.images)
    expected = np.prod([np.asarray(model(inputs, training=False)) ** 0.5 for _, model in sources], axis=0)
    expected /= expected.sum(axis=1, keepdims=True)
    found = np.asarray(network_of(settings, weights)(inputs, training=False))
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert np.abs(np.asarray(sources[0][1](inputs, training=False)) - expected).max() > 0.01


NARROW = replace(SETTINGS, options={"stem": 8, "widths": [8, 8, 8], "blocks": [1, 1, 1]})


def _exported(path: Path, faces: LabelledFaces, seed: int) -> tuple[str, Any]:
    run = Run(path.with_suffix(""))
    run.create(NARROW, faces, {})
    keras.utils.set_random_seed(seed)
    run.save(model := build(NARROW), run.model)
    export(run, path)
    return str(path), model


def test_what_cannot_be_put_side_by_side_is_one_sentence(run: Run, faces: LabelledFaces, tmp_path: Path) -> None:
    narrow, _ = _exported(tmp_path / "narrow.onnx", faces, 5)
    with pytest.raises(UsageError, match=r"must be \.onnx files: export the runs first"):
        started(SETTINGS, [narrow, str(run.folder)], faces)
    with pytest.raises(UsageError, match=r"tiny and .*narrow.onnx: its weights do not fit tiny"):
        started(SETTINGS, ["tiny", narrow], faces)
    with pytest.raises(UsageError, match="do not fit tiny"):
        started(SETTINGS, ["tiny", "tiny"], faces)


def test_a_training_begins_where_it_is_told_and_says_so(run: Run, faces: LabelledFaces, tmp_path: Path) -> None:
    settings, weights = started(replace(SETTINGS, learning_rate=1e-9, augment=False), [str(run.folder)], faces)
    again = Run(tmp_path / "again")
    fit(settings, faces, again, Silent(), start=weights)
    assert again.read()["settings"]["start"] == settings.start != ""
    kernels = [network.get_weights()[0] for network in (load_network(run), load_network(again))]
    np.testing.assert_allclose(kernels[0], kernels[1], atol=1e-5)
    with pytest.raises(RunError, match="other start"):
        fit(replace(settings, start=""), faces, again, Silent(), resume=True)


def test_options_that_are_not_given_are_those_of_what_it_begins_with(faces: LabelledFaces, tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    run.create(replace(SETTINGS, options={"widths": [8, 8, 8], "dropout": 0.1}), faces, {})
    run.save(build(run.settings()), run.model)
    settings, _ = started(replace(SETTINGS, options={"dropout": 0.3}), [str(run.folder)], faces)
    assert settings.options == {"widths": [8, 8, 8], "dropout": 0.3}
    with pytest.raises(UsageError, match="do not fit tiny"):
        started(replace(SETTINGS, options={"widths": [8, 8, 16]}), [str(run.folder)], faces)
    with pytest.raises(UsageError, match="do not fit small"):
        started(settings_for("small"), [str(run.folder)], faces)


def test_a_folder_does_not_hide_a_shipped_model(
    faces: LabelledFaces, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny").mkdir()
    assert started(SETTINGS, ["tiny"], faces)[0].start
    with pytest.raises(RunError, match="no run here"):
        started(SETTINGS, ["./tiny"], faces)


def test_nothing_is_changed_where_no_weights_are_given(faces: LabelledFaces) -> None:
    assert started(SETTINGS, (), faces) == (SETTINGS, None)


@pytest.mark.parametrize(
    ("source", "error", "words"),
    [
        ("small", UsageError, "small: its weights do not fit tiny .* shipped ones of it: tiny"),
        ("small-int8", UsageError, "do not fit tiny"),
        ("yunet", UsageError, "no model is called 'yunet'"),
        ("missing.onnx", ModelError, "cannot be read"),
        (".", RunError, "no run here"),
    ],
)
def test_what_cannot_be_started_from_is_one_sentence(
    faces: LabelledFaces,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    source: str,
    error: type[VyrazError],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=words):
        started(SETTINGS, [source], faces)


def test_a_quantized_model_and_another_network_do_not_fit(run: Run, faces: LabelledFaces) -> None:
    with pytest.raises(UsageError, match=r"small-int8: its weights do not fit small.*: small,"):
        started(settings_for("small"), ["small-int8"], faces)
    with pytest.raises(UsageError, match="do not fit small"):
        started(settings_for("small"), [str(run.folder)], faces)
