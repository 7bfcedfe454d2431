"""The paper's networks: counts to the digit, the options, and the layer that Keras does not have."""

import importlib
import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
keras = pytest.importorskip("keras", reason="networks need vyraz[train]")

from vyraz.classify import Classifier  # noqa: E402
from vyraz.training import networks  # noqa: E402
from vyraz.training.cost import count_macs  # noqa: E402
from vyraz.training.export import export  # noqa: E402
from vyraz.training.networks._parts import LocalResponseNormalization  # noqa: E402
from vyraz.training.run import Run  # noqa: E402
from vyraz.types import EMOTIONS, Float  # noqa: E402

Model = Any  # keras is skipped over where it is not installed, so that its types cannot be named

# Name: parameters, multiply-adds, and both in millions as paper.md tells them.
COUNTS = {
    "a": (3_761_327, 45_575_360, 3.8, 46),
    "b": (3_322_823, 31_203_840, 3.3, 31),
    "c0": (88_733_511, 154_261_504, 88.7, 154),
    "c_pool": (14_415_687, 55_171_072, 14.4, 55),
    "c_conv": (14_452_615, 58_157_056, 14.5, 58),
    "p": (2_345_607, 77_326_464, 2.35, 77),
}
NAMES = sorted(COUNTS)


@cache
def built(name: str) -> Model:
    """Each network once: C0 alone takes 355 MB."""
    keras.utils.set_random_seed(0)
    return networks.get(name).build()


@pytest.fixture(scope="module", autouse=True)
def _forget() -> Iterator[None]:
    yield
    built.cache_clear()


@pytest.mark.parametrize("name", NAMES)
def test_parameters_and_macs_to_the_digit(name: str) -> None:
    parameters, macs, _, _ = COUNTS[name]
    assert built(name).count_params() == parameters
    assert count_macs(built(name).layers) == macs


@pytest.mark.parametrize("name", NAMES)
def test_counts_are_those_of_the_paper(name: str) -> None:
    _, _, millions, mega_macs = COUNTS[name]
    digits = 2 if name == "p" else 1
    assert round(built(name).count_params() / 1e6, digits) == millions
    assert round(count_macs(built(name).layers) / 1e6) == mega_macs


@pytest.mark.parametrize("name", NAMES)
def test_docstring_tells_the_counts(name: str) -> None:
    text = importlib.import_module(f"vyraz.training.networks.{name}").__doc__ or ""
    parameters, macs, _, _ = COUNTS[name]
    assert f"| all | | {parameters:,} | {macs:,} |" in text
    for layer in built(name).layers:
        if layer.count_params():
            assert f"| {layer.count_params():,} | {count_macs([layer]):,} |" in text


@pytest.mark.parametrize("name", NAMES)
def test_rows_sum_to_one(name: str) -> None:
    model = built(name)
    assert (model.input.name, model.input_shape) == ("faces", (None, 48, 48, 1))
    assert (model.output_shape, model.layers[-1].name) == ((None, len(EMOTIONS)), "scores")
    scores = _array(model(_faces(3), training=False))
    assert scores.dtype == np.float32
    assert (scores >= 0).all()
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)
    assert np.ptp(scores, axis=0).max() > 1e-5


@pytest.mark.parametrize("name", NAMES)
def test_weights_are_float32_without_batch_norm(name: str) -> None:
    assert {weight.dtype for weight in built(name).weights} == {"float32"}
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in built(name).layers)


@pytest.mark.parametrize("name", NAMES)
def test_trained_as_its_source_says(name: str) -> None:
    recipe = networks.get(name).recipe
    expected = {"a": ("adam", 1e-3), "p": ("adam", 1e-4)}.get(name, ("sgd", 1e-3))
    assert (recipe.optimizer, recipe.learning_rate) == expected
    assert (recipe.batch, recipe.epochs) == ((64, 50) if name == "p" else (50, 60))
    assert recipe.validation == ("val", "PublicTest")
    assert not recipe.augment


def test_intermediate_layer_cuts_parameters_six_times() -> None:
    assert built("c_pool").count_params() * 6 <= built("c0").count_params()
    assert built("c_conv").count_params() * 6 <= built("c0").count_params()


def test_c_is_c_pool() -> None:
    assert networks.get("c") == networks.get("c_pool")


@pytest.mark.parametrize(
    ("filters", "parameters", "macs"),
    [(10, 941_067, 11_498_080), (20, 3_761_327, 45_575_360), (40, 15_039_447, 181_467_520)],
)
def test_filters_of_a(filters: int, parameters: int, macs: int) -> None:
    model = networks.get("a").build(filters=filters)
    kernels = [layer.kernel.shape[-1] for layer in model.layers if hasattr(layer, "kernel")]
    assert kernels == [filters, 4 * filters, 4 * filters, 16 * filters, len(EMOTIONS)]
    assert (model.count_params(), count_macs(model.layers)) == (parameters, macs)
    text = importlib.import_module("vyraz.training.networks.a").__doc__ or ""
    assert f"{parameters:,}" in text
    assert f"{macs:,}" in text


@pytest.mark.parametrize(("name", "layers"), [("b", 2), ("c", 1)])
def test_dropout_can_be_chosen(name: str, layers: int) -> None:
    model = networks.get(name).build(dropout=0.7)
    assert [layer.rate for layer in model.layers if isinstance(layer, keras.layers.Dropout)] == [0.7] * layers


@pytest.mark.parametrize("name", ["a", "b"])
def test_standardized_faces_look_the_same_in_any_light(name: str) -> None:
    model, faces = networks.get(name).build(standardize=True), _faces(3)
    bright, dark = (_array(model(light, training=False)) for light in (faces, 0.5 * faces + 0.2))
    np.testing.assert_allclose(bright, dark, atol=1e-3)
    assert model.count_params() == built(name).count_params()


def test_local_response_normalization_by_hand() -> None:
    constants: dict[str, Any] = {"radius": 2, "bias": 2.0, "alpha": 0.1}
    x: Float = np.random.default_rng(0).normal(size=(2, 3, 3, 8)).astype(np.float32)
    expected = np.empty_like(x)
    for channel in range(8):
        nearby = (x[..., max(channel - 2, 0) : channel + 3] ** 2).sum(axis=-1)
        expected[..., channel] = x[..., channel] / (2 + 0.1 * nearby) ** 0.75
    np.testing.assert_allclose(_array(LocalResponseNormalization(**constants)(x)), expected, rtol=1e-5)


def test_local_response_normalization_stays_in_float32() -> None:
    """At bfloat16's three digits it would do nothing."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        layer = LocalResponseNormalization()
    finally:
        keras.config.set_dtype_policy(before)
    assert layer.compute_dtype == "float32"


def test_local_response_normalization_survives_a_file(tmp_path: Path) -> None:
    constants: dict[str, Any] = {"radius": 3, "bias": 1.5, "alpha": 0.01}
    faces = keras.Input((4, 4, 9))
    model = keras.Model(faces, LocalResponseNormalization(**constants)(faces))
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    config = again.layers[-1].get_config()
    assert {name: config[name] for name in constants} == constants
    x = np.random.default_rng(0).normal(size=(2, 4, 4, 9)).astype(np.float32)
    np.testing.assert_array_equal(_array(again(x)), _array(model(x)))


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the TensorFlow backend exports")
def test_local_response_normalization_exports(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.facts.write_text(json.dumps({"settings": {"network": "b"}, "data": {}}))
    run.save(built("b"), run.model)
    export(run, tmp_path / "b.onnx")
    expected = _array(built("b")(_faces(3), training=False))
    np.testing.assert_allclose(Classifier(tmp_path / "b.onnx")(_faces(3)), expected, atol=1e-5)


def _faces(count: int) -> Float:
    return np.random.default_rng(0).random((count, 48, 48, 1), dtype=np.float32)


def _array(tensor: Any) -> Float:
    """Of any backend: torch gives no array of what still has a gradient."""
    return np.asarray(keras.ops.convert_to_numpy(tensor))
