"""How good scores are: accuracy, calibration, confusion. Plain functions of arrays."""

import numpy as np
import numpy.typing as npt

from vyraz.types import Float, Labels

__all__ = [
    "brier",
    "calibrated",
    "confusion",
    "divergence",
    "expected_calibration_error",
    "fit_temperature",
    "macro_f1",
    "nll",
    "recalls",
    "risk_coverage",
    "selective",
    "trust_threshold",
    "unsmoothed",
]

Counts = npt.NDArray[np.int64]

_SMALLEST = 1e-12
#: To this share of itself a score may fall when smoothing is undone.
_LEAST = 0.1
_BINS = 15


def confusion(labels: Labels, predicted: Labels, classes: int) -> Counts:
    """int64 (classes, classes): rows true, columns predicted."""
    counts = np.zeros((classes, classes), dtype=np.int64)
    np.add.at(counts, (labels, predicted), 1)
    return counts


def recalls(counts: Counts, totals: Counts) -> list[float | None]:
    """Share of each class that was recognised; None for a class that does not occur.

    Args:
        counts: int64 (classes, classes), see `confusion`.
        totals: int64 (classes,), faces of each class, those without a prediction included.
    """
    hits = counts.diagonal()
    return [float(hit / total) if total else None for hit, total in zip(hits, totals, strict=True)]


def macro_f1(counts: Counts, totals: Counts) -> float:
    """Mean F1 over the classes that occur as truth or as prediction."""
    predicted = counts.sum(axis=0)
    occurring = (totals + predicted) > 0
    f1 = 2 * counts.diagonal() / np.maximum(totals + predicted, 1)
    return float(f1[occurring].mean()) if occurring.any() else 0.0


def nll(scores: Float, labels: Labels) -> float:
    """Mean negative log-likelihood in nats. scores: float32 (n, classes), rows sum to 1."""
    return float(-np.log(np.maximum(scores[np.arange(len(labels)), labels], _SMALLEST)).mean())


def brier(scores: Float, labels: Labels) -> float:
    """Brier score (Brier 1950): mean squared distance to the one-hot truth, 0..2."""
    truth = np.eye(scores.shape[1])[labels]
    return float(((scores - truth) ** 2).sum(axis=1).mean())


def divergence(shares: Float, scores: Float) -> float:
    """Mean Kullback-Leibler divergence of scores from what raters said, in nats.

    Args:
        shares: float32 (n, classes), each label's part of the votes, see `vyraz.ferplus`; rows sum to 1.
        scores: float32 (n, classes), rows sum to 1.
    """
    ratio = np.maximum(shares, _SMALLEST) / np.maximum(scores, _SMALLEST)
    return float((shares * np.log(ratio)).sum(axis=1).mean())


def selective(scores: Float, labels: Labels, threshold: float) -> tuple[float, float | None]:
    """What remains when faces of a lower confidence are left out.

    Returns:
        The share of faces that remains, and the accuracy on it; None where nothing does.
    """
    kept = scores.max(axis=1) >= threshold
    right = (scores.argmax(axis=1) == labels)[kept]
    return float(kept.mean()), float(right.mean()) if len(right) else None


def risk_coverage(scores: Float, labels: Labels) -> tuple[Float, Float]:
    """The error rate on the n surest faces, for every n (El-Yaniv and Wiener 2010).

    Returns:
        coverage, risk: float32 (n,), from the surest face alone to all of them.
    """
    wrong = (scores.argmax(axis=1) != labels)[np.argsort(-scores.max(axis=1), kind="stable")]
    counts = np.arange(1, len(labels) + 1, dtype=np.float32)
    return counts / np.float32(max(len(labels), 1)), np.cumsum(wrong, dtype=np.float32) / counts


def expected_calibration_error(scores: Float, labels: Labels, bins: int = _BINS) -> float:
    """ECE over equal-width bins of the largest score (Guo et al. 2017, section 2)."""
    confidence, right = scores.max(axis=1), scores.argmax(axis=1) == labels
    places = np.minimum((confidence * bins).astype(int), bins - 1)
    sizes = np.bincount(places, minlength=bins)
    gaps = np.bincount(places, weights=right, minlength=bins) - np.bincount(places, weights=confidence, minlength=bins)
    return float(np.abs(gaps).sum() / max(sizes.sum(), 1))


def unsmoothed(scores: Float, smoothing: float) -> Float:
    """Scores without the smoothing of the labels that they were learnt from.

    Where a class has probability p, labels smoothed by s teach (1 - s) * p + s / classes (Szegedy et al. 2016, arXiv
    1512.00567, section 7), so that no network is ever sure. This solves it for p, but leaves each score a tenth of
    itself: their order stays.

    Args:
        scores: float32 (n, classes), rows sum to 1.
        smoothing: 0..1, where 1 is excluded; 0 leaves them as they are.

    Returns:
        float32 (n, classes), rows sum to 1.
    """
    if smoothing == 0:
        return scores
    kept = np.maximum(scores - smoothing / scores.shape[-1], _LEAST * scores)
    result: Float = kept / kept.sum(axis=-1, keepdims=True)
    return result


def calibrated(scores: Float, temperature: float, smoothing: float = 0.0) -> Float:
    """softmax(log(`unsmoothed` scores) / temperature), which without smoothing is softmax(logits / temperature).

    Args:
        scores: float32 (n, classes), rows sum to 1.
        temperature: above 0.
        smoothing: see `unsmoothed`.

    Returns:
        float32 (n, classes), rows sum to 1.
    """
    scores = unsmoothed(scores, smoothing)
    if temperature == 1:
        return scores
    kept = np.maximum(scores, _SMALLEST)
    # Of the largest, whose power is 1: at a low temperature all powers of a row could be too small for a float.
    powers = (kept / kept.max(axis=-1, keepdims=True)) ** (1 / temperature)
    result: Float = (powers / powers.sum(axis=-1, keepdims=True)).astype(np.float32)
    return result


def fit_temperature(scores: Float, labels: Labels) -> float:
    """The temperature that makes held-out labels likeliest (Guo et al. 2017, section 4.2).

    Args:
        scores: uncalibrated, float32 (n, classes).
        labels: int64 (n,).
    """
    low, high = -2.0, 2.0
    golden = (5**0.5 - 1) / 2
    # The likelihood is unimodal in 1 / T, and so in log T: golden-section search.
    while high - low > 1e-4:
        first, second = high - golden * (high - low), low + golden * (high - low)
        if nll(calibrated(scores, np.exp(first)), labels) < nll(calibrated(scores, np.exp(second)), labels):
            high = second
        else:
            low = first
    return float(np.exp((low + high) / 2))


def trust_threshold(scores: Float, labels: Labels, target: float = 0.8) -> float:
    """The smallest confidence from which on predictions are right in at least `target` of the cases.

    Returns:
        0..1; 1 where even the surest predictions are not right that often.
    """
    confidence, right = scores.max(axis=1), scores.argmax(axis=1) == labels
    order = np.argsort(-confidence, kind="stable")
    falling = confidence[order]
    share = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    # A threshold cannot part equal confidences, so only the last of them says what it would let through.
    last_of_equals = np.append(falling[1:] != falling[:-1], True)
    enough = np.flatnonzero((share >= target) & last_of_equals)
    return float(falling[enough[-1]]) if len(enough) else 1.0
