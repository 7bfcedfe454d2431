"""Where each detector's box lies in FER-2013's 48x48 frame, and what the margin does to accuracy.

    python benchmarks/framing.py --data fer2013.csv -o docs/framing.json

A network trained on FER-2013 sees well only what is framed alike. So each detector looks at the Training
pictures themselves, enlarged and padded; the medians of where its box lies become its `Framing`. Then
PublicTest is classified through the detector, with that framing and with smaller and larger ones, and
beside it the same pictures as they are; and again with the pictures turned, to choose from which tilt on a
head is turned upright.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from vyraz.classify import Classifier
from vyraz.crop import SIDE, Framing, crop_face, to_input
from vyraz.dataset import load_faces
from vyraz.detect import DETECTORS, Detector, make_detector
from vyraz.labelled import LabelledFaces
from vyraz.types import EMOTIONS, Box, Face, Float, Gray, Labels, Pixels

ENLARGED = 4
PAD = 64
SIDES = (0.75, 0.8, 0.85, 0.9, 0.95, 1.0, 1.1, 1.2)
TURNS, TILTS = (0, 20, 40), (0.0, 10.0, 180.0)
#: A detector's box wavers by about so much from frame to frame, as a fraction of its size.
WAVER = 0.02


def main() -> None:
    parser = argparse.ArgumentParser(description="Learn each detector's framing from FER-2013.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--model", default="small")
    parser.add_argument("--step", type=int, default=8, help="take every Nth Training picture")
    chosen = parser.parse_args()
    faces = load_faces(chosen.data)
    training, held_out = faces.split("Training"), faces.split("PublicTest")
    classifier = Classifier(chosen.model)
    found: dict[str, Any] = {}
    for name in DETECTORS:
        detector = make_detector(name)
        where = statistics(detector, training.images[:: chosen.step])
        found[name] = where | {"PublicTest": accuracies(detector, classifier, held_out, learnt(where))}
        print(name, json.dumps(found[name], indent=1))
    report = {"command": " ".join(["python", *sys.argv]), **found}
    chosen.output.write_text(json.dumps(report, indent=1) + "\n")


def learnt(where: dict[str, Any]) -> Framing:
    return Framing(*(round(where[name]["median"], 3) for name in ("side", "right", "down")))


def enlarge(face: Gray, turn: float = 0) -> Pixels:
    """RGB, the 48x48 picture enlarged and turned, in the middle of a border that repeats its edge."""
    side = ENLARGED * SIDE + 2 * PAD
    matrix = np.asarray(cv2.getRotationMatrix2D((SIDE / 2 - 0.5, SIDE / 2 - 0.5), turn, ENLARGED), dtype=np.float64)
    matrix[:, 2] += side / 2 - SIDE / 2
    large = cv2.warpAffine(face, matrix, (side, side), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.repeat(large[..., None], 3, axis=2).astype(np.uint8)


def statistics(detector: Detector, images: Gray) -> dict[str, Any]:
    """Medians and quartiles of the framing that would give back the original picture."""
    rows = [row for row in (implied(detector(enlarge(image))) for image in images) if row is not None]
    quartiles = np.percentile(np.array(rows), [25, 50, 75], axis=0).T
    named = zip(("side", "right", "down", "by_width", "by_height"), quartiles, strict=True)
    spread = {name: {"median": round(q[1], 4), "quartiles": [round(q[0], 4), round(q[2], 4)]} for name, q in named}
    return {"pictures": len(images), "found": len(rows), **spread}


def implied(faces: list[Face]) -> tuple[float, ...] | None:
    """The `Framing` that would cut out the original picture, and its side by the box's width and height alone."""
    if not faces:
        return None
    side, middle = ENLARGED * SIDE, PAD + ENLARGED * SIDE / 2
    box = faces[0].box
    x, y = box.centre
    mean = (box.width * box.height) ** 0.5
    return side / mean, (middle - x) / side, (middle - y) / side, side / box.width, side / box.height


def accuracies(detector: Detector, classifier: Classifier, faces: LabelledFaces, framing: Framing) -> dict[str, Any]:
    """Accuracy on the faces that are found: as they are, by margin, and by what is done about tilted heads."""
    found, seen = look(detector, faces.images, 0)
    labels = faces.labels[seen]
    by_side = {
        f"{factor:g}": margin(classifier, found, labels, replace(framing, side=framing.side * factor))
        for factor in SIDES
    }
    chosen = replace(framing, side=round(framing.side * best_side(by_side, len(found)), 3))
    report = {
        "found": len(found),
        "of": len(faces),
        "as_they_are": accuracy(classifier, faces.images[seen], labels),
        "by_side": by_side,
        "chosen": asdict(chosen),
    }
    if found[0][1].landmarks is None:
        return report
    turned = {str(turn): by_tilt(detector, classifier, faces, chosen, turn) for turn in TURNS}
    return report | {"by_turn_and_tilt": turned}


def best_side(by_side: Mapping[str, Mapping[str, float]], count: int) -> float:
    """The most accurate factor of `SIDES`; the median itself, 1, unless another beats it by a standard error."""
    best, median = max(by_side, key=lambda name: by_side[name]["accuracy"]), by_side["1"]["accuracy"]
    error = (median * (1 - median) / count) ** 0.5
    return float(best) if by_side[best]["accuracy"] > median + error else 1.0


def by_tilt(
    detector: Detector, classifier: Classifier, faces: LabelledFaces, framing: Framing, turn: int
) -> dict[str, float]:
    """Accuracy on pictures turned by so many degrees, by the tilt from which heads are turned back."""
    found, seen = look(detector, faces.images, turn)
    return {
        f"{tilt:g}": through(classifier, found, faces.labels[seen], replace(framing, tilt=tilt)) for tilt in TILTS
    } | {"found": len(found)}


def look(detector: Detector, images: Gray, turn: int) -> tuple[list[tuple[Pixels, Face]], npt.NDArray[np.bool_]]:
    """The pictures in which a face is found, with it; and for each picture whether one is."""
    pictures = [enlarge(image, turn) for image in images]
    boxes = [detector(picture) for picture in pictures]
    found = [(picture, entry[0]) for picture, entry in zip(pictures, boxes, strict=True) if entry]
    return found, np.array([bool(entry) for entry in boxes])


def margin(
    classifier: Classifier, found: list[tuple[Pixels, Face]], labels: Labels, framing: Framing
) -> dict[str, float]:
    """Accuracy, and by how much the largest change of a score is on average when the box wavers."""
    moved = [(picture, wavered(face)) for picture, face in found]
    first, second = scores(classifier, found, framing), scores(classifier, moved, framing)
    return {
        "accuracy": through(classifier, found, labels, framing),
        "wavering": round(float(np.abs(first - second).max(axis=1).mean()), 4),
    }


def wavered(face: Face) -> Face:
    x, y, width, height = face.box
    return replace(face, box=Box(x + WAVER * width, y - WAVER * height, width * (1 + WAVER), height * (1 + WAVER)))


def scores(classifier: Classifier, found: list[tuple[Pixels, Face]], framing: Framing) -> Float:
    return classifier(to_input(np.array([crop_face(picture, face, framing) for picture, face in found])))


def through(classifier: Classifier, found: list[tuple[Pixels, Face]], labels: Labels, framing: Framing) -> float:
    names = np.array(classifier.labels)
    predicted = names[scores(classifier, found, framing).argmax(axis=1)]
    return round(float((predicted == np.array(EMOTIONS)[labels]).mean()), 4)


def accuracy(classifier: Classifier, images: Gray, labels: Labels) -> float:
    names = np.array(classifier.labels)
    return round(float((names[classifier(to_input(images)).argmax(axis=1)] == np.array(EMOTIONS)[labels]).mean()), 4)


if __name__ == "__main__":
    main()
