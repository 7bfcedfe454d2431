"""Training, killing, resuming and exporting, on the installed command."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest

from vyraz.classify import METADATA_KEY, Classifier
from vyraz.crop import to_input
from vyraz.types import EMOTIONS

keras = pytest.importorskip("keras", reason="training needs vyraz[train]")

from vyraz.dataset import load_faces  # noqa: E402
from vyraz.training.calibrate import scale_logits  # noqa: E402
from vyraz.training.export import load_network, recalibrate  # noqa: E402
from vyraz.training.run import Run  # noqa: E402

VYRAZ = Path(sys.executable).with_name("vyraz")
EPOCHS = 6
SETTINGS = (
    "--epochs", str(EPOCHS), "--batch", "28", "--lr", "0.004", "--precision", "float32", "--seed", "3",
    "--set", "dropout=0.2",
)  # fmt: skip
PATIENCE = 300.0

pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system cannot kill with SIGKILL")


@dataclass(frozen=True)
class Trained:
    """One run that was never killed and one that was, three times, with the same settings."""

    data: Path
    straight: Path
    killed: Path
    torn: Path


def start(*arguments: str | Path) -> subprocess.Popen[str]:
    one_thread = {"OMP_NUM_THREADS": "1", "TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    return subprocess.Popen(
        [VYRAZ, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | one_thread | {"CUDA_VISIBLE_DEVICES": "-1"},
    )


def call(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    process = start(*arguments)
    try:
        out, err = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def train(data: Path, run: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return call("train", "small", "--data", data, "-o", run, *SETTINGS, "-q", *more)


def lines_of(run: Path) -> int:
    history = run / "history.jsonl"
    return history.read_text().count("\n") if history.exists() else 0


def history_of(run: Path) -> list[dict[str, Any]]:
    """All that a history holds except how long it took."""
    rows = [json.loads(line) for line in (run / "history.jsonl").read_text().splitlines()]
    return [{key: value for key, value in row.items() if key != "seconds"} for row in rows]


def kill_after(process: subprocess.Popen[str], run: Path, epochs: int, delay: float) -> None:
    """SIGKILL a training `delay` seconds after it has written `epochs` lines."""
    give_up = time.monotonic() + PATIENCE
    try:
        while lines_of(run) < epochs and process.poll() is None and time.monotonic() < give_up:
            time.sleep(0.01)
        time.sleep(delay)
    finally:
        process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "the training ended before it could be killed"


def assert_one_line(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    assert done.returncode == code, done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("vyraz: ")
    for word in words:
        assert word in lines[0]
    assert done.stdout == ""


def write_faces(path: Path, usage: Sequence[tuple[str, int]]) -> None:
    """An .npz of seven patterns under noise: a few pictures a class and split."""
    rng = np.random.default_rng(0)
    patterns = rng.integers(60, 196, (len(EMOTIONS), 6, 6)).repeat(8, axis=1).repeat(8, axis=2)
    splits = np.array([name for name, count in usage for _ in range(count * len(EMOTIONS))])
    emotion = np.arange(len(splits)) % len(EMOTIONS)
    noise = rng.normal(0, 25, (len(splits), 48, 48))
    images = np.clip(patterns[emotion] + noise, 0, 255).astype(np.uint8)
    np.savez(path, images=images, emotion=emotion, usage=splits)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder = tmp_path_factory.mktemp("training")
    runs = Trained(folder / "faces.npz", folder / "straight", folder / "killed", folder / "torn")
    write_faces(runs.data, [("Training", 20), ("PublicTest", 4), ("PrivateTest", 3)])
    done = train(runs.data, runs.straight)
    assert done.returncode == 0, done.stderr
    # The kill falls on another moment of an epoch each time.
    last = [json.loads(line) for line in (runs.straight / "history.jsonl").read_text().splitlines()][-1]
    for epochs in (1, 2, 4):
        process = start("train", "small", "--data", runs.data, "-o", runs.killed, *SETTINGS, "-q", "--resume")
        kill_after(process, runs.killed, epochs, random.uniform(0, 1.2 * last["seconds"]))
        if not runs.torn.exists():
            shutil.copytree(runs.killed, runs.torn)
    done = train(runs.data, runs.killed, "--resume")
    assert done.returncode == 0, done.stderr
    return runs


@pytest.fixture(scope="module")
def exported(trained: Trained, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("export") / "small.onnx"
    done = call("export", trained.straight, "-o", path, "--calibrate", trained.data)
    assert done.returncode == 0, done.stderr
    return path


def test_history_has_a_row_an_epoch_and_the_network_learns(trained: Trained) -> None:
    rows = history_of(trained.straight)
    assert [row["epoch"] for row in rows] == list(range(1, EPOCHS + 1))
    assert all({"loss", "accuracy"} <= row[part].keys() for row in rows for part in ("train", "PublicTest"))
    assert rows[-1]["train"]["loss"] < rows[0]["train"]["loss"]
    assert rows[-1]["train"]["accuracy"] > 2 / len(EMOTIONS)


def test_same_seed_gives_the_same_history(trained: Trained, tmp_path: Path) -> None:
    done = train(trained.data, tmp_path / "again")
    assert done.returncode == 0, done.stderr
    assert history_of(tmp_path / "again") == history_of(trained.straight)


def test_killed_and_resumed_run_equals_one_never_killed(trained: Trained) -> None:
    assert history_of(trained.killed) == history_of(trained.straight)


def test_killed_and_resumed_run_ends_in_the_same_network(trained: Trained) -> None:
    weights = [keras.saving.load_model(run / "model.keras").get_weights() for run in (trained.straight, trained.killed)]
    assert all(np.array_equal(first, second) for first, second in zip(*weights, strict=True))


def test_second_run_into_the_same_folder_is_refused(trained: Trained) -> None:
    before = history_of(trained.straight)
    assert_one_line(train(trained.data, trained.straight), 1, "holds a run already", "--resume")
    assert history_of(trained.straight) == before


def test_resume_with_other_settings_is_refused(trained: Trained) -> None:
    before = history_of(trained.killed)
    done = train(trained.data, trained.killed, "--resume", "--seed", "4")
    assert_one_line(done, 1, "seed", "resume with the same")
    assert history_of(trained.killed) == before


def test_resume_with_other_data_is_refused(trained: Trained, tmp_path: Path) -> None:
    write_faces(tmp_path / "other.npz", [("Training", 21), ("PublicTest", 4)])
    assert_one_line(train(tmp_path / "other.npz", trained.killed, "--resume"), 1, "other data")


def test_resuming_from_a_damaged_checkpoint_says_so(trained: Trained, tmp_path: Path) -> None:
    run = shutil.copytree(trained.torn, tmp_path / "run")
    checkpoint = run / "checkpoint.keras"
    checkpoint.write_bytes(trained.data.read_bytes()[:5000])
    assert_one_line(train(trained.data, run, "--resume"), 1, "checkpoint.keras", "cannot be loaded")


def test_compare_measures_and_draws(trained: Trained, tmp_path: Path) -> None:
    runs = [shutil.copytree(run, tmp_path / run.name) for run in (trained.straight, trained.killed, trained.torn)]
    done = call("compare", *runs, "--data", trained.data, "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    straight, killed, torn = json.loads((tmp_path / "out" / "table.json").read_text())
    same = set(straight) - {"run", "bytes", "ms_per_face", "seconds_per_epoch"}
    assert {name: straight[name] for name in same} == {name: killed[name] for name in same}
    # The converter may give the same nodes in another order, and their names then differ in length.
    assert straight["bytes"] == pytest.approx(killed["bytes"], rel=1e-3)
    # What ONNX gives on the split is what Keras gave after the last epoch.
    assert straight["PublicTest"] == pytest.approx(history_of(trained.straight)[-1]["PublicTest"]["accuracy"])
    model = keras.saving.load_model(trained.straight / "model.keras")
    assert straight["parameters"] == torn["parameters"] == model.count_params()
    assert straight["PrivateTest"] is not None
    assert torn["PrivateTest"] is None
    for name in ("accuracy", "history-straight", "history-killed", "history-torn"):
        assert (tmp_path / "out" / f"{name}.png").stat().st_size > 5000


def test_compare_redraws_without_the_data_and_keeps_what_was_measured(trained: Trained, tmp_path: Path) -> None:
    run = shutil.copytree(trained.straight, tmp_path / "straight")
    call("compare", run, "--data", trained.data, "-o", tmp_path / "first")
    for name in ("model.keras", "checkpoint.keras"):
        (run / name).unlink()
    done = call("compare", run, "-o", tmp_path / "second")
    assert done.returncode == 0, done.stderr
    for name in ("table.md", "table.csv", "table.json", "history-straight.png", "history-straight.svg"):
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes()


def test_the_mean_of_runs_is_measured_and_drawn_beside_them(trained: Trained, tmp_path: Path) -> None:
    mean, straight = tmp_path / "mean", shutil.copytree(trained.straight, tmp_path / "straight")
    done = call("average", straight, trained.killed, "--data", trained.data, "-o", mean)
    assert done.returncode == 0, done.stderr
    done = call("compare", mean, straight, "--data", trained.data, "-o", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    rows = json.loads((tmp_path / "out" / "table.json").read_text())
    # Of two that are the same, but that normalisation is measured once more.
    assert [row["epochs"] for row in rows] == [0, EPOCHS]
    assert rows[0]["PublicTest"] == pytest.approx(rows[1]["PublicTest"], abs=0.1)
    assert_one_line(call("average", straight, "--data", trained.data, "-o", tmp_path / "one"), 2, "two runs at least")


def test_exporting_an_incomplete_run_says_so(trained: Trained, tmp_path: Path) -> None:
    done = call("export", trained.torn, "-o", tmp_path / "torn.onnx")
    assert_one_line(done, 1, "not complete", "--resume")
    assert not (tmp_path / "torn.onnx").exists()


def test_onnx_scores_equal_those_of_keras(trained: Trained, tmp_path: Path) -> None:
    path = tmp_path / "plain.onnx"
    done = call("export", trained.straight, "-o", path)
    assert done.returncode == 0, done.stderr
    faces = np.random.default_rng(7).random((32, 48, 48, 1), dtype=np.float32)
    expected = np.asarray(load_network(Run(trained.straight))(faces, training=False))
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    scores = session.run(None, {session.get_inputs()[0].name: faces})[0]
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-5)
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)
    # Not a network that gives every face the same scores.
    assert np.ptp(expected, axis=0).max() > 1e-4


def test_calibrated_onnx_scores_equal_those_of_keras_with_its_logits_scaled(trained: Trained, exported: Path) -> None:
    faces = np.random.default_rng(7).random((32, 48, 48, 1), dtype=np.float32)
    network = load_network(Run(trained.straight))
    plain = np.asarray(network(faces, training=False))
    scale_logits(network, load_faces(trained.data).with_splits().split("PublicTest"))
    expected = np.asarray(network(faces, training=False))
    session = ort.InferenceSession(exported, providers=["CPUExecutionProvider"])
    scores = session.run(None, {session.get_inputs()[0].name: faces})[0]
    np.testing.assert_allclose(scores, expected, rtol=0, atol=1e-5)
    assert np.abs(expected - plain).max() > 1e-3


def test_fitted_again_a_network_is_as_it_was(trained: Trained, exported: Path, tmp_path: Path) -> None:
    spoilt = tmp_path / "spoilt.onnx"
    network = onnx.load(exported)
    before = json.loads(network.metadata_props[0].value)
    onnx.helper.set_model_props(network, {METADATA_KEY: json.dumps(before | {"temperature": 7.0, "smoothing": 0.5})})
    onnx.save(network, spoilt)
    recalibrate(spoilt, load_faces(trained.data).with_splits().split("PublicTest"))
    assert json.loads(onnx.load(spoilt).metadata_props[0].value) == before
    faces = np.random.default_rng(0).random((3, 48, 48, 1), dtype=np.float32)
    np.testing.assert_array_equal(Classifier(spoilt)(faces), Classifier(exported)(faces))


def test_onnx_has_batch_norm_folded(exported: Path) -> None:
    operators = {node.op_type for node in onnx.load(exported).graph.node}
    assert "Conv" in operators
    assert "BatchNormalization" not in operators


@pytest.mark.parametrize("count", [1, 2, 33])
def test_onnx_takes_any_number_of_faces(exported: Path, count: int) -> None:
    session = ort.InferenceSession(exported, providers=["CPUExecutionProvider"])
    faces = np.zeros((count, 48, 48, 1), dtype=np.float32)
    assert session.run(None, {session.get_inputs()[0].name: faces})[0].shape == (count, len(EMOTIONS))


def test_int8_is_smaller_and_says_nearly_the_same(trained: Trained, exported: Path, tmp_path: Path) -> None:
    done = call("export", trained.straight, "-o", tmp_path / "int8.onnx", "--calibrate", trained.data, "--int8")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert (tmp_path / "int8.onnx").stat().st_size < 0.4 * exported.stat().st_size
    with np.load(trained.data) as data:
        faces = to_input(data["images"])
    before, after = Classifier(exported)(faces), Classifier(tmp_path / "int8.onnx")(faces)
    # After two epochs of few pictures some channels hardly vary yet, and rounding shows where it would not later.
    assert 0 < np.abs(after - before).mean() < 0.03
    assert (np.abs(after - before) > 0.1).mean() < 0.01


def test_int8_without_faces_says_so(trained: Trained, tmp_path: Path) -> None:
    done = call("export", trained.straight, "-o", tmp_path / "int8.onnx", "--int8")
    assert_one_line(done, 2, "--calibrate")
    assert not (tmp_path / "int8.onnx").exists()


def test_onnx_says_what_it_is(trained: Trained, exported: Path) -> None:
    metadata = {entry.key: entry.value for entry in onnx.load(exported).metadata_props}
    card = json.loads(metadata[METADATA_KEY])
    assert tuple(card["labels"]) == EMOTIONS
    assert card["network"] == "small"
    assert card["parameters"] == keras.saving.load_model(trained.straight / "model.keras").count_params()
    assert 0 < card["macs"] <= 25_000_000
    assert 0 <= card["uncertain_below"] <= 1
    assert card["temperature"] > 0
    assert card["temperature"] != 1


def test_exported_network_is_one_that_vyraz_takes(exported: Path) -> None:
    classifier = Classifier(exported)
    scores = classifier(np.random.default_rng(1).random((3, 48, 48, 1), dtype=np.float32))
    assert classifier.labels == EMOTIONS
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)


def test_training_goes_on_from_trained_weights(trained: Trained, exported: Path, tmp_path: Path) -> None:
    before = history_of(trained.straight)
    done = train(trained.data, tmp_path / "run", "--epochs", "1", "--start", str(exported))
    assert done.returncode == 0, done.stderr
    assert history_of(tmp_path / "run")[0]["train"]["loss"] < before[0]["train"]["loss"]


@pytest.mark.parametrize(
    ("network", "option", "word"),
    [
        ("nosuch", (), "small"),
        ("small", ("--precision", "float7"), "mixed_bfloat16"),
        ("small", ("--backend", "caffe"), "tensorflow"),
        ("small", ("--start", "nosuch"), "small-int8"),
        ("small", ("--start", "tiny"), "do not fit small"),
        ("small", ("--weight-decay", "nan"), "weight_decay must be"),
        ("small", ("--branch", "7"), "EPOCHS:SEED"),
    ],
    ids=["network", "precision", "backend", "start", "start of another", "weight decay", "branch"],
)
def test_unknown_name_is_wrong_usage(tmp_path: Path, network: str, option: tuple[str, ...], word: str) -> None:
    """One line that names what there is, and nothing is left behind."""
    write_faces(tmp_path / "faces.npz", [("Training", 1), ("PublicTest", 1)])
    done = call("train", network, "--data", tmp_path / "faces.npz", "-o", tmp_path / "run", "-q", *option)
    assert_one_line(done, 2, word)
    assert not (tmp_path / "run").exists()
