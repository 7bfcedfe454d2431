"""Sharpness-aware minimization."""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
keras = pytest.importorskip("keras", reason="training needs vyraz[train]")

from tests.trainings import Silent  # noqa: E402
from vyraz.errors import UsageError  # noqa: E402
from vyraz.labelled import LabelledFaces  # noqa: E402
from vyraz.training.fit import fit  # noqa: E402
from vyraz.training.run import Run  # noqa: E402
from vyraz.training.settings import settings_for  # noqa: E402
from vyraz.training.sharpness import flattened  # noqa: E402

RATE, RADIUS = 0.1, 0.5
INPUTS = np.array([[1.0, 2.0], [-1.0, 0.5], [0.3, -2.0]], dtype=np.float32)
TARGETS = np.array([[1.0], [0.0], [2.0]], dtype=np.float32)
KERNEL = np.array([[0.0], [-1.5]], dtype=np.float32)


def linear() -> Any:
    """Two weights, one of them 0, and the mean square error."""
    inputs = keras.Input((2,))
    model = flattened(keras.Model(inputs, keras.layers.Dense(1, use_bias=False)(inputs)), RADIUS)
    model.compile(keras.optimizers.SGD(RATE), "mse", jit_compile=False)
    model.set_weights([KERNEL])
    return model


def slope(kernel: np.ndarray) -> np.ndarray:
    result: np.ndarray = 2 * INPUTS.T @ (INPUTS @ kernel - TARGETS) / len(INPUTS)
    return result


def test_a_step_follows_the_gradient_of_where_the_loss_is_highest_close_by() -> None:
    model = linear()
    logs = model.train_on_batch(INPUTS, TARGETS, return_dict=True)
    sizes = np.abs(KERNEL) + 0.01
    rise = sizes * slope(KERNEL)
    uphill = KERNEL + RADIUS * sizes * rise / np.linalg.norm(rise)
    np.testing.assert_allclose(model.get_weights()[0], KERNEL - RATE * slope(uphill), rtol=1e-5)
    # What is said of a step is said of where the weights were.
    assert logs["loss"] == pytest.approx(np.mean((INPUTS @ KERNEL - TARGETS) ** 2), rel=1e-5)


def test_without_a_radius_the_model_is_itself() -> None:
    model = keras.Sequential([keras.layers.Dense(1)])
    assert flattened(model, 0) is model


def test_the_layers_are_those_of_the_model() -> None:
    inputs = keras.Input((2,))
    model = keras.Model(inputs, keras.layers.Dense(1)(inputs))
    found = flattened(model, RADIUS)
    found.compile(keras.optimizers.SGD(RATE), "mse", jit_compile=False)
    before = model.predict(INPUTS, verbose=0)
    found.train_on_batch(INPUTS, TARGETS)
    after = model.predict(INPUTS, verbose=0)
    assert np.abs(after - before).min() > 0
    np.testing.assert_array_equal(after, found.predict(INPUTS, verbose=0))


def test_normalisation_sees_a_batch_once() -> None:
    inputs = keras.Input((2,))
    norm = keras.layers.BatchNormalization(momentum=0.9)
    model = flattened(keras.Model(inputs, norm(inputs)), RADIUS)
    model.compile(keras.optimizers.SGD(RATE), "mse", jit_compile=False)
    model.train_on_batch(INPUTS, np.zeros((3, 2), dtype=np.float32))
    np.testing.assert_allclose(np.asarray(norm.moving_mean), 0.1 * INPUTS.mean(axis=0), rtol=1e-5)


def test_jax_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(UsageError, match="tensorflow or torch"):
        flattened(keras.Sequential([keras.layers.Dense(1)]), RADIUS)


@pytest.fixture(scope="module")
def faces() -> LabelledFaces:
    """16 pictures a class of one gray each under noise, 8 of them for training."""
    rng = np.random.default_rng(0)
    labels = np.tile(np.arange(7), 16)
    images = np.clip(30 * labels[:, None, None] + rng.normal(30, 9, (len(labels), 48, 48)), 0, 255).astype(np.uint8)
    usage = np.array(["Training"] * 56 + ["PublicTest"] * 28 + ["PrivateTest"] * 28)
    return LabelledFaces(images, labels, usage)


def test_a_training_goes_on_as_if_it_had_never_stopped(faces: LabelledFaces, tmp_path: Path) -> None:
    settings = settings_for(
        "tiny", epochs=2, batch=28, precision="float32", sharpness=1.0, options=["standardize=false", "dropout=0.2"]
    )
    whole, stopped = Run(tmp_path / "whole"), Run(tmp_path / "stopped")
    fit(settings, faces, whole, Silent())
    with pytest.raises(KeyboardInterrupt):
        fit(settings, faces, stopped, Silent(epochs=1))
    fit(settings, faces, stopped, Silent(), resume=True)
    rows = [[json.loads(line) for line in run.history.read_text().splitlines()] for run in (whole, stopped)]
    for row in (*rows[0], *rows[1]):
        del row["seconds"]
    assert rows[0] == rows[1]
    plain = Run(tmp_path / "plain")
    fit(replace(settings, sharpness=0.0), faces, plain, Silent())
    assert json.loads(plain.history.read_text().splitlines()[0])["train"] != rows[0][0]["train"]
