"""Faces with labels, and the splits of a set."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from vyraz import ferplus
from vyraz.errors import DataError, UsageError
from vyraz.types import EMOTIONS, Gray, Labels

__all__ = ["SPLITS", "LabelledFaces"]

#: `val` is the paper's: PublicTest and PrivateTest together. `PrivateTest-dedup` leaves out the
#: pictures that have an exact copy in Training.
SPLITS = ("Training", "PublicTest", "PrivateTest", "PrivateTest-dedup", "val")


@dataclass(frozen=True, slots=True, eq=False)
class LabelledFaces:
    """Faces as a network sees them.

    images: uint8 (n, 48, 48). labels: int64 (n,), indexes into `names`. usage: str (n,), the split of
    each face, empty where the set has none. votes: uint8 (n, 10), FER+ votes, or None.
    """

    images: Gray
    labels: Labels
    usage: npt.NDArray[np.str_]
    votes: npt.NDArray[np.uint8] | None = None
    names: tuple[str, ...] = EMOTIONS

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, chosen: npt.NDArray[np.bool_]) -> "LabelledFaces":
        votes = None if self.votes is None else self.votes[chosen]
        return replace(
            self, images=self.images[chosen], labels=self.labels[chosen], usage=self.usage[chosen], votes=votes
        )

    def needed_votes(self) -> npt.NDArray[np.uint8]:
        """Its votes; DataError where it has none."""
        if self.votes is None:
            raise DataError("the data set has no FER+ votes; an .npz may hold them as `votes`, uint8 (n, 10)")
        return self.votes

    def by_votes(self) -> "LabelledFaces":
        """The same faces labelled by the majority of their FER+ votes; those without a majority are left out.

        Raises:
            DataError: the set has no votes, or none of its pictures a majority.
        """
        labels = ferplus.majorities(self.needed_votes())
        named = replace(self, labels=labels, names=ferplus.LABELS)
        known = named.take(labels != ferplus.UNKNOWN)
        if not len(known):
            raise DataError("none of the pictures has a majority among its FER+ votes")
        return known

    def split(self, name: str | None) -> "LabelledFaces":
        """The faces of one split; a set without splits is all of it.

        Raises:
            UsageError: no split of that name.
            DataError: the split is empty here.
        """
        if name is not None and name not in SPLITS:
            raise UsageError(f"no split is called {name!r}; there are: {', '.join(SPLITS)}")
        if name is None or not self.usage.any():
            return self
        part = self.take(self._members(name))
        if not len(part):
            raise DataError(f"the data set has no {name} pictures; it has: {', '.join(sorted(set(self.usage)))}")
        return part

    def with_splits(self) -> "LabelledFaces":
        """Itself; a set without splits gets them: every tenth picture to PublicTest and the next to PrivateTest.

        Which ones is drawn at random, but always alike.
        """
        if self.usage.any():
            return self
        place = np.random.default_rng(0).permutation(len(self)) % 10
        usage = np.select([place == 0, place == 1], ["PublicTest", "PrivateTest"], "Training")
        return replace(self, usage=usage)

    def _members(self, name: str) -> npt.NDArray[np.bool_]:
        if name == "val":
            return np.isin(self.usage, ("PublicTest", "PrivateTest"))
        if name == "PrivateTest-dedup":
            known = {image.tobytes() for image in self.images[self.usage == "Training"]}
            fresh = np.array([image.tobytes() not in known for image in self.images], dtype=bool)
            return np.asarray(fresh & (self.usage == "PrivateTest"))
        return np.asarray(self.usage == name)
