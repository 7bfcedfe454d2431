"""Labelled sets: read what users have, and say where it is wrong."""

import runpy
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from vyraz.dataset import class_of, load_faces, load_pictures, pictures_of
from vyraz.errors import DataError, SourceError, UsageError
from vyraz.ferplus import LABELS
from vyraz.labelled import LabelledFaces
from vyraz.types import EMOTIONS, Gray

FER = Path(__file__).resolve().parents[3] / "shared" / "data" / "fer2013"
RNG = np.random.default_rng(11)
PIXELS = " ".join(["7"] * 48 * 48)


def picture(seed: int = 0) -> Gray:
    return np.random.default_rng(seed).integers(0, 256, (48, 48), dtype=np.uint8)


def line(label: int | str, image: Gray, usage: str) -> str:
    return f"{label},{' '.join(map(str, image.ravel()))},{usage}"


@pytest.fixture
def csv_of(tmp_path: Path) -> Callable[..., Path]:
    def write(*lines: str, header: str = "emotion,pixels,Usage") -> Path:
        path = tmp_path / "fer2013.csv"
        path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
        return path

    return write


@pytest.fixture
def npz_of(tmp_path: Path) -> Callable[..., Path]:
    """An .npz of three faces, with arrays replaced, or left out where they are None."""

    def write(**other: Any) -> Path:
        arrays: dict[str, Any] = {
            "images": np.stack([picture(number) for number in range(3)]),
            "emotion": np.array([0, 6, 3], dtype=np.int8),
            "usage": np.array(["Training", "PublicTest", "PrivateTest"]),
            "votes": np.arange(30, dtype=np.uint8).reshape(3, 10),
        }
        path = tmp_path / "faces.npz"
        np.savez(path, **{name: value for name, value in (arrays | other).items() if value is not None})
        return path

    return write


def folder_of(root: Path, counts: Mapping[str, int]) -> Path:
    """PNGs in folders: how many in each; every picture is different."""
    for folder, count in counts.items():
        (root / folder).mkdir(parents=True)
        for number in range(count):
            cv2.imwrite(str(root / folder / f"{number}.png"), RNG.integers(0, 256, (48, 48), dtype=np.uint8))
    return root


# CSV


def test_csv_is_read_exactly(csv_of: Callable[..., Path]) -> None:
    images = [picture(1), picture(2)]
    faces = load_faces(csv_of(line(3, images[0], "Training"), line(0, images[1], "PublicTest")))
    assert len(faces) == 2
    assert faces.images.dtype == np.uint8
    np.testing.assert_array_equal(faces.images, images)
    assert faces.labels.tolist() == [3, 0]
    assert faces.usage.tolist() == ["Training", "PublicTest"]
    assert faces.votes is None


def test_csv_without_usage_has_no_splits(csv_of: Callable[..., Path]) -> None:
    faces = load_faces(csv_of(f"4,{PIXELS}", header="emotion,pixels"))
    assert faces.usage.tolist() == [""]


def test_csv_columns_may_come_in_another_order(csv_of: Callable[..., Path]) -> None:
    """As in Kaggle's later icml_face_data.csv."""
    faces = load_faces(csv_of(f"5,PublicTest,{PIXELS}", header="emotion,Usage,pixels"))
    assert faces.labels.tolist() == [5]
    assert faces.usage.tolist() == ["PublicTest"]


def test_csv_written_by_excel_is_read(tmp_path: Path) -> None:
    path = tmp_path / "excel.csv"
    path.write_text(f"emotion,pixels\r\n2,{PIXELS}\r\n", encoding="utf-8-sig", newline="")
    assert load_faces(path).labels.tolist() == [2]


@pytest.mark.parametrize(("header", "missing"), [("emotion,Usage", "pixels"), ("a,b", "emotion, pixels")])
def test_csv_with_columns_missing_names_them(csv_of: Callable[..., Path], header: str, missing: str) -> None:
    with pytest.raises(DataError, match=f"columns missing: {missing}$"):
        load_faces(csv_of("1,2", header=header))


BAD_ROWS = {
    "too few pixels": (f"3,{PIXELS[:-2]},Training", "2303 pixels instead of 2304"),
    "too many pixels": (f"3,{PIXELS} 1,Training", "2305 pixels instead of 2304"),
    "no pixels": ("3,,Training", "0 pixels instead of 2304"),
    "label above 6": (f"7,{PIXELS},Training", "emotion 7 is not in 0-6"),
    "label below 0": (f"-1,{PIXELS},Training", "emotion -1 is not in 0-6"),
    "label a word": (f"happy,{PIXELS},Training", "whole numbers"),
    "label a fraction": (f"1.5,{PIXELS},Training", "whole numbers"),
    "label empty": (f",{PIXELS},Training", "whole numbers"),
    "pixel above 255": (f"3,256{PIXELS[1:]},Training", "outside 0-255"),
    "pixel below 0": (f"3,-1{PIXELS[1:]},Training", "outside 0-255"),
    "pixel beyond 64 bits": (f"3,99999999999999999999{PIXELS[1:]},Training", "whole numbers"),
    "pixel a word": (f"3,x{PIXELS[1:]},Training", "whole numbers"),
    "pixel a fraction": (f"3,0.5{PIXELS[1:]},Training", "whole numbers"),
    "short row": ("3", "whole numbers"),
}


@pytest.mark.parametrize(("bad", "words"), BAD_ROWS.values(), ids=BAD_ROWS.keys())
def test_csv_with_a_bad_row_names_its_line(csv_of: Callable[..., Path], bad: str, words: str) -> None:
    path = csv_of(f"0,{PIXELS},Training", f"1,{PIXELS},Training", bad, f"2,{PIXELS},Training")
    with pytest.raises(DataError, match=rf"fer2013\.csv: line 4: .*{words}"):
        load_faces(path)


def test_csv_lines_are_counted_as_an_editor_does(csv_of: Callable[..., Path]) -> None:
    with pytest.raises(DataError, match="line 5: "):
        load_faces(csv_of(f"0,{PIXELS},Training", "", "", "9,,"))


def test_csv_cut_off_in_the_middle_of_a_row_names_it(csv_of: Callable[..., Path]) -> None:
    path = csv_of(f"0,{PIXELS},Training", f"1,{PIXELS},Training")
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(DataError, match="line 3: "):
        load_faces(path)


def test_csv_with_binary_garbage_in_a_row_names_it(csv_of: Callable[..., Path]) -> None:
    path = csv_of(f"0,{PIXELS},Training")
    with path.open("ab") as handle:
        handle.write(b"\x89PNG\xff\xfe\0\0\xc3(,\x80,\n")
    with pytest.raises(DataError, match="line 3: "):
        load_faces(path)


@pytest.mark.parametrize(
    "content",
    [b"", b"\n\n", b"\0" * 500, b"\x89PNG\r\n\x1a\n\xff\xfe\x80" * 20, RNG.bytes(5000)],
    ids=["empty", "blank lines", "zeros", "PNG", "random"],
)
def test_file_that_is_no_csv_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"fer2013\.csv: columns missing: emotion, pixels"):
        load_faces(path)


def test_csv_without_rows_is_refused(csv_of: Callable[..., Path]) -> None:
    with pytest.raises(DataError, match="no rows"):
        load_faces(csv_of())


# .npz


def test_npz_is_read_exactly(npz_of: Callable[..., Path]) -> None:
    faces = load_faces(npz_of())
    np.testing.assert_array_equal(faces.images, [picture(0), picture(1), picture(2)])
    assert faces.labels.dtype == np.int64
    assert faces.labels.tolist() == [0, 6, 3]
    assert faces.usage.tolist() == ["Training", "PublicTest", "PrivateTest"]
    assert faces.votes is not None
    np.testing.assert_array_equal(faces.votes, np.arange(30).reshape(3, 10))


def test_npz_without_usage_and_votes(npz_of: Callable[..., Path]) -> None:
    faces = load_faces(npz_of(usage=None, votes=None))
    assert faces.usage.tolist() == ["", "", ""]
    assert faces.votes is None


def test_other_arrays_of_an_npz_do_not_matter(npz_of: Callable[..., Path]) -> None:
    assert len(load_faces(npz_of(restored=np.zeros(3, dtype=bool), note=np.array([{"a": 1}], dtype=object)))) == 3


BAD_ARRAYS: dict[str, tuple[dict[str, Any], str]] = {
    "no images": ({"images": None}, "arrays missing: images"),
    "no emotion": ({"emotion": None}, "arrays missing: emotion"),
    "neither": ({"images": None, "emotion": None}, "arrays missing: emotion, images"),
    "float images": ({"images": np.zeros((3, 48, 48))}, "images must be uint8"),
    "signed images": ({"images": np.zeros((3, 48, 48), dtype=np.int8)}, "images must be uint8"),
    "wrong side": ({"images": np.zeros((3, 64, 64), dtype=np.uint8)}, "images must be uint8"),
    "flat images": ({"images": np.zeros((3, 2304), dtype=np.uint8)}, "images must be uint8"),
    "with channels": ({"images": np.zeros((3, 48, 48, 1), dtype=np.uint8)}, "images must be uint8"),
    "no array of images": ({"images": np.uint8(3)}, "images must be uint8"),
    "object images": ({"images": np.array([None] * 3, dtype=object)}, "not a readable"),
    "object labels": ({"emotion": np.array([0, 1, None], dtype=object)}, "not a readable"),
    "too few labels": ({"emotion": np.array([0, 1])}, "emotion must be 3 whole numbers"),
    "one label": ({"emotion": np.int64(3)}, "emotion must be 3 whole numbers"),
    "labels in columns": ({"emotion": np.zeros((3, 1), dtype=int)}, "emotion must be 3 whole numbers"),
    "fractional labels": ({"emotion": np.array([0.0, 1.9, 2.0])}, "emotion must be 3 whole numbers"),
    "labels in words": ({"emotion": np.array(["sad", "sad", "sad"])}, "emotion must be 3 whole numbers"),
    "label 7": ({"emotion": np.array([0, 7, 1])}, "row 1: emotion 7 is not in 0-6"),
    "label -1": ({"emotion": np.array([0, 1, -1])}, "row 2: emotion -1 is not in 0-6"),
    "too few usages": ({"usage": np.array(["Training"])}, "usage must be"),
    "too few votes": ({"votes": np.zeros((2, 10), dtype=np.uint8)}, "votes must be"),
    "nothing": (
        {"images": np.zeros((0, 48, 48), dtype=np.uint8), "emotion": np.zeros(0, dtype=int), "usage": None}
        | {"votes": None},
        "no pictures",
    ),
}


@pytest.mark.parametrize(("arrays", "words"), BAD_ARRAYS.values(), ids=BAD_ARRAYS.keys())
def test_malformed_npz_is_refused(npz_of: Callable[..., Path], arrays: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=rf"faces\.npz: .*{words}"):
        load_faces(npz_of(**arrays))


@pytest.mark.parametrize("kept", [0, 10, 500, 0.5, 0.99])
def test_truncated_npz_is_refused(npz_of: Callable[..., Path], kept: float) -> None:
    path = npz_of()
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data)) if isinstance(kept, float) else kept])
    with pytest.raises(DataError, match=r"faces\.npz: not a readable \.npz"):
        load_faces(path)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_with_a_flipped_byte_is_refused(tmp_path: Path, save: Callable[..., None]) -> None:
    path = tmp_path / "faces.npz"
    save(path, images=np.stack([picture(number) for number in range(20)]), emotion=np.zeros(20, dtype=int))
    data = bytearray(path.read_bytes())
    data[5000] ^= 0xFF
    path.write_bytes(data)
    with pytest.raises(DataError, match=r"not a readable \.npz"):
        load_faces(path)


def test_lone_array_under_the_name_of_an_npz_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "faces.npz"
    with path.open("wb") as handle:
        np.save(handle, np.zeros((3, 48, 48), dtype=np.uint8))
    with pytest.raises(DataError, match=r"not a readable \.npz"):
        load_faces(path)


def test_zip_of_other_files_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "faces.npz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("images", "these are no arrays")
        archive.writestr("emotion", "nor these")
    with pytest.raises(DataError, match="images must be uint8"):
        load_faces(path)


# Folders


def test_class_folders_are_read_exactly(tmp_path: Path) -> None:
    (tmp_path / "sad").mkdir()
    cv2.imwrite(str(tmp_path / "sad" / "one.png"), picture(1))
    (tmp_path / "sad" / "notes.txt").write_text("not a picture")
    faces = load_faces(tmp_path)
    np.testing.assert_array_equal(faces.images, picture(1)[None])
    assert faces.labels.tolist() == [EMOTIONS.index("sad")]
    assert faces.usage.tolist() == [""]


def test_pictures_of_any_size_and_colour_become_faces(tmp_path: Path) -> None:
    (tmp_path / "fear").mkdir()
    cv2.imwrite(str(tmp_path / "fear" / "large.jpg"), np.full((300, 200, 3), (255, 0, 0), dtype=np.uint8))
    faces = load_faces(tmp_path)
    assert faces.images.shape == (1, 48, 48)
    # Pure blue (OpenCV writes BGR) weighs 0.114.
    assert abs(int(faces.images[0, 24, 24]) - 29) <= 3


@pytest.mark.parametrize(
    ("name", "emotion"),
    [
        ("angry", "angry"),
        ("Anger", "angry"),
        ("DISGUST", "disgust"),
        ("disgusted", "disgust"),
        ("fearful", "fear"),
        ("happiness", "happy"),
        ("sadness", "sad"),
        ("surprised", "surprise"),
        (" neutral ", "neutral"),
        ("Contempt", "contempt"),
        *((str(index), emotion) for index, emotion in enumerate(EMOTIONS)),
    ],
)
def test_classes_go_by_their_common_names(name: str, emotion: str) -> None:
    label = class_of(name)
    assert label is not None
    assert LABELS[label] == emotion


@pytest.mark.parametrize("name", ["7", "-1", "", "happy!", "00000007", "²"])
def test_other_names_are_no_classes(name: str) -> None:
    assert class_of(name) is None


def test_aliases_of_one_class_come_together(tmp_path: Path) -> None:
    faces = load_faces(folder_of(tmp_path, {"anger": 2, "3": 1, "Happiness": 2, "6": 1}))
    assert sorted(faces.labels.tolist()) == [0, 0, 3, 3, 3, 6]


def test_folders_above_the_classes_are_splits(tmp_path: Path) -> None:
    counts = {"train/happy": 3, "train/sad": 2, "val/happy": 2, "test/sad": 1}
    faces = load_faces(folder_of(tmp_path, counts))
    assert len(faces.split("Training")) == 5
    assert faces.split("PublicTest").labels.tolist() == [3, 3]
    assert faces.split("PrivateTest").labels.tolist() == [4]
    assert len(faces.split("val")) == 3


def test_folders_as_unpack_writes_them_are_splits(tmp_path: Path) -> None:
    faces = load_faces(folder_of(tmp_path, {"Training/happy": 1, "PublicTest/sad": 2, "PrivateTest/fear": 3}))
    assert [len(faces.split(name)) for name in ("Training", "PublicTest", "PrivateTest")] == [1, 2, 3]


def test_unknown_classes_are_all_named(tmp_path: Path) -> None:
    folder_of(tmp_path, {"train/happy": 1, "train/pain": 1, "test/boredom": 1})
    with pytest.raises(DataError, match=r"unknown classes boredom, pain; .*--ignore"):
        load_faces(tmp_path)


def test_unknown_classes_can_be_left_out(tmp_path: Path) -> None:
    folder_of(tmp_path, {"happy": 2, "Contempt": 1, "boredom": 1})
    assert load_faces(tmp_path, ignore=["contempt", "boredom"]).labels.tolist() == [3, 3]


@pytest.mark.parametrize("name", ["happy", "Happiness", "3", " HAPPY "])
def test_known_classes_can_be_left_out_by_any_name(tmp_path: Path, name: str) -> None:
    folder_of(tmp_path, {"happy": 2, "sad": 1})
    assert load_faces(tmp_path, ignore=[name]).labels.tolist() == [4]
    assert [entry.label for entry in load_pictures(tmp_path, ignore=[name])] == [4]


def test_classes_of_a_file_can_be_left_out(npz_of: Callable[..., Path]) -> None:
    faces = load_faces(npz_of(), ignore=["neutral"])
    assert faces.labels.tolist() == [0, 3]
    assert faces.usage.tolist() == ["Training", "PrivateTest"]
    assert faces.votes is not None
    assert faces.votes[:, 0].tolist() == [0, 20]


def test_leaving_everything_out_is_refused(npz_of: Callable[..., Path]) -> None:
    with pytest.raises(DataError, match="no pictures but those of the ignored classes"):
        load_faces(npz_of(), ignore=["neutral", "angry", "happy"])


def test_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    (tmp_path / "happy").mkdir()
    (tmp_path / "happy" / "notes.txt").write_text("not a picture")
    with pytest.raises(DataError, match="no pictures in class folders"):
        load_faces(tmp_path)


def test_damaged_picture_is_named(tmp_path: Path) -> None:
    folder_of(tmp_path, {"happy": 1})
    (tmp_path / "happy" / "damaged.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0" * 50)
    with pytest.raises(SourceError, match=r"damaged\.png"):
        load_faces(tmp_path)


def test_pictures_keep_their_paths_and_splits(tmp_path: Path) -> None:
    folder_of(tmp_path, {"train/happy": 1, "test/happy": 2})
    pictures = pictures_of(load_pictures(tmp_path), "PrivateTest")
    assert [entry.path.relative_to(tmp_path).as_posix() for entry in pictures] == [
        "test/happy/0.png",
        "test/happy/1.png",
    ]
    assert len(pictures_of(load_pictures(tmp_path), None)) == 3


def test_what_is_no_data_set_is_refused(tmp_path: Path) -> None:
    (tmp_path / "faces.txt").write_text("angry")
    with pytest.raises(DataError, match="no such data set"):
        load_faces(tmp_path / "absent.csv")
    with pytest.raises(DataError, match=r"a \.csv, an \.npz or a folder"):
        load_faces(tmp_path / "faces.txt")


# Splits


def faces_of(*usage: str) -> LabelledFaces:
    images = np.stack([picture(number) for number in range(len(usage))])
    return LabelledFaces(images, np.arange(len(usage)) % 7, np.array(usage))


def test_split_takes_the_rows_of_its_name() -> None:
    faces = faces_of("Training", "PublicTest", "PrivateTest", "Training")
    assert faces.split("Training").labels.tolist() == [0, 3]
    np.testing.assert_array_equal(faces.split("PublicTest").images, [picture(1)])
    assert faces.split("PrivateTest").usage.tolist() == ["PrivateTest"]


def test_val_is_both_tests_together() -> None:
    faces = faces_of("Training", "PublicTest", "PrivateTest", "Training")
    assert faces.split("val").labels.tolist() == [1, 2]


def test_no_split_is_all() -> None:
    assert len(faces_of("Training", "PublicTest").split(None)) == 2


def test_dedup_leaves_out_what_training_holds() -> None:
    faces = faces_of("Training", "PublicTest", "PrivateTest", "PrivateTest", "PrivateTest", "PrivateTest")
    faces.images[3] = faces.images[0]
    # A copy of a PublicTest picture stays, as do copies within PrivateTest and one that differs in a pixel.
    faces.images[2] = faces.images[1]
    faces.images[4] = faces.images[1]
    faces.images[5] = faces.images[0]
    faces.images[5, 47, 47] ^= 1
    assert faces.split("PrivateTest-dedup").labels.tolist() == [2, 4, 5]


def test_unknown_split_names_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"'test'; there are: Training, PublicTest, PrivateTest, .*val"):
        faces_of("Training").split("test")


def test_unknown_split_is_refused_even_without_splits() -> None:
    with pytest.raises(UsageError, match="no split is called 'test'"):
        faces_of("", "").split("test")


def test_absent_split_names_what_there_is() -> None:
    with pytest.raises(DataError, match=r"no PublicTest pictures; it has: PrivateTest, Training$"):
        faces_of("Training", "PrivateTest").split("PublicTest")


@pytest.mark.parametrize("name", ["Training", "PublicTest", "PrivateTest", "PrivateTest-dedup", "val", None])
def test_set_without_splits_is_all_of_it(name: str | None) -> None:
    assert len(faces_of("", "", "").split(name)) == 3


# The real data


@pytest.mark.skipif(not (FER / "labels.csv").exists(), reason=f"FER-2013 is not at {FER}; it is not ours to ship")
def test_fer2013_has_its_known_sizes(tmp_path: Path) -> None:
    images, emotion, usage, votes, _ = runpy.run_path(str(FER / "unpack.py"))["load"]()
    np.savez(tmp_path / "fer2013.npz", images=images, emotion=emotion, usage=usage, votes=votes)
    faces = load_faces(tmp_path / "fer2013.npz")
    sizes = {name: len(faces.split(name)) for name in ("Training", "PublicTest", "PrivateTest", "val")}
    assert sizes == {"Training": 28709, "PublicTest": 3589, "PrivateTest": 3589, "val": 7178}
    assert len(faces.split("PrivateTest-dedup")) == 3301
    assert int((faces.labels == EMOTIONS.index("disgust")).sum()) == 547
