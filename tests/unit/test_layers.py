"""Layers of our own are Keras's, on whichever backend: run with KERAS_BACKEND=torch too where PyTorch is installed."""

from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="training needs vyraz[train]")

from vyraz.training.networks._layers import AveragePooling2D, BatchNormalization, Conv2D  # noqa: E402
from vyraz.types import Float  # noqa: E402

STRENGTHS = {"float32": 1e-4, "mixed_bfloat16": 0.03}


def step(layer: Any) -> list[Float]:
    """Scores before and after one step of SGD, and all weights then, those of a layer below among them."""
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(1)
    x = rng.normal(2, 3, (8, 10, 12, 4)).astype(np.float32)
    below = keras.layers.Conv2D(4, 1, dtype="float32")
    model = keras.Sequential(
        [keras.Input(x.shape[1:]), below, layer, keras.layers.Activation("linear", dtype="float32")]
    )
    weights = rng.normal(size=model.output_shape[1:]).astype(np.float32)
    model.compile(keras.optimizers.SGD(0.1), lambda wanted, y: keras.ops.sum(wanted * y) / 240, jit_compile=False)
    before = model.predict(x, verbose=0)
    model.train_on_batch(x, np.broadcast_to(weights, (8, *weights.shape)))
    return [before, *model.get_weights(), model.predict(x, verbose=0)]


def assert_alike(mine: list[Float], their: list[Float], tolerance: float) -> None:
    assert len(mine) == len(their)
    for one, other in zip(mine, their, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=tolerance * max(1.0, float(np.abs(other).max())))


@pytest.mark.parametrize("policy", list(STRENGTHS))
def test_batch_normalization_is_keras_own(policy: str) -> None:
    # Of the variance TensorFlow remembers the unbiased estimate, here 960 / 959 of Keras's.
    mine, their = (
        step(kind(momentum=0.9, dtype=policy)) for kind in (BatchNormalization, keras.layers.BatchNormalization)
    )
    assert_alike(mine, their, max(STRENGTHS[policy], 2e-3))
    assert np.ptp(mine[-1] - mine[0]) > 0.1


@pytest.mark.parametrize("policy", list(STRENGTHS))
@pytest.mark.parametrize(("size", "stride"), [(3, 1), (3, 2), (1, 2), (5, 3), ((2, 3), (1, 2))])
def test_convolution_is_keras_own(policy: str, size: Any, stride: Any) -> None:
    options = {"strides": stride, "padding": "same", "activation": "relu", "dtype": policy}
    mine, their = (step(kind(6, size, **options)) for kind in (Conv2D, keras.layers.Conv2D))
    assert_alike(mine, their, STRENGTHS[policy])
    assert np.ptp(mine[-1] - mine[0]) > 0.1


@pytest.mark.parametrize("policy", list(STRENGTHS))
@pytest.mark.parametrize("options", [{}, {"pool_size": 3}, {"strides": 1}, {"padding": "same"}])
def test_pooling_is_keras_own(policy: str, options: dict[str, Any]) -> None:
    options = {"pool_size": 2, "dtype": policy} | options
    mine, their = (step(kind(**options)) for kind in (AveragePooling2D, keras.layers.AveragePooling2D))
    assert_alike(mine, their, STRENGTHS[policy])
    assert np.ptp(mine[-1] - mine[0]) > 0.1


@pytest.mark.parametrize("special", [{"dilation_rate": 2}, {"groups": 2}, {"padding": "valid"}])
def test_special_convolutions_are_keras_own(special: dict[str, Any]) -> None:
    options = {"padding": "same"} | special
    mine, their = (step(kind(6, 3, **options)) for kind in (Conv2D, keras.layers.Conv2D))
    assert_alike(mine, their, STRENGTHS["float32"])


def test_a_frozen_batch_normalization_stays_as_it_is() -> None:
    x = np.random.default_rng(1).normal(2, 3, (8, 5, 6, 4)).astype(np.float32)
    layer = BatchNormalization()
    layer(x, training=True)
    layer.trainable = False
    before = layer.get_weights()
    frozen = keras.ops.convert_to_numpy(layer(x, training=True))
    np.testing.assert_allclose(frozen, keras.ops.convert_to_numpy(layer(x, training=False)), atol=1e-5)
    assert all(np.array_equal(one, other) for one, other in zip(before, layer.get_weights(), strict=True))
