"""What calibration finds, and that the network then gives it."""

import os

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
keras = pytest.importorskip("keras", reason="training needs vyraz[train]")

from vyraz.crop import to_input  # noqa: E402
from vyraz.labelled import LabelledFaces  # noqa: E402
from vyraz.metrics import calibrated, fit_temperature, nll  # noqa: E402
from vyraz.training.calibrate import (  # noqa: E402
    scale_logits,
    scaled,
    scaling_costs,
    temperature_and_smoothing,
    vector_scaling,
)
from vyraz.types import Float, Labels  # noqa: E402

SLOPES = np.array([0.5, 1.0, 1.5, 0.8], dtype=np.float32)
OFFSETS = np.array([0.6, -0.5, 0.2, -0.3], dtype=np.float32)


def softmax(logits: Float) -> Float:
    powers = np.exp(logits)
    scores: Float = powers / powers.sum(axis=1, keepdims=True)
    return scores


def drawn(scores: Float, rng: np.random.Generator) -> Labels:
    """A label for each row, by its scores."""
    found: Labels = (rng.random((len(scores), 1)) > scores.cumsum(axis=1)).sum(axis=1).clip(max=scores.shape[1] - 1)
    return found


def test_slopes_and_offsets_are_found_again() -> None:
    rng = np.random.default_rng(4)
    logits = rng.normal(0, 2, (40_000, 4)).astype(np.float32)
    logits -= logits.mean(axis=1, keepdims=True)
    slopes, offsets = vector_scaling(softmax(logits), drawn(softmax(logits * SLOPES + OFFSETS), rng))
    np.testing.assert_allclose(slopes, SLOPES, rtol=0.07)
    np.testing.assert_allclose(offsets, OFFSETS, atol=0.07)


@pytest.mark.parametrize(("temperature", "smoothing"), [(1.0, 0.1), (1.5, 0.05), (0.7, 0.0)])
def test_smoothing_and_temperature_are_found_again(temperature: float, smoothing: float) -> None:
    rng = np.random.default_rng(5)
    honest = softmax(rng.normal(0, 3, (40_000, 4)).astype(np.float32))
    learnt = (1 - smoothing) * calibrated(honest, 1 / temperature) + np.float32(smoothing / 4)
    found = temperature_and_smoothing(learnt, drawn(honest, rng))
    # Scores that would fall too far are kept up, which a lower temperature makes up for.
    np.testing.assert_allclose(found, (temperature, smoothing), rtol=0.1, atol=0.011)


def test_no_smoothing_is_found_where_there_was_none() -> None:
    for seed in range(8):
        rng = np.random.default_rng(seed)
        honest = softmax(rng.normal(0, 1, (3000, 7)).astype(np.float32))
        assert temperature_and_smoothing(honest, drawn(honest, rng))[1] == 0


def test_of_few_faces_a_temperature_alone_is_fitted() -> None:
    rng = np.random.default_rng(8)
    honest = softmax(rng.normal(0, 3, (1000, 4)).astype(np.float32))
    labels, scores = drawn(honest, rng), np.float32(0.9) * honest + np.float32(0.025)
    assert temperature_and_smoothing(scores, labels)[1] > 0
    assert temperature_and_smoothing(scores[1:], labels[1:]) == (fit_temperature(scores[1:], labels[1:]), 0)


@pytest.mark.parametrize("count", [1, 12])
def test_few_faces_change_little(count: int) -> None:
    """With a class that does not occur, and faces that are all right."""
    scores = softmax(np.eye(4, dtype=np.float32)[np.arange(count) % 3] * 3)
    slopes, offsets = vector_scaling(scores, np.arange(count) % 3)
    assert slopes.min() > 0.5
    assert slopes.max() < 3
    assert np.abs(offsets).max() < 1


@pytest.mark.parametrize(("lean", "costs"), [(1.5, False), (0.0, True)], ids=["lopsided", "honest"])
def test_scaling_costs_where_scores_are_honest(lean: float, costs: bool) -> None:
    """Of these nothing is to be found but noise."""
    rng = np.random.default_rng(3)
    logits = rng.normal(0, 1, (1500, 7)).astype(np.float32)
    labels, leaning = drawn(softmax(logits), rng), np.array([lean, 0, 0, 0, 0, 0, 0], dtype=np.float32)
    assert scaling_costs(softmax(logits + leaning), labels) is costs
    assert not scaling_costs(softmax(logits + leaning)[:999], labels[:999])


def test_a_network_stays_as_it_is_where_scaling_costs_accuracy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vyraz.training.calibrate.scaling_costs", lambda *_: True)
    model = keras.Sequential([keras.Input((48, 48, 1)), keras.layers.Flatten(), keras.layers.Dense(7),
                              keras.layers.Softmax()])  # fmt: skip
    before = model.layers[1].get_weights()
    images, labels = np.zeros((20, 48, 48), dtype=np.uint8), np.arange(20) % 7
    scale_logits(model, LabelledFaces(images, labels, np.full(20, "PublicTest")))
    for one, other in zip(before, model.layers[1].get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_network_gives_scaled_scores() -> None:
    rng = np.random.default_rng(6)
    keras.utils.set_random_seed(1)
    shape = (48, 48, 1)
    model = keras.Sequential([keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(7),
                              keras.layers.Softmax()])  # fmt: skip
    # Logits whose mean in a row is far from 0.
    model.layers[1].set_weights([model.layers[1].get_weights()[0], np.arange(7, dtype=np.float32) + 5])
    images = rng.integers(0, 256, (400, 48, 48), dtype=np.uint8)
    before = np.asarray(model(to_input(images)))
    labels = drawn(before[:, ::-1], rng)
    scale_logits(model, LabelledFaces(images, labels, np.full(400, "PublicTest")))
    after = np.asarray(model(to_input(images)))
    slopes, offsets = vector_scaling(before, labels)
    np.testing.assert_allclose(after, scaled(before, slopes, offsets), atol=1e-5)
    assert nll(after, labels) < nll(before, labels)
