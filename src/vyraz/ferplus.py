"""FER+: what ten raters said of each FER-2013 picture, and what follows from their votes.

Source: Barsoum, Zhang, Canton Ferrer, Zhang 2016 (arXiv 1608.01041) and its authors' program, whose rules
these are: a lone vote is an outlier, and a picture on which the raters disagree, or in which most see
no face, says nothing.
"""

import numpy as np
import numpy.typing as npt

from vyraz.types import EMOTIONS, Float, Labels

__all__ = ["LABELS", "UNKNOWN", "VOTES", "distributions", "majorities"]

#: What can be voted for, in the order of the authors' table.
VOTES = ("neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt", "unknown", "no face")
#: The labels of a network that learns from the votes: FER-2013's and contempt.
LABELS = (*EMOTIONS, "contempt")
#: The label of a picture that says nothing.
UNKNOWN = -1

_ORDER = [VOTES.index(label) for label in LABELS]
_MOST_EMOTIONS, _ENOUGH = 3, 0.75

Votes = npt.NDArray[np.uint8]


def majorities(votes: Votes) -> Labels:
    """The label for which more than half of the raters voted ("majority voting", section 3).

    Args:
        votes: uint8 (n, 10), columns as VOTES.

    Returns:
        int64 (n,), indexes into LABELS; UNKNOWN where there is no majority, or one for no emotion.
    """
    counted = _without_lone(votes)
    first = counted.argmax(axis=1)
    place = np.full(len(VOTES), UNKNOWN)
    place[_ORDER] = np.arange(len(LABELS))
    clear = counted.max(axis=1, initial=0) > counted.sum(axis=1) / 2
    result: Labels = np.where(clear, place[first], UNKNOWN).astype(np.int64)
    return result


def distributions(votes: Votes) -> Float:
    """How the raters' votes are shared among the emotions ("probabilistic label drawing", section 3).

    Args:
        votes: uint8 (n, 10), columns as VOTES.

    Returns:
        float32 (n, 8), columns as LABELS; rows sum to 1, or to 0 where the picture says nothing.
    """
    shares = np.zeros((len(votes), len(LABELS)), dtype=np.float32)
    for row, counted in enumerate(_without_lone(votes)):
        shares[row] = _share(counted)[_ORDER]
    return shares


def _without_lone(votes: Votes) -> npt.NDArray[np.int64]:
    return np.where(votes > 1, votes, 0).astype(np.int64)


def _share(counted: npt.NDArray[np.int64]) -> Float:
    """float32 (10,): the votes for the leading emotions, by rank, until three quarters of all are counted."""
    kept = np.zeros(len(VOTES), dtype=np.float32)
    total, taken = counted.sum(), 0
    for votes in sorted(set(counted.tolist()) - {0}, reverse=True):
        if kept.sum() >= _ENOUGH * total or taken >= _MOST_EMOTIONS:
            break
        tied = np.flatnonzero(counted == votes)
        emotions = tied[tied < len(LABELS)]
        kept[emotions] = votes
        taken += len(emotions)
        if len(emotions) < len(tied):
            # "Unknown" or "no face" comes next: alone in front it decides, behind emotions it ends the count.
            return kept * 0 if not kept.any() else _if_enough(kept, total, taken)
    return _if_enough(kept, total, taken)


def _if_enough(kept: Float, total: np.int64, taken: int) -> Float:
    enough = 2 * kept.sum() > total and taken <= _MOST_EMOTIONS
    result: Float = kept / kept.sum() if enough else kept * 0
    return result
