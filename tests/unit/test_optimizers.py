"""What moves the weights."""

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
keras = pytest.importorskip("keras", reason="training needs vyraz[train]")

from vyraz.errors import UsageError  # noqa: E402
from vyraz.training import networks  # noqa: E402
from vyraz.training.optimizers import Muon, optimizer_of  # noqa: E402
from vyraz.training.settings import settings_for  # noqa: E402

RATE = 0.01


def moved(optimizer: Muon, start: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """How far a variable moves under each of some gradients."""
    variable = keras.Variable(start.astype("float32"))
    places = [variable.numpy()]
    for gradient in gradients:
        optimizer.apply([keras.ops.convert_to_tensor(gradient.astype("float32"))], [variable])
        places.append(variable.numpy())
    return np.diff(places, axis=0)


@pytest.mark.parametrize("shape", [(3, 3, 16, 32), (1, 1, 64, 16), (3, 3, 8, 128)])
def test_a_kernel_moves_by_an_orthogonal_matrix(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(1)
    gradients = rng.normal(size=(3, *shape))
    steps = moved(Muon(RATE, weight_decay=None, adam_weight_decay=None), np.zeros(shape), gradients).reshape(
        3, -1, shape[-1]
    )
    # Newton-Schulz brings singular values near 1 only (Jordan et al.: 0.7 to 1.2).
    unit = RATE * 0.2 * np.sqrt(max(steps.shape[1:]))
    assert np.abs(np.linalg.svd(steps, compute_uv=False) / unit - 1).max() < 0.35
    matrix = gradients[0].reshape(steps[0].shape)
    left, _, right = np.linalg.svd(matrix, full_matrices=False)
    assert np.abs(steps[0] / unit + left @ right).max() < 0.1


@pytest.mark.parametrize("shape", [(16,), (64, 7), (3, 3, 1, 16), (1, 1, 16, 4)])
def test_everything_else_moves_by_adam(shape: tuple[int, ...]) -> None:
    gradients = np.random.default_rng(2).normal(size=(3, *shape))
    muon = moved(Muon(RATE, weight_decay=None, adam_weight_decay=None), np.zeros(shape), gradients)
    adam = moved(keras.optimizers.Adam(RATE), np.zeros(shape), gradients)
    np.testing.assert_allclose(muon, adam, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("decay", [0.005, 0.0])
def test_kernels_decay_and_biases_do_not(decay: float) -> None:
    recipe = replace(networks.get("tiny").recipe, weight_decay=decay, schedule="constant")
    shapes: list[tuple[int, ...]] = [(3, 3, 8, 8), (3, 3, 1, 8), (64, 7), (8,)]
    variables = [
        keras.Variable(np.ones(shape, dtype="float32"), name="bias" if len(shape) == 1 else "kernel")
        for shape in shapes
    ]
    optimizer_of(settings_for("tiny", epochs=1), recipe, 10).apply(
        [keras.ops.zeros_like(variable) for variable in variables], variables
    )
    for variable, expected in zip(variables, [1 - recipe.learning_rate * decay] * 3 + [1], strict=True):
        np.testing.assert_allclose(variable.numpy(), expected, rtol=1e-6)


def test_decay_of_weights_is_the_recipes_or_the_chosen() -> None:
    recipe = networks.get("tiny").recipe
    for chosen, expected in ((None, recipe.weight_decay), (0.03, 0.03), (0.0, None), (recipe.weight_decay, 0.005)):
        settings = settings_for("tiny", epochs=1, weight_decay=chosen)
        assert optimizer_of(settings, recipe, 10).weight_decay == expected
        assert settings.weight_decay == (None if chosen == recipe.weight_decay else chosen)


def test_the_optimizer_is_the_recipes_or_the_chosen() -> None:
    kinds = {"sgd": keras.optimizers.SGD, "adam": keras.optimizers.Adam, "muon": Muon}
    recipe = networks.get("tiny").recipe
    for name, kind in kinds.items():
        settings = settings_for("tiny", epochs=1, optimizer=name, learning_rate=RATE)
        assert type(optimizer_of(settings, recipe, 10)) is kind
        assert settings.optimizer == ("" if name == recipe.optimizer else name)
    assert type(optimizer_of(settings_for("b", epochs=1), networks.get("b").recipe, 10)) is keras.optimizers.SGD
    assert settings_for("tiny", optimizer="muon").learning_rate == recipe.learning_rate
    with pytest.raises(UsageError, match=r"0.01 is for muon: give --lr"):
        settings_for("tiny", optimizer="adam")


def test_a_model_is_loaded_with_what_muon_remembers(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((8, 8, 8)), keras.layers.Conv2D(8, 3), keras.layers.GlobalMaxPooling2D()])
    model.compile(Muon(RATE), "mse")
    model.train_on_batch(np.ones((4, 8, 8, 8), dtype="float32"), np.ones((4, 8), dtype="float32"))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    assert type(again.optimizer) is Muon
    for saved, loaded in zip(model.optimizer.variables, again.optimizer.variables, strict=True):
        np.testing.assert_array_equal(saved.numpy(), loaded.numpy())
