"""The networks: what they take, give and cost."""

import os
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
keras = pytest.importorskip("keras", reason="networks need vyraz[train]")

from vyraz.errors import UsageError  # noqa: E402
from vyraz.training import networks  # noqa: E402
from vyraz.training.cost import count_macs  # noqa: E402
from vyraz.types import EMOTIONS  # noqa: E402

Model = Any  # keras is skipped over where it is not installed, so that its types cannot be named


@pytest.fixture(scope="module")
def small() -> Model:
    keras.utils.set_random_seed(0)
    return networks.get("small").build()


def test_small_is_small(small: Model) -> None:
    """The design's budget: half a million parameters and 25 million multiply-adds a face."""
    assert 100_000 < small.count_params() <= 500_000
    assert 1_000_000 < count_macs(small.layers) <= 25_000_000


def test_tiny_is_tiny() -> None:
    tiny = networks.get("tiny").build()
    assert tiny.count_params() <= 90_000
    assert count_macs(tiny.layers) <= 9_000_000


def test_small_takes_faces_and_gives_scores(small: Model) -> None:
    assert small.input_shape == (None, 48, 48, 1)
    assert small.output_shape == (None, len(EMOTIONS))
    faces = np.random.default_rng(0).random((5, 48, 48, 1), dtype=np.float32)
    scores = np.asarray(small(faces, training=False))
    assert scores.dtype == np.float32
    assert (scores >= 0).all()
    np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-5)


def test_small_scores_each_face_by_itself(small: Model) -> None:
    faces = np.random.default_rng(1).random((4, 48, 48, 1), dtype=np.float32)
    together = np.asarray(small(faces, training=False))
    alone = np.concatenate([np.asarray(small(face[None], training=False)) for face in faces])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert np.ptp(together, axis=0).max() > 1e-4


@pytest.mark.parametrize("name", ["small", "tiny", "vgg"])
def test_standardized_faces_look_the_same_in_any_light(name: str) -> None:
    build, faces = networks.get(name).build, np.random.default_rng(2).random((3, 48, 48, 1), dtype=np.float32)
    for standardize in (True, False):
        model = build(standardize=standardize)
        bright, dark = (np.asarray(model(light, training=False)) for light in (faces, 0.3 * faces + 0.1))
        assert (np.abs(bright - dark).max() < 0.02) == standardize
    assert model.count_params() == build().count_params()


@pytest.mark.parametrize("classes", [2, 8])
def test_number_of_classes_can_be_chosen(classes: int) -> None:
    assert networks.get("small").build(classes=classes).output_shape == (None, classes)


@pytest.mark.parametrize("name", ["resnet18", "resnet34", "wide", "vgg"])
def test_teachers_take_faces_and_give_scores(name: str) -> None:
    teacher = networks.get(name).build(classes=8)
    assert (teacher.input_shape, teacher.output_shape) == ((None, 48, 48, 1), (None, 8))
    # Larger than what may ship, as they say.
    assert teacher.count_params() > 4_000_000


@pytest.mark.parametrize("name", sorted(networks.NETWORKS))
def test_every_network_says_how_it_is_trained(name: str) -> None:
    recipe = networks.get(name).recipe
    assert recipe.epochs > 0
    assert recipe.batch > 0
    assert recipe.learning_rate > 0
    assert recipe.validation


def test_unknown_network_names_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"'nosuch'.*small"):
        networks.get("nosuch")


def test_macs_of_a_tiny_network_by_hand() -> None:
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((8, 6, 3)),
            layers.Conv2D(5, 3, padding="same"),  # 8 * 6 places, each 3 * 3 * 3 in and 5 out
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Conv2D(4, (1, 2), strides=2),  # 4 * 3 places, each 1 * 2 * 5 in and 4 out
            layers.DepthwiseConv2D(3, padding="same"),  # 4 * 3 places, each 3 * 3 in, 4 channels
            layers.Flatten(),
            layers.Dense(7),  # 48 in and 7 out
            layers.Softmax(),
        ]
    )
    expected = 48 * 27 * 5 + 12 * 10 * 4 + 12 * 9 * 4 + 48 * 7
    assert count_macs(model.layers) == expected


def test_macs_of_grouped_convolutions_and_of_networks_within_networks() -> None:
    layers = keras.layers
    inner = keras.Sequential([keras.Input((4, 4, 6)), layers.Conv2D(8, 3, padding="same", groups=2)])
    model = keras.Sequential([keras.Input((4, 4, 6)), inner, layers.GlobalAveragePooling2D(), layers.Dense(2)])
    assert count_macs(model.layers) == 16 * 9 * 3 * 8 + 8 * 2
