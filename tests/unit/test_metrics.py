"""Figures on arrays that are small enough to count by hand."""

import math

import numpy as np
import pytest

from vyraz import metrics
from vyraz.types import Float, Labels


def scores_of(*rows: tuple[float, ...]) -> Float:
    return np.array(rows, dtype=np.float32)


def labels_of(*labels: int) -> Labels:
    return np.array(labels, dtype=np.int64)


def faces_with(confidence: list[float], right: list[bool]) -> tuple[Float, Labels]:
    """Two classes; the first always wins, with these confidences, and is the truth where `right` says so."""
    first = np.array(confidence, dtype=np.float32)
    return np.stack([first, 1 - first], axis=1), np.where(right, 0, 1).astype(np.int64)


def test_confusion_has_truth_in_rows_and_predictions_in_columns() -> None:
    counts = metrics.confusion(labels_of(0, 0, 1, 2, 2), labels_of(0, 1, 1, 0, 0), 3)
    assert counts.tolist() == [[1, 1, 0], [0, 1, 0], [2, 0, 0]]


def test_confusion_of_nothing_is_zero() -> None:
    assert metrics.confusion(labels_of(), labels_of(), 2).tolist() == [[0, 0], [0, 0]]


def test_recalls_are_shares_of_the_totals() -> None:
    counts = np.array([[3, 1], [1, 1]])
    # The first class has four faces more that got no prediction at all.
    assert metrics.recalls(counts, np.array([8, 2])) == [3 / 8, 1 / 2]


def test_recall_of_a_class_that_does_not_occur_is_none() -> None:
    counts = np.array([[2, 1, 0], [0, 0, 0], [0, 0, 0]])
    assert metrics.recalls(counts, np.array([3, 0, 4])) == [2 / 3, None, 0.0]


def test_macro_f1_of_two_classes() -> None:
    counts = np.array([[3, 1], [2, 4]])
    # F1 = 2 TP / (true + predicted): 6 / (4 + 5) and 8 / (6 + 5).
    assert metrics.macro_f1(counts, np.array([4, 6])) == pytest.approx((6 / 9 + 8 / 11) / 2)


def test_macro_f1_leaves_out_classes_that_neither_occur_nor_are_predicted() -> None:
    counts = np.array([[2, 0, 0], [0, 2, 0], [0, 0, 0]])
    assert metrics.macro_f1(counts, np.array([2, 2, 0])) == 1


def test_macro_f1_counts_a_class_that_is_only_predicted_as_zero() -> None:
    counts = np.array([[3, 0, 1], [0, 4, 0], [0, 0, 0]])
    assert metrics.macro_f1(counts, np.array([4, 4, 0])) == pytest.approx((6 / 7 + 1 + 0) / 3)


def test_macro_f1_counts_faces_without_a_prediction_as_missed() -> None:
    counts = np.array([[2, 0], [0, 2]])
    assert metrics.macro_f1(counts, np.array([4, 2])) == pytest.approx((4 / 6 + 1) / 2)


def test_macro_f1_of_nothing_is_zero() -> None:
    assert metrics.macro_f1(np.zeros((2, 2), dtype=np.int64), np.array([0, 0])) == 0


def test_nll_is_the_mean_in_nats() -> None:
    scores = scores_of((0.5, 0.5), (0.25, 0.75))
    assert metrics.nll(scores, labels_of(0, 0)) == pytest.approx((math.log(2) + math.log(4)) / 2)


def test_nll_of_an_impossible_truth_is_finite() -> None:
    assert metrics.nll(scores_of((1, 0)), labels_of(1)) > 20
    assert math.isfinite(metrics.nll(scores_of((1, 0)), labels_of(1)))


def test_brier_by_hand() -> None:
    scores = scores_of((0.7, 0.2, 0.1), (0.1, 0.6, 0.3))
    # 0.09 + 0.04 + 0.01 for the first, 0.01 + 0.36 + 0.49 for the second.
    assert metrics.brier(scores, labels_of(0, 2)) == pytest.approx((0.14 + 0.86) / 2)


def test_brier_lies_between_zero_and_two() -> None:
    assert metrics.brier(scores_of((1, 0)), labels_of(0)) == 0
    assert metrics.brier(scores_of((1, 0)), labels_of(1)) == 2


def test_ece_by_hand() -> None:
    scores, labels = faces_with([0.95, 0.95, 0.65, 0.65], [True, True, True, False])
    # Ten bins: |1 - 0.95| in the last with half of the faces, |0.5 - 0.65| in the seventh with the other half.
    assert metrics.expected_calibration_error(scores, labels, bins=10) == pytest.approx((0.05 + 0.15) / 2)


def test_ece_does_not_let_bins_make_up_for_each_other() -> None:
    scores, labels = faces_with([0.9, 0.9, 0.6, 0.6], [True, False, True, True])
    # Over and under by 0.4 each; in one bin they would cancel out.
    assert metrics.expected_calibration_error(scores, labels, bins=10) == pytest.approx(0.4)
    assert metrics.expected_calibration_error(scores, labels, bins=1) == pytest.approx(0, abs=1e-6)


def test_ece_of_certainty() -> None:
    scores = scores_of((1, 0), (1, 0))
    assert metrics.expected_calibration_error(scores, labels_of(0, 0)) == 0
    assert metrics.expected_calibration_error(scores, labels_of(1, 1)) == 1


def test_calibrated_is_a_softmax_of_scaled_logits() -> None:
    logits = np.array([[2.0, 0.0, -1.0]])
    scores = (np.exp(logits) / np.exp(logits).sum()).astype(np.float32)
    expected = np.exp(logits / 2.5) / np.exp(logits / 2.5).sum()
    result = metrics.calibrated(scores, 2.5)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, rtol=1e-5)


def test_calibrated_at_one_changes_nothing() -> None:
    scores = scores_of((0.7, 0.3), (0.1, 0.9))
    np.testing.assert_array_equal(metrics.calibrated(scores, 1.0), scores)


def test_unsmoothed_by_hand() -> None:
    # Of 0.8, 0.2, 0 and 0, smoothed by 0.2: 0.05 is taken from each, and what is left divided by 0.8.
    scores = scores_of((0.69, 0.21, 0.05, 0.05))
    kept = np.array([0.64, 0.16, 0.005, 0.005])
    np.testing.assert_allclose(metrics.unsmoothed(scores, 0.2)[0], kept / kept.sum(), rtol=1e-5)
    assert metrics.unsmoothed(scores, 0.2).dtype == np.float32
    np.testing.assert_array_equal(metrics.unsmoothed(scores, 0), scores)


def test_calibrated_at_a_low_temperature_still_sums_to_one() -> None:
    result = metrics.calibrated(np.array([[0.3, 0.2, 0.5], [0.4, 0.4, 0.2]], dtype=np.float32), 1e-3)
    np.testing.assert_allclose(result, np.array([[0.0, 0.0, 1.0], [0.5, 0.5, 0.0]]), atol=1e-6)


def test_calibrated_takes_smoothing_away_first() -> None:
    scores = scores_of((0.7, 0.2, 0.1), (0.4, 0.35, 0.25))
    expected = metrics.calibrated(metrics.unsmoothed(scores, 0.1), 1.7)
    np.testing.assert_array_equal(metrics.calibrated(scores, 1.7, 0.1), expected)


@pytest.mark.parametrize("temperature", [0.4, 1.0, 1.7, 4.0])
def test_fit_temperature_recovers_a_known_one(temperature: float) -> None:
    """Labels drawn from softmax(logits / T), scores from softmax(logits): the likeliest T is the true one."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (20_000, 7))
    truth = np.exp(logits / temperature)
    truth /= truth.sum(axis=1, keepdims=True)
    labels = (truth.cumsum(axis=1) < rng.random((len(truth), 1))).sum(axis=1)
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert metrics.fit_temperature(scores.astype(np.float32), labels) == pytest.approx(temperature, rel=0.05)


def test_trust_threshold_by_hand() -> None:
    confidence, right = [0.9, 0.8, 0.7, 0.6, 0.55], [True, True, False, True, False]
    scores, labels = faces_with(confidence, right)
    # From 0.6 on three of four are right, from 0.55 on three of five.
    assert metrics.trust_threshold(scores, labels, 0.75) == pytest.approx(0.6)
    assert metrics.trust_threshold(scores, labels, 0.6) == pytest.approx(0.55)
    assert metrics.trust_threshold(scores, labels, 0.9) == pytest.approx(0.8)


def test_trust_threshold_takes_equal_confidences_together() -> None:
    """A threshold lets all of them through or none; half of them are wrong."""
    scores, labels = faces_with([0.9, 0.7, 0.7], [True, True, False])
    assert metrics.trust_threshold(scores, labels, 0.9) == pytest.approx(0.9)


def test_trust_threshold_is_one_where_nothing_can_be_trusted() -> None:
    scores, labels = faces_with([0.9, 0.8], [False, False])
    assert metrics.trust_threshold(scores, labels) == 1


def test_trust_threshold_trusts_everything_that_is_right() -> None:
    scores, labels = faces_with([0.9, 0.6], [True, True])
    assert metrics.trust_threshold(scores, labels) == pytest.approx(0.6)


def test_selective_by_hand() -> None:
    scores, labels = faces_with([0.9, 0.8, 0.7, 0.6], [True, False, True, True])
    assert metrics.selective(scores, labels, 0.7) == pytest.approx((0.75, 2 / 3))
    assert metrics.selective(scores, labels, 0) == pytest.approx((1, 0.75))
    assert metrics.selective(scores, labels, 0.95) == (0, None)


def test_risk_and_coverage_by_hand() -> None:
    scores, labels = faces_with([0.6, 0.9, 0.8, 0.7], [True, True, False, True])
    coverage, risk = metrics.risk_coverage(scores, labels)
    np.testing.assert_allclose(coverage, [0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(risk, [0, 1 / 2, 1 / 3, 1 / 4])


def test_divergence_by_hand() -> None:
    shares = np.array([[1, 0], [0.5, 0.5]], dtype=np.float32)
    scores = np.array([[0.25, 0.75], [0.5, 0.5]], dtype=np.float32)
    assert metrics.divergence(shares, scores) == pytest.approx(np.log(4) / 2)
    assert metrics.divergence(scores, scores) == pytest.approx(0, abs=1e-6)
