"""FER+ votes -> labels and distributions, by the rules of their authors."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vyraz import ferplus
from vyraz.errors import DataError
from vyraz.ferplus import LABELS, UNKNOWN, VOTES, distributions, majorities
from vyraz.labelled import LabelledFaces


def votes(**counts: int) -> np.ndarray:
    """One row of votes by name; `no_face` is "no face"."""
    return np.array([[counts.get(name.replace(" ", "_"), 0) for name in VOTES]], dtype=np.uint8)


@pytest.mark.parametrize(
    ("given_votes", "label"),
    [
        (votes(happy=10), "happy"),
        (votes(contempt=6, neutral=4), "contempt"),
        (votes(sad=5, neutral=5), None),  # no more than half
        (votes(sad=4, neutral=3, angry=3), None),
        (votes(sad=4, fear=1, angry=1, disgust=1, happy=1, neutral=2), "sad"),  # lone votes do not count: 4 of 6
        (votes(unknown=8, happy=2), None),
        (votes(no_face=10), None),
        (votes(), None),
    ],
)
def test_majority(given_votes: np.ndarray, label: str | None) -> None:
    assert majorities(given_votes).tolist() == [UNKNOWN if label is None else LABELS.index(label)]


@pytest.mark.parametrize(
    ("given_votes", "shares"),
    [
        (votes(happy=10), {"happy": 1}),
        (votes(happy=6, neutral=4), {"happy": 0.6, "neutral": 0.4}),
        (votes(happy=8, neutral=2), {"happy": 1}),  # three quarters are counted with the first
        (votes(happy=7, neutral=2, sad=1), {"happy": 1}),  # 7 of 9, as the lone vote does not count
        (votes(happy=4, unknown=3, neutral=3), {"happy": 4 / 7, "neutral": 3 / 7}),
        (votes(happy=4, unknown=4, neutral=2), {}),  # half is not more than half
        (votes(happy=6, unknown=4), {"happy": 1}),
        (votes(unknown=6, happy=4), {}),
        (votes(neutral=3, happy=3, sad=2, angry=2), {}),  # four emotions
        (votes(neutral=4, happy=2, sad=2, angry=2), {}),
        (votes(neutral=7, happy=2, sad=2, angry=2), {}),  # four again, though one has the majority
        (votes(neutral=4, happy=3, sad=3), {"neutral": 0.4, "happy": 0.3, "sad": 0.3}),
        (votes(), {}),
    ],
)
def test_distribution(given_votes: np.ndarray, shares: dict[str, float]) -> None:
    (row,) = distributions(given_votes)
    assert {label: value for label, value in zip(LABELS, row.tolist(), strict=True) if value} == pytest.approx(shares)


@given(st.lists(st.lists(st.integers(0, 10), min_size=10, max_size=10), max_size=20))
def test_rows_sum_to_one_or_nothing(rows: list[list[int]]) -> None:
    given_votes = np.array(rows, dtype=np.uint8).reshape(-1, 10)
    shares, labels = distributions(given_votes), majorities(given_votes)
    assert shares.shape == (len(rows), len(LABELS))
    assert labels.shape == (len(rows),)
    sums = shares.sum(axis=1)
    assert all(total == 0 or total == pytest.approx(1) for total in sums.tolist())
    # Who has a majority leads the distribution as well, where there is one.
    known = (labels != UNKNOWN) & (sums > 0)
    np.testing.assert_array_equal(shares[known].argmax(axis=1), labels[known])


def test_faces_by_votes() -> None:
    faces = LabelledFaces(
        np.arange(3 * 48 * 48, dtype=np.uint8).reshape(3, 48, 48),
        np.array([0, 1, 2]),
        np.array(["Training"] * 3),
        np.concatenate([votes(contempt=9), votes(unknown=9), votes(angry=9)]),
    )
    known = faces.by_votes()
    assert known.names == ferplus.LABELS
    assert [known.names[label] for label in known.labels] == ["contempt", "angry"]
    np.testing.assert_array_equal(known.images, faces.images[[0, 2]])
    assert faces.labels.tolist() == [0, 1, 2]


def test_faces_without_votes_say_so() -> None:
    faces = LabelledFaces(np.zeros((1, 48, 48), dtype=np.uint8), np.array([0]), np.array([""]))
    with pytest.raises(DataError, match="no FER\\+ votes"):
        faces.by_votes()
    with pytest.raises(DataError, match="none of the pictures has a majority"):
        replace(faces, votes=votes(unknown=9)).by_votes()
