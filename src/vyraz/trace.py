"""A person's scores over a recording of any length, in a bounded number of bins of time."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["Trace"]

#: With more bins than this, the bins double in width and neighbours are joined.
_MOST_BINS = 2048
#: Width of the first bins in seconds: finer than frames of common videos.
_FINEST = 1 / 32
#: Bins to begin with; the arrays double as the person stays.
_FIRST_BINS = 64  # a power of two, like the most

_Sums = npt.NDArray[np.float64]


class Trace:
    """Running means of scores over time, at most 2048 of them: 8 hours take as much memory as a few minutes.

    Args:
        columns: how many scores there are.
        start: seconds at which the first bin begins.
    """

    def __init__(self, columns: int, start: float) -> None:
        self.start, self.width = start, _FINEST
        # A row a bin: the sums of the scores, how many were uncertain, how many there were.
        self._sums: _Sums = np.zeros((_FIRST_BINS, columns + 2))
        self._bins = 0

    def add(self, seconds: float, scores: Sequence[float], *, uncertain: bool) -> None:
        """Take the scores of one frame; `seconds` not before the start."""
        place = max(int((seconds - self.start) / self.width), 0)
        while place >= _MOST_BINS:
            self._halve()
            place = int((seconds - self.start) / self.width)
        if place >= len(self._sums):
            # Lengths are powers of two, so that halving leaves nothing over.
            more = (1 << place.bit_length()) - len(self._sums)
            self._sums = np.vstack([self._sums, np.zeros((more, self._sums.shape[1]))])
        self._sums[place] += (*scores, uncertain, 1)
        self._bins = max(self._bins, place + 1)

    def _halve(self) -> None:
        half = self._sums[::2] + self._sums[1::2]
        self._sums = np.vstack([half, np.zeros_like(half)])
        self.width *= 2
        self._bins = (self._bins + 1) // 2

    def coarsen(self, width: float) -> None:
        """Join bins as long as they stay no wider than `width` seconds: nobody sees finer ones."""
        while self.width * 2 <= width:
            self._halve()

    @classmethod
    def width_for(cls, seconds: float) -> float:
        """The width of bins, in seconds, that a trace of a whole recording of that length would need."""
        return seconds / _MOST_BINS

    def means(self) -> npt.NDArray[np.float64]:
        """float64 (bins, columns + 1): mean scores and, last, the share uncertain; NaN where nothing was seen."""
        sums = self._sums[: self._bins]
        counts = sums[:, -1:]
        return np.divide(sums[:, :-1], counts, out=np.full_like(sums[:, :-1], np.nan), where=counts > 0)
