"""What holds for the figures of any scores."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vyraz import metrics
from vyraz.types import Float, Labels

CLASSES = 4
Faces = tuple[Float, Labels]


@st.composite
def scored_faces(draw: st.DrawFn) -> Faces:
    """Scores with many equal confidences among them, as whole numbers out of their sum."""
    row = st.lists(st.integers(0, 8), min_size=CLASSES, max_size=CLASSES).filter(any)
    rows = draw(st.lists(row, min_size=1, max_size=30))
    labels = draw(st.lists(st.integers(0, CLASSES - 1), min_size=len(rows), max_size=len(rows)))
    weights = np.array(rows, dtype=np.float64)
    scores = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return scores, np.array(labels, dtype=np.int64)


def share_right(faces: Faces, threshold: float) -> float:
    """Of the faces at or above a confidence, the share that is right; 0 where there are none."""
    scores, labels = faces
    kept = scores.max(axis=1) >= np.float32(threshold)
    return float((scores.argmax(axis=1) == labels)[kept].mean()) if kept.any() else 0.0


@settings(deadline=None)
@given(scored_faces())
def test_figures_stay_within_their_bounds(faces: Faces) -> None:
    assert 0 <= metrics.expected_calibration_error(*faces) <= 1 + 1e-6
    assert 0 <= metrics.brier(*faces) <= 2 + 1e-6
    assert metrics.nll(*faces) >= -1e-6
    assert np.isfinite(metrics.nll(*faces))


@settings(deadline=None)
@given(scored_faces(), st.randoms(use_true_random=False))
def test_order_of_the_faces_does_not_matter(faces: Faces, random: Random) -> None:
    scores, labels = faces
    order = list(range(len(labels)))
    random.shuffle(order)
    for figure in (metrics.expected_calibration_error, metrics.brier, metrics.nll, metrics.trust_threshold):
        assert figure(scores[order], labels[order]) == pytest.approx(figure(scores, labels), rel=1e-5, abs=1e-6)


@settings(deadline=None)
@given(scored_faces())
def test_ece_is_at_least_the_gap_between_mean_confidence_and_accuracy(faces: Faces) -> None:
    scores, labels = faces
    gap = abs(scores.max(axis=1).mean(dtype=np.float64) - (scores.argmax(axis=1) == labels).mean())
    assert metrics.expected_calibration_error(scores, labels) >= gap - 1e-6
    assert metrics.expected_calibration_error(scores, labels, bins=1) == pytest.approx(gap, abs=1e-6)


@settings(deadline=None)
@given(scored_faces())
def test_confusion_counts_every_face_once(faces: Faces) -> None:
    scores, labels = faces
    counts = metrics.confusion(labels, scores.argmax(axis=1), CLASSES)
    assert counts.sum(axis=1).tolist() == np.bincount(labels, minlength=CLASSES).tolist()
    assert counts.sum(axis=0).tolist() == np.bincount(scores.argmax(axis=1), minlength=CLASSES).tolist()
    assert counts.trace() == (scores.argmax(axis=1) == labels).sum()


@settings(deadline=None)
@given(scored_faces())
def test_macro_f1_equals_the_mean_of_precision_and_recall(faces: Faces) -> None:
    scores, labels = faces
    predicted = scores.argmax(axis=1)
    f1 = []
    for label in set(labels.tolist()) | set(predicted.tolist()):
        hits = int(((labels == label) & (predicted == label)).sum())
        precision = hits / max(int((predicted == label).sum()), 1)
        recall = hits / max(int((labels == label).sum()), 1)
        f1.append(2 * precision * recall / (precision + recall) if hits else 0.0)
    counts = metrics.confusion(labels, predicted, CLASSES)
    assert metrics.macro_f1(counts, counts.sum(axis=1)) == pytest.approx(np.mean(f1))


@settings(deadline=None)
@given(scored_faces(), st.floats(0.2, 5), st.floats(0, 0.9))
def test_calibration_keeps_rows_a_distribution_in_the_same_order(
    faces: Faces, temperature: float, smoothing: float
) -> None:
    scores, _ = faces
    result = metrics.calibrated(scores, temperature, smoothing)
    np.testing.assert_allclose(result.sum(axis=1), 1, atol=1e-5)
    best = np.take_along_axis(result, scores.argmax(axis=1)[:, None], axis=1)[:, 0]
    np.testing.assert_allclose(best, result.max(axis=1), rtol=1e-6)


@settings(max_examples=40, deadline=None)
@given(scored_faces())
def test_fitted_temperature_is_no_worse_than_any_other(faces: Faces) -> None:
    scores, labels = faces
    fitted = metrics.nll(metrics.calibrated(scores, metrics.fit_temperature(scores, labels)), labels)
    for temperature in (0.2, 0.5, 1.0, 2.0, 5.0):
        assert fitted <= metrics.nll(metrics.calibrated(scores, temperature), labels) + 1e-3


@settings(deadline=None)
@given(scored_faces(), st.sampled_from([0.5, 0.75, 0.8, 0.9, 1.0]))
def test_trust_threshold_meets_its_target_and_is_the_smallest_that_does(faces: Faces, target: float) -> None:
    threshold = metrics.trust_threshold(*faces, target=target)
    candidates = np.unique(faces[0].max(axis=1)).tolist()
    enough = [candidate for candidate in candidates if share_right(faces, candidate) >= target]
    assert threshold == (min(enough) if enough else 1.0)
