"""What each face is to be taken for: labels of FER-2013, or the votes of FER+."""

from dataclasses import replace

from vyraz import ferplus
from vyraz.errors import DataError, UsageError
from vyraz.labelled import LabelledFaces
from vyraz.training.data import one_hot
from vyraz.training.run import Settings
from vyraz.types import EMOTIONS, Float

__all__ = ["LABELS", "names_of", "training_faces", "training_targets", "validation_faces"]

LABELS = {"fer": EMOTIONS, "ferplus": ferplus.LABELS}


def names_of(labels: str) -> tuple[str, ...]:
    """The labels of a network that learns from `labels`.

    Raises:
        UsageError: no labels of that name.
    """
    if labels not in LABELS:
        raise UsageError(f"no labels are called {labels!r}; there are: {', '.join(LABELS)}")
    return LABELS[labels]


def training_faces(faces: LabelledFaces, labels: str) -> LabelledFaces:
    """The faces of a Training split that say something: all, or those whose votes do.

    Raises:
        DataError: votes are asked for, and the set has none, or none that say something; or faces of contempt
            where it is no label.
    """
    if labels != "ferplus":
        return _without_contempt(faces)
    telling = faces.take(ferplus.distributions(faces.needed_votes()).sum(axis=1) > 0)
    if not len(telling):
        raise DataError("the FER+ votes of the Training split say nothing")
    return telling


def training_targets(faces: LabelledFaces, settings: Settings) -> dict[str, Float]:
    """What the outputs `scores` and, where they are asked for, `votes` should give for each face.

    Returns:
        float32 (n, classes) by output. A row of `votes` may be all 0: no loss comes from it.

    Raises:
        DataError: votes are asked for, and the set has none.
    """
    shares = ferplus.distributions(faces.needed_votes()) if settings.labels == "ferplus" or settings.votes else None
    targets = {"scores": one_hot(faces.labels, len(faces.names))}
    if shares is not None:
        targets |= {"scores": shares} if settings.labels == "ferplus" else {"votes": shares}
    return targets


def validation_faces(faces: LabelledFaces, labels: str) -> LabelledFaces:
    """Faces with the labels by which accuracy is told: the majority of the votes, where those are learnt.

    Raises:
        DataError: votes are asked for, and the set has none, or no majority; or faces of contempt where it is
            no label.
    """
    return faces.by_votes() if labels == "ferplus" else _without_contempt(faces)


def _without_contempt(faces: LabelledFaces) -> LabelledFaces:
    if (faces.labels >= len(EMOTIONS)).any():
        raise DataError("contempt is learnt from the votes of FER+ alone; move its folder out of the data set")
    return replace(faces, names=EMOTIONS)
