"""What is kept of a network: averaged weights, normalisation measured for them; and that training does not notice."""

from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras", reason="training needs vyraz[train]")

from vyraz.crop import to_input  # noqa: E402
from vyraz.labelled import LabelledFaces  # noqa: E402
from vyraz.training import networks  # noqa: E402
from vyraz.training.augment import Augmentation  # noqa: E402
from vyraz.training.settle import measured_on, settled  # noqa: E402


@pytest.fixture
def model() -> Any:
    """`tiny` after some steps on noise, with a moving average that lags behind."""
    keras.utils.set_random_seed(1)
    built = networks.get("tiny").build(dropout=0.5)
    optimizer = keras.optimizers.SGD(0.05, use_ema=True, ema_momentum=0.9)
    built.compile(optimizer, "categorical_crossentropy", jit_compile=False)
    rng = np.random.default_rng(1)
    for _ in range(4):
        faces, labels = rng.random((16, 48, 48, 1), dtype=np.float32), rng.integers(0, 7, 16)
        built.train_on_batch(faces, np.eye(7, dtype=np.float32)[labels])
    return built


def norms_of(model: Any) -> list[Any]:
    return [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]


def test_a_settled_network_has_averaged_weights_and_the_statistics_of_the_given_faces(model: Any) -> None:
    inputs = np.random.default_rng(2).uniform(0.4, 0.6, (300, 48, 48, 1)).astype(np.float32)
    raw = [variable.numpy() for variable in model.trainable_variables]
    first, last = norms_of(model)[0], norms_of(model)[-1]
    seen = keras.Model(model.input, [norm.input for norm in (first, last)])
    with settled(model, inputs):
        averaged = [variable.numpy() for variable in model.trainable_variables]
        values, deep = (np.asarray(keras.ops.convert_to_numpy(each)) for each in seen(inputs, training=False))
        np.testing.assert_allclose(first.moving_mean.numpy(), values.mean(axis=(0, 1, 2)), rtol=1e-3, atol=1e-4)
        np.testing.assert_allclose(first.moving_variance.numpy(), values.var(axis=(0, 1, 2)), rtol=0.02)
        # Those of a deeper one are of what the shallower ones give where each batch has its own statistics.
        np.testing.assert_allclose(last.moving_mean.numpy(), deep.mean(axis=(0, 1, 2)), rtol=0.05, atol=0.02)
    assert any(np.abs(one - other).max() > 1e-3 for one, other in zip(raw, averaged, strict=True))


def test_training_goes_on_as_if_it_had_never_settled(model: Any) -> None:
    before, momenta = [variable.numpy() for variable in model.variables], [norm.momentum for norm in norms_of(model)]
    with settled(model, np.zeros((3, 48, 48, 1), dtype=np.float32)):
        assert any(not np.array_equal(one, other.numpy()) for one, other in zip(before, model.variables, strict=True))
    after = [variable.numpy() for variable in model.variables]
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))
    assert [norm.momentum for norm in norms_of(model)] == momenta


@pytest.mark.parametrize("changes", [None, Augmentation(brightness=0, contrast=0, erase=0)])
def test_normalisation_is_measured_on_every_kind_of_face_of_a_sorted_set(changes: Augmentation | None) -> None:
    labels = np.arange(7).repeat(1000)
    images = np.broadcast_to(labels[:, None, None].astype(np.uint8), (7000, 48, 48))
    faces = LabelledFaces(images, labels, np.array(["Training"] * 7000))
    inputs = measured_on(faces, changes)
    assert inputs.shape == (4096, 48, 48, 1)
    counts = np.bincount(np.rint(inputs[:256, 0, 0, 0] * 255).astype(int), minlength=7)
    assert counts.min() > 256 / 7 / 2


def test_normalisation_is_measured_on_pictures_as_they_are_and_as_they_are_learnt_from() -> None:
    images = np.random.default_rng(1).integers(0, 256, (60, 48, 48), dtype=np.uint8)
    faces = LabelledFaces(images, np.zeros(60, dtype=np.int64), np.array(["Training"] * 60))
    known = {image.tobytes() for image in to_input(images)}
    assert [image.tobytes() in known for image in measured_on(faces, Augmentation(mirror=False))] == [False, True] * 30
    assert all(image.tobytes() in known for image in measured_on(faces, None))
    assert sorted(image.tobytes() for image in images) == sorted(image.tobytes() for image in faces.images)
