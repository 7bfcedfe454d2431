"""Labelled faces: Kaggle's fer2013.csv, an .npz, or a folder of class folders."""

import csv
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vyraz.crop import SIDE, fit_face
from vyraz.errors import DataError
from vyraz.ferplus import LABELS
from vyraz.labelled import LabelledFaces
from vyraz.pictures import PICTURE_SUFFIXES, read_picture
from vyraz.types import EMOTIONS, Gray

__all__ = ["LabelledPicture", "class_of", "load_faces", "load_pictures", "pictures_of", "read_arrays"]

_NO_USAGE = ""
_VOTES = 10
#: Pixels are one field; more than this does not fit into Windows' C long.
_LONGEST_FIELD = 2**31 - 1
_ALIASES = {
    "anger": "angry",
    "disgusted": "disgust",
    "fearful": "fear",
    "afraid": "fear",
    "happiness": "happy",
    "sadness": "sad",
    "surprised": "surprise",
    "contemptuous": "contempt",
}
_FOLDER_SPLITS = {
    "train": "Training",
    "training": "Training",
    "val": "PublicTest",
    "valid": "PublicTest",
    "validation": "PublicTest",
    "publictest": "PublicTest",
    "test": "PrivateTest",
    "privatetest": "PrivateTest",
}


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """One picture of a folder: `label` is an index into `ferplus.LABELS`, `usage` its split or empty."""

    path: Path
    label: int
    usage: str


def load_faces(path: Path, ignore: Sequence[str] = ()) -> LabelledFaces:
    """Read a labelled set as faces of 48x48.

    Args:
        path: a .csv with the columns emotion, pixels and (optionally) Usage; an .npz with images,
            emotion and (optionally) usage and votes; or a folder of class folders, with or without
            train/val/test above them.
        ignore: classes that are left out.

    Raises:
        DataError: malformed; the row is named.
    """
    if not path.exists():
        raise DataError(f"{path}: no such data set")
    if path.is_dir():
        faces = _from_pictures(load_pictures(path, ignore))
    elif path.suffix == ".npz":
        faces = _from_npz(path)
    elif path.suffix == ".csv":
        faces = _from_csv(path)
    else:
        raise DataError(f"{path}: a data set is a .csv, an .npz or a folder of class folders")
    dropped = [label for name in ignore if (label := class_of(name)) is not None]
    left = faces.take(~np.isin(faces.labels, dropped)) if dropped else faces
    if not len(left):
        raise DataError(f"{path}: no pictures" + (" but those of the ignored classes" if dropped else ""))
    return left


def class_of(name: str) -> int | None:
    """Index into `ferplus.LABELS` of a class by any of its common names or FER indexes 0-6, else None."""
    key = name.strip().lower()
    if key.isdecimal() and int(key) < len(EMOTIONS):
        return int(key)
    key = _ALIASES.get(key, key)
    return LABELS.index(key) if key in LABELS else None


def load_pictures(root: Path, ignore: Sequence[str] = ()) -> list[LabelledPicture]:
    """The pictures of a folder of class folders, in the order of their paths.

    Raises:
        DataError: a class folder of unknown name, or no picture at all.
    """
    skipped = {name.strip().lower() for name in ignore}
    dropped = {class_of(name) for name in ignore} - {None}
    pictures: list[LabelledPicture] = []
    unknown: set[str] = set()
    for folder, usage in _class_folders(root):
        label = class_of(folder.name)
        if folder.name.lower() in skipped or label in dropped:
            continue
        if label is None:
            unknown.add(folder.name)
            continue
        files = sorted(file for file in folder.iterdir() if file.suffix.lower() in PICTURE_SUFFIXES)
        pictures += [LabelledPicture(file, label, usage) for file in files]
    if unknown:
        raise DataError(
            f"{root}: unknown classes {', '.join(sorted(unknown))}; rename them to one of "
            f"{', '.join(LABELS)} or move them away (vyraz evaluate --ignore NAME leaves them out)"
        )
    if not pictures:
        raise DataError(f"{root}: no pictures in class folders ({', '.join(LABELS)})")
    return pictures


def pictures_of(pictures: list[LabelledPicture], split: str | None) -> list[LabelledPicture]:
    """Those of one split; a set without splits is all of it.

    Raises:
        UsageError: no split of that name.
        DataError: the split is empty here.
    """
    marks = LabelledFaces(
        np.empty((len(pictures), 0, 0), dtype=np.uint8),
        np.arange(len(pictures)),
        np.array([picture.usage for picture in pictures]),
    )
    return [pictures[index] for index in marks.split(split).labels]


def _class_folders(root: Path) -> list[tuple[Path, str]]:
    folders = sorted(entry for entry in root.iterdir() if entry.is_dir())
    found: list[tuple[Path, str]] = []
    for folder in folders:
        usage = _FOLDER_SPLITS.get(folder.name.lower())
        if usage is None:
            found.append((folder, _NO_USAGE))
        else:
            found += [(inner, usage) for inner in sorted(folder.iterdir()) if inner.is_dir()]
    return found


def _from_pictures(pictures: list[LabelledPicture]) -> LabelledFaces:
    images = np.stack([fit_face(read_picture(picture.path)) for picture in pictures])
    labels = np.array([picture.label for picture in pictures], dtype=np.int64)
    return LabelledFaces(images, labels, np.array([picture.usage for picture in pictures]), names=LABELS)


def _from_npz(path: Path) -> LabelledFaces:
    arrays = read_arrays(path, ("images", "emotion", "usage", "votes"))
    missing = {"images", "emotion"} - arrays.keys()
    if missing:
        raise DataError(f"{path}: arrays missing: {', '.join(sorted(missing))}")
    _check_shapes(path, arrays)
    images, labels = arrays["images"], arrays["emotion"].astype(np.int64)
    outside = np.flatnonzero((labels < 0) | (labels >= len(EMOTIONS)))
    if len(outside):
        raise DataError(f"{path}: row {outside[0]}: emotion {labels[outside[0]]} is not in 0-{len(EMOTIONS) - 1}")
    usage = arrays.get("usage", np.full(len(labels), _NO_USAGE)).astype(str)
    return LabelledFaces(images, labels, usage, arrays.get("votes"))


def read_arrays(path: Path, names: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    """Those of an .npz that it has.

    Raises:
        DataError: not an .npz, or a damaged one.
    """
    try:
        # Not np.load(path): that takes a lone array too, whatever the suffix says.
        with path.open("rb") as handle, np.lib.npyio.NpzFile(handle) as stored:
            return {name: np.asarray(stored[name]) for name in names if name in stored.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DataError(f"{path}: not a readable .npz ({error})") from error


def _check_shapes(path: Path, arrays: dict[str, npt.NDArray[Any]]) -> None:
    images, labels = arrays["images"], arrays["emotion"]
    if images.shape[1:] != (SIDE, SIDE) or images.dtype != np.uint8:
        raise DataError(f"{path}: images must be uint8 (n, {SIDE}, {SIDE}), not {images.dtype} {images.shape}")
    if labels.shape != images.shape[:1] or labels.dtype.kind not in "iu":
        raise DataError(f"{path}: emotion must be {len(images)} whole numbers, not {labels.dtype} {labels.shape}")
    for name, shape in (("usage", images.shape[:1]), ("votes", (len(images), _VOTES))):
        if name in arrays and arrays[name].shape != shape:
            raise DataError(f"{path}: {name} must be of shape {shape}, not {arrays[name].shape}")
    if "votes" in arrays and arrays["votes"].dtype.kind not in "iu":
        raise DataError(f"{path}: votes must be whole numbers, not {arrays['votes'].dtype}")


def _from_csv(path: Path) -> LabelledFaces:
    csv.field_size_limit(_LONGEST_FIELD)
    images, labels, usage = [], [], []
    try:
        # Excel begins a CSV with a byte order mark, which utf-8-sig takes off; bytes that are no text
        # are replaced, so that the line they are on can be named.
        with path.open(newline="", encoding="utf-8-sig", errors="replace") as handle:
            # Another of Kaggle's files has a blank after each comma of its header.
            rows = csv.DictReader(handle, skipinitialspace=True)
            missing = {"emotion", "pixels"} - set(rows.fieldnames or ())
            if missing:
                raise DataError(f"{path}: columns missing: {', '.join(sorted(missing))}")
            for row in rows:
                label, image = _parse_row(row, f"{path}: line {rows.line_num}")
                labels.append(label)
                images.append(image)
                usage.append(row.get("Usage") or _NO_USAGE)
    except (OSError, csv.Error) as error:
        raise DataError(f"{path}: not a readable CSV ({error})") from error
    if not images:
        raise DataError(f"{path}: no rows")
    return LabelledFaces(np.stack(images), np.array(labels, dtype=np.int64), np.array(usage))


def _parse_row(row: dict[str, str], where: str) -> tuple[int, Gray]:
    try:
        label = int(row["emotion"])
        values = np.array(row["pixels"].split(), dtype=np.int64)
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise DataError(f"{where}: emotion and pixels must be whole numbers ({error})") from None
    if not 0 <= label < len(EMOTIONS):
        raise DataError(f"{where}: emotion {label} is not in 0-{len(EMOTIONS) - 1}")
    if len(values) != SIDE * SIDE:
        raise DataError(f"{where}: {len(values)} pixels instead of {SIDE * SIDE}")
    if values.min() < 0 or values.max() > 255:
        raise DataError(f"{where}: a pixel is outside 0-255")
    return label, values.astype(np.uint8).reshape(SIDE, SIDE)
