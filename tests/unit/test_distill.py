"""What a network learns beside labels: blended pictures, votes, teachers."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
keras = pytest.importorskip("keras", reason="training needs vyraz[train]")

from tests.trainings import Silent  # noqa: E402
from vyraz import ferplus  # noqa: E402
from vyraz.classify import Classifier  # noqa: E402
from vyraz.crop import to_input  # noqa: E402
from vyraz.dataset import load_faces  # noqa: E402
from vyraz.errors import DataError, ModelError, RunError, UsageError  # noqa: E402
from vyraz.evaluate import evaluate_faces, evaluate_set  # noqa: E402
from vyraz.labelled import LabelledFaces  # noqa: E402
from vyraz.metrics import calibrated  # noqa: E402
from vyraz.training import networks  # noqa: E402
from vyraz.training.augment import Augmentation  # noqa: E402
from vyraz.training.data import Epochs, Seen, one_hot  # noqa: E402
from vyraz.training.distill import taught, write_scores  # noqa: E402
from vyraz.training.export import export, load_network  # noqa: E402
from vyraz.training.fit import fit  # noqa: E402
from vyraz.training.heads import loss_weights, losses, with_heads  # noqa: E402
from vyraz.training.run import Run, digest_of  # noqa: E402
from vyraz.training.schedule import rate_of  # noqa: E402
from vyraz.training.settings import settings_for  # noqa: E402
from vyraz.types import EMOTIONS  # noqa: E402

#: What tells the pictures apart is their gray, which standardized they would not have.
SETTINGS = settings_for("tiny", epochs=3, batch=16, precision="float32", augment=False, options=["standardize=false"])


@pytest.fixture(scope="module")
def faces() -> LabelledFaces:
    """48 pictures a class of one gray each under noise, 32 of them for training; every eighth has no votes."""
    rng = np.random.default_rng(0)
    labels = np.tile(np.arange(7), 48)
    images = np.clip(30 * labels[:, None, None] + rng.normal(30, 9, (len(labels), 48, 48)), 0, 255).astype(np.uint8)
    votes = np.zeros((len(labels), 10), dtype=np.uint8)
    votes[np.arange(len(labels)), [ferplus.VOTES.index(EMOTIONS[label]) for label in labels]] = 10
    votes[::8] = 0
    usage = np.array(["Training"] * 224 + ["PublicTest"] * 56 + ["PrivateTest"] * 56)
    return LabelledFaces(images, labels, usage, votes)


@pytest.fixture(scope="module")
def teacher(faces: LabelledFaces, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = Run(tmp_path_factory.mktemp("teacher") / "run")
    fit(SETTINGS, faces, run, Silent())
    return run.folder


def training_of(faces: LabelledFaces) -> LabelledFaces:
    return faces.split("Training")


def test_an_epoch_is_the_same_each_time_and_shows_every_face(faces: LabelledFaces) -> None:
    training = training_of(faces)
    epochs = Epochs(training, {"scores": one_hot(training.labels, 7)}, batch=50, seed=3, mixup=0.4)
    assert len(epochs) == len(list(epochs(0))) == 5
    for (first, labels), (again, same) in zip(epochs(1), epochs(1), strict=True):
        np.testing.assert_array_equal(first, again)
        np.testing.assert_array_equal(labels["scores"], same["scores"])
    plain = replace(epochs, mixup=0.0)
    assert not np.array_equal(next(plain(0))[0], next(plain(1))[0])
    shown = np.concatenate([inputs for inputs, _ in plain(0)])
    assert sorted(image.tobytes() for image in shown) == sorted(image.tobytes() for image in to_input(training.images))


def test_pictures_and_targets_are_blended_alike() -> None:
    values = np.array([0, 50, 100, 200], dtype=np.uint8).repeat(20)
    images = np.broadcast_to(values[:, None, None], (80, 48, 48)).copy()
    faces = LabelledFaces(images, np.zeros(80, dtype=np.int64), np.array([""] * 80))
    targets = {"one": (values[:, None] / 255).astype(np.float32)}
    ((inputs, blended),) = Epochs(faces, targets, batch=80, seed=0, mixup=1.0)(0)
    np.testing.assert_allclose(inputs[:, 5, 5], blended["one"], atol=1e-6)
    assert np.ptp(inputs, axis=(1, 2, 3)).max() == 0
    assert len(np.unique(blended["one"].round(4))) > 30


def test_only_labels_of_fer2013_are_smoothed() -> None:
    for labels, smoothing in (("fer", 0.1), ("ferplus", 0.0)):
        chosen = losses(replace(SETTINGS, labels=labels, votes=0.3 if labels == "fer" else 0.0), 0.1)
        assert chosen["scores"].label_smoothing == smoothing
        assert all(loss.label_smoothing == 0 for name, loss in chosen.items() if name != "scores")


def test_without_anything_else_to_learn_the_network_is_itself() -> None:
    network = networks.get("tiny").build()
    assert with_heads(network, SETTINGS) is network
    assert loss_weights(SETTINGS) == {"scores": 1.0}


def test_heads_share_the_network() -> None:
    settings = replace(SETTINGS, votes=0.3, teacher="somebody", temperature=3.0, share=0.9)
    network = networks.get("tiny").build()
    fitted = with_heads(network, settings)
    faces = np.random.default_rng(0).random((4, 48, 48, 1), dtype=np.float32)
    outputs = {name: np.asarray(keras.ops.convert_to_numpy(x)) for name, x in fitted(faces, training=False).items()}
    scores = np.asarray(keras.ops.convert_to_numpy(network(faces, training=False)))
    assert {name: values.shape for name, values in outputs.items()} == {
        "scores": (4, 7), "votes": (4, 8), "softened": (4, 7),
    }  # fmt: skip
    np.testing.assert_allclose(outputs["scores"], scores, atol=1e-6)
    np.testing.assert_allclose(outputs["softened"], calibrated(scores, 3.0), atol=1e-5)
    np.testing.assert_allclose(outputs["votes"].sum(axis=1), 1, atol=1e-5)
    assert loss_weights(settings) == pytest.approx({"scores": 0.1, "votes": 0.3, "softened": 8.1})


def test_scores_of_teachers_are_stored_and_learnt(faces: LabelledFaces, teacher: Path, tmp_path: Path) -> None:
    path = tmp_path / "scores.npz"
    write_scores([teacher, teacher], training_of(faces), path, views=range(2), each=True)
    settings, teachers = taught(SETTINGS, [path], training_of(faces))
    assert teachers is not None
    assert isinstance(teachers.stored, Seen)
    assert settings.teacher == teachers.fingerprint != ""
    assert teachers.stored.targets.shape == (2, 224, 7)
    np.testing.assert_allclose(teachers.stored.targets.sum(axis=-1), 1, atol=1e-6)
    fit(settings, faces, Run(tmp_path / "run"), Silent(), teachers=teachers)
    rows = [json.loads(line) for line in (tmp_path / "run" / "history.jsonl").read_text().splitlines()]
    assert {"loss", "accuracy", "softened_loss", "total_loss"} <= rows[-1]["train"].keys()
    # Of a size with what is told of the held-out set, whatever else is learnt.
    assert 0.2 < rows[-1]["train"]["loss"] / rows[-1]["PublicTest"]["loss"] < 5
    assert rows[-1]["train"]["softened_loss"] < rows[0]["train"]["softened_loss"]


def test_what_is_stored_was_said_of_the_very_views_that_are_shown(
    faces: LabelledFaces, teacher: Path, tmp_path: Path
) -> None:
    path, training = tmp_path / "scores.npz", training_of(faces)
    write_scores([teacher], training, path, views=range(2), each=True)
    _, stored = taught(SETTINGS, [path], training)
    _, at_hand = taught(SETTINGS, [teacher], training)
    assert stored is not None
    assert at_hand is not None
    assert isinstance(stored.stored, Seen)
    epochs = Epochs(training, {"scores": one_hot(training.labels, 7)}, batch=100, seed=5, seen=stored.stored)
    shown = []
    for epoch in range(3):
        for inputs, targets in epochs(epoch):
            np.testing.assert_allclose(targets["softened"], at_hand(inputs, 1.0), atol=2e-3)
        shown.append(np.concatenate([inputs for inputs, _ in epochs(epoch)]).mean(axis=(1, 2, 3)))
    # The third epoch has the views of the first, in an order of its own.
    assert not np.allclose(shown[0], shown[2])
    np.testing.assert_allclose(np.sort(shown[0]), np.sort(shown[2]))
    assert not np.allclose(np.sort(shown[0]), np.sort(shown[1]))
    hidden = replace(epochs, augmentation=Augmentation(erase=1.0))
    (plain, *_), (covered, *_) = next(epochs(0)), next(hidden(0))
    changed = np.abs(plain - covered).max(axis=-1) > 0
    assert changed.any(axis=(1, 2)).all()
    assert changed.mean() < 0.2


def test_scores_on_average_over_views_are_learnt_too(faces: LabelledFaces, teacher: Path, tmp_path: Path) -> None:
    each, mean, training = tmp_path / "each.npz", tmp_path / "mean.npz", training_of(faces)
    write_scores([teacher], training, each, views=range(3), each=True)
    write_scores([teacher], training, mean, views=range(3))
    np.testing.assert_allclose(np.load(mean)["scores"], np.load(each)["scores"].mean(axis=0), atol=1e-3)
    settings, teachers = taught(SETTINGS, [mean], training)
    fit(settings, faces, Run(tmp_path / "run"), Silent(), teachers=teachers)
    rows = [json.loads(line) for line in (tmp_path / "run" / "history.jsonl").read_text().splitlines()]
    assert rows[-1]["train"]["softened_loss"] < rows[0]["train"]["softened_loss"]


def test_several_files_of_scores_are_averaged(faces: LabelledFaces, teacher: Path, tmp_path: Path) -> None:
    one, other, each = (tmp_path / f"{name}.npz" for name in ("one", "other", "each"))
    training = training_of(faces)
    write_scores([teacher], training, one, views=[0])
    np.savez(other, scores=one_hot(training.labels, 7), pictures=digest_of(training.images))
    settings, both = taught(SETTINGS, [one, other], training)
    assert both is not None
    expected = (np.load(one)["scores"].astype(np.float32) + one_hot(training.labels, 7)) / 2
    np.testing.assert_allclose(np.asarray(both.stored), expected, atol=1e-3)
    assert settings.teacher not in {taught(SETTINGS, [path], training)[0].teacher for path in (one, other)}
    write_scores([teacher], training, each, views=[0], each=True)
    with pytest.raises(UsageError, match="single views"):
        taught(SETTINGS, [one, each], training)
    np.savez(other, scores=one_hot(training.labels, 8), pictures=digest_of(training.images))
    with pytest.raises(UsageError, match="same labels"):
        taught(SETTINGS, [one, other], training)


@pytest.mark.parametrize(
    "damage",
    [
        {"limits": "{"},
        {"limits": '{"tilt": 1}'},
        {"limits": '{"rotation": "x"}'},
        {"limits": '{"scale": NaN}'},
        {"seed": "x"},
        {"seed": "-1"},
        {},
    ],
)
def test_scores_of_unknown_views_are_one_sentence(faces: LabelledFaces, tmp_path: Path, damage: dict[str, str]) -> None:
    path, training = tmp_path / "scores.npz", training_of(faces)
    said = one_hot(training.labels, 7)[None]
    arrays: dict[str, Any] = {"scores": said, "pictures": digest_of(training.images)}
    arrays |= {"limits": "{}", "seed": "1"} | damage if damage else {}
    np.savez(path, **arrays)
    with pytest.raises(DataError, match="which views"):
        taught(SETTINGS, [path], training)


def test_stopped_and_resumed_gives_the_same(faces: LabelledFaces, teacher: Path, tmp_path: Path) -> None:
    """With everything on: votes, blending, and a teacher that sees what the student sees."""
    settings, teachers = taught(replace(SETTINGS, votes=0.3, mixup=0.2, augment=True), [teacher], training_of(faces))
    straight, stopped = Run(tmp_path / "straight"), Run(tmp_path / "stopped")
    fit(settings, faces, straight, Silent(), teachers=teachers)
    with pytest.raises(KeyboardInterrupt):
        fit(settings, faces, stopped, Silent(epochs=2), teachers=teachers)
    fit(settings, faces, stopped, Silent(), teachers=teachers, resume=True)
    first, second = (
        [{**json.loads(line), "seconds": 0} for line in run.history.read_text().splitlines()]
        for run in (straight, stopped)
    )
    assert len(first) == 3
    assert first == second
    kept = keras.saving.load_model(straight.model)
    assert kept.output_shape == (None, 7)
    again = keras.saving.load_model(stopped.model)
    assert all(np.array_equal(x, y) for x, y in zip(kept.get_weights(), again.get_weights(), strict=True))
    with pytest.raises(RunError, match="teacher"):
        fit(replace(settings, teacher="other"), faces, straight, Silent(), teachers=teachers, resume=True)


def test_a_teacher_at_hand_is_as_precise_as_the_run(faces: LabelledFaces, teacher: Path) -> None:
    training = training_of(faces)
    half = replace(SETTINGS, precision="mixed_bfloat16")
    (exact_settings, exact), (settings, rough) = (taught(each, [teacher], training) for each in (SETTINGS, half))
    assert exact is not None
    assert rough is not None
    assert settings.teacher == exact_settings.teacher
    *layers, scores = (layer for layer in rough.networks[0].layers if isinstance(layer, keras.layers.Layer))
    precisions = {layer.dtype_policy.name for layer in layers if layer.weights}
    assert (precisions, scores.dtype_policy.name) == ({"mixed_bfloat16"}, "float32")
    inputs = to_input(training.images[:32])
    said = rough(inputs, 1.0)
    np.testing.assert_allclose(said, exact(inputs, 1.0), atol=0.03)
    np.testing.assert_allclose(said.sum(axis=1), 1, atol=1e-5)
    assert not np.array_equal(said, exact(inputs, 1.0))


def test_votes_as_labels_give_an_eighth(faces: LabelledFaces, tmp_path: Path) -> None:
    settings = settings_for("tiny", epochs=1, batch=16, precision="float32", labels="ferplus")
    run = Run(tmp_path / "run")
    fit(settings, faces, run, Silent())
    export(run, tmp_path / "eight.onnx", faces)
    classifier = Classifier(tmp_path / "eight.onnx")
    assert classifier.labels == (*EMOTIONS, "contempt")
    report = evaluate_faces(classifier, faces.split("PublicTest"))
    assert report["truth"] == "ferplus"
    assert evaluate_faces(classifier, replace(faces, votes=None))["truth"] == "fer"
    # Every eighth has no votes, and so no majority.
    assert report["count"] == 49
    assert list(report["per_class"]) == list(classifier.labels)
    assert report["per_class"]["contempt"] is None


def test_contempt_is_evaluated_where_a_model_has_it(faces: LabelledFaces, tmp_path: Path) -> None:
    """A folder of it counts for a network of eight labels, and is told to those of seven, in training too."""
    run = Run(tmp_path / "run")
    fit(settings_for("tiny", epochs=1, batch=16, precision="float32", labels="ferplus"), faces, run, Silent())
    export(run, tmp_path / "eight.onnx", faces)
    for name, count in {"contempt": 3, "happy": 2}.items():
        (tmp_path / "set" / name).mkdir(parents=True)
        for index, face in enumerate(faces.images[:count]):
            cv2.imwrite(str(tmp_path / "set" / name / f"{index}.png"), face)
    report = evaluate_set(tmp_path / "eight.onnx", tmp_path / "set")
    assert np.array(report["confusion"]).sum(axis=1).tolist() == [0, 0, 0, 2, 0, 0, 0, 3]
    with pytest.raises(ModelError, match=r"has no label contempt; .* --ignore contempt"):
        evaluate_set("small", tmp_path / "set")
    assert evaluate_set("small", tmp_path / "set", ignore=["contempt"])["count"] == 2
    with pytest.raises(DataError, match="contempt is learnt from the votes"):
        fit(SETTINGS, load_faces(tmp_path / "set"), Run(tmp_path / "other"), Silent())


def test_teachers_that_do_not_fit_are_refused(faces: LabelledFaces, teacher: Path, tmp_path: Path) -> None:
    training = training_of(faces)
    path = tmp_path / "scores.npz"
    write_scores([teacher], training, path, views=[0])
    assert taught(SETTINGS, [], training) == (SETTINGS, None)
    with pytest.raises(DataError, match="other pictures"):
        taught(SETTINGS, [path], faces.split("PublicTest"))
    with pytest.raises(UsageError, match="not both"):
        taught(SETTINGS, [teacher, path], training)
    with pytest.raises(UsageError, match=r"an \.npz"):
        write_scores([teacher], training, tmp_path / "scores", views=[0])
    with pytest.raises(UsageError, match="a folder that is there"):
        write_scores([teacher], training, tmp_path / "no" / "scores.npz", views=[0])
    with pytest.raises(UsageError, match="7 scores"):
        taught(replace(SETTINGS, labels="ferplus"), [teacher], training)
    with pytest.raises(RunError, match="no run here"):
        taught(SETTINGS, [tmp_path / "nothing"], training)
    with pytest.raises(RunError, match="learnt from other pictures"):
        taught(SETTINGS, [teacher], training.take(np.arange(len(training)) > 0))


@pytest.mark.parametrize("kind", ["torn", "lone", "nan", "inf", "words", "flat"])
def test_damaged_scores_are_one_sentence(faces: LabelledFaces, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "scores.npz"
    scores = {
        "nan": np.full((224, 7), np.nan),
        "inf": np.full((224, 7), np.inf),
        "words": np.full((224, 7), "x"),
        "flat": np.ones(224),
    }
    if kind == "torn":
        path.write_bytes(b"PK\x03\x04 not a zip")
    elif kind == "lone":
        with path.open("wb") as handle:
            np.save(handle, np.ones((224, 7)))
    else:
        np.savez(path, scores=scores[kind], pictures="")
    with pytest.raises(DataError, match=r"readable|not a file of teachers' scores"):
        taught(SETTINGS, [path], training_of(faces))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"mixup": float("nan")}, "mixup"),
        ({"votes": float("inf")}, "votes"),
        ({"share": 1.5}, "share"),
        ({"temperature": 0.0}, "temperature"),
        ({"degrade": 0.5, "augment": False}, "augment"),
        ({"strength": 0.5, "augment": False}, "augment"),
        ({"strength": 2.5}, "strength"),
        ({"strength": float("nan")}, "strength"),
        ({"sharpness": float("nan")}, "sharpness"),
        ({"labels": "ferplus", "votes": 0.3}, "already"),
    ],
)
def test_contradictions_are_wrong_usage(options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        settings_for("tiny", **options)


def test_classes_follow_from_the_labels(faces: LabelledFaces, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="follows from the labels"):
        fit(replace(SETTINGS, options={"classes": 8}), faces, Run(tmp_path / "run"), Silent())
    assert not (tmp_path / "run").exists()


def test_another_optimizers_checkpoint_is_refused_and_kept(faces: LabelledFaces, tmp_path: Path) -> None:
    """As of a run whose recipe has another optimizer by now."""
    run = Run(tmp_path / "run")
    with pytest.raises(KeyboardInterrupt):
        fit(replace(SETTINGS, optimizer="adam"), faces, run, Silent(epochs=1))
    before = run.history.read_bytes()
    run.facts.write_text(run.facts.read_text().replace('"optimizer": "adam"', '"optimizer": ""'))
    with pytest.raises(RunError, match="another optimizer"):
        fit(SETTINGS, faces, run, Silent(), resume=True)
    assert run.history.read_bytes() == before


def test_a_finished_run_is_left_as_it_is(faces: LabelledFaces, teacher: Path) -> None:
    before = (teacher / "model.keras").read_bytes()
    fit(SETTINGS, faces, Run(teacher), Silent(), resume=True)
    assert (teacher / "model.keras").read_bytes() == before


def test_votes_without_votes_say_so(faces: LabelledFaces, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no FER\+ votes"):
        fit(replace(SETTINGS, votes=0.3), replace(faces, votes=None), Run(tmp_path / "run"), Silent())
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"labels": "affectnet"}, "fer, ferplus"),
        ({"schedule": "linear"}, "constant, step, cosine"),
        ({"optimizer": "lion", "learning_rate": 0.1}, "sgd, adam, muon"),
    ],
)
def test_what_has_no_such_name_is_wrong_usage(chosen: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        settings_for("tiny", **chosen)


def test_the_rate_follows_its_schedule() -> None:
    recipe, per_epoch = networks.get("tiny").recipe, 10
    rates = {}
    for name in ("constant", "step", "cosine"):
        settings = settings_for("tiny", epochs=20, learning_rate=0.01, schedule=name)
        rate = rate_of(settings, recipe, per_epoch)
        rates[name] = [float(rate(step)) if callable(rate) else rate for step in range(200)]
    assert rates["constant"] == [0.01] * 200
    np.testing.assert_allclose(rates["step"], [0.01] * 150 + [0.001] * 50, rtol=1e-5)
    assert np.argmax(rates["cosine"]) == 20
    assert rates["cosine"][0] == pytest.approx(0.001)
    assert (np.diff(rates["cosine"])[:20] > 0).all()
    assert (np.diff(rates["cosine"])[20:] < 0).all()
    # That of the recipe is not a choice: older runs, which know of none, can be resumed.
    assert settings_for("tiny", schedule="cosine").schedule == ""


def test_weights_are_averaged_as_asked(faces: LabelledFaces, tmp_path: Path) -> None:
    """What is kept: with an average that moves slowly, about the first weights; without one, the last ones."""
    kept = {}
    for ema in (None, 0.0, 0.9999):
        run = Run(tmp_path / f"{ema}")
        fit(replace(SETTINGS, ema=ema), faces, run, Silent())
        kept[ema] = load_network(run).get_weights()[0]
    changes = {ema: np.abs(kept[0.9999] - kept[ema]).max() for ema in (None, 0.0)}
    assert changes[0.0] > changes[None] > 0
    assert settings_for("tiny", ema=networks.get("tiny").recipe.ema).ema is None


@pytest.mark.parametrize("ema", [1.0, -0.1, float("nan")])
def test_an_average_that_never_moves_is_wrong_usage(ema: float) -> None:
    with pytest.raises(UsageError, match="ema must be"):
        settings_for("tiny", ema=ema)


def test_settings_of_before_a_setting_was_there(faces: LabelledFaces, tmp_path: Path) -> None:
    """An older run goes on, as what it did not know of was off."""
    run = Run(tmp_path / "run")
    run.create(SETTINGS, faces, {})
    facts = json.loads(run.facts.read_text())
    for name in ("labels", "mixup", "votes", "teacher", "temperature", "share"):
        del facts["settings"][name]
    run.facts.write_text(json.dumps(facts))
    run.resume(SETTINGS, faces)
    with pytest.raises(RunError, match="votes"):
        run.resume(replace(SETTINGS, votes=0.3), faces)
