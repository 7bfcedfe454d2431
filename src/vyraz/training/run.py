"""A run: the folder that holds everything about one training.

run.json           settings, versions, cost of the network, fingerprint of the data
history.jsonl      one line an epoch
checkpoint.keras   model and optimizer after the last finished epoch
model.keras        the trained network (float32, averaged weights), once training is complete
figures.json       the trained network measured on the splits of a set, once that was asked for

This module does without Keras, so that runs can be read and compared without it.
"""

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from vyraz.errors import RunError
from vyraz.labelled import LabelledFaces
from vyraz.training.history import read_history
from vyraz.training.whole import whole

if TYPE_CHECKING:
    import keras

__all__ = ["Run", "Settings", "digest_of"]


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a training depends on besides the data; the same settings give the same history.

    optimizer, schedule: empty for the recipe's. weight_decay, ema: None for the recipe's; ema is the momentum
    of the moving average of the weights that is kept, 0 for the last weights as they are.
    labels: "fer", the seven of FER-2013, or "ferplus", the eight of the votes. mixup, votes, degrade: as in
    `Recipe`.
    teacher: fingerprint of who teaches, empty for nobody; `temperature` softens its scores, `share` is their
    part beside the label's. start: fingerprint of the weights it begins with, empty for random ones.
    averaged: fingerprints of the networks whose mean this one is, joined by "+"; empty for one that was fitted.
    branch: after how many epochs another seed holds, and which; None for one seed throughout.
    strength: by which factor pictures are changed more or less than by `Augmentation`, `degrade` apart.
    sharpness: radius of sharpness-aware minimization, see `vyraz.training.sharpness`; 0 for none.
    """

    network: str
    epochs: int
    batch: int
    learning_rate: float
    seed: int
    augment: bool
    precision: str
    options: dict[str, Any] = field(default_factory=dict)
    labels: str = "fer"
    mixup: float = 0.0
    votes: float = 0.0
    degrade: float = 0.0
    teacher: str = ""
    temperature: float = 4.0
    share: float = 0.9
    schedule: str = ""
    ema: float | None = None
    optimizer: str = ""
    start: str = ""
    weight_decay: float | None = None
    averaged: str = ""
    branch: list[int] | None = None
    strength: float = 1.0
    sharpness: float = 0.0

    def seed_at(self, epoch: int) -> int:
        """The seed of an epoch, counted from 0."""
        return self.branch[1] if self.branch and epoch >= self.branch[0] else self.seed


@dataclass(frozen=True, slots=True)
class Run:
    """The files of one run; creating the object touches nothing."""

    folder: Path

    @property
    def history(self) -> Path:
        return self.folder / "history.jsonl"

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.keras"

    @property
    def model(self) -> Path:
        return self.folder / "model.keras"

    @property
    def facts(self) -> Path:
        return self.folder / "run.json"

    @property
    def figures(self) -> Path:
        return self.folder / "figures.json"

    def create(self, settings: Settings, faces: LabelledFaces, cost: Mapping[str, int]) -> None:
        """Make the folder and write run.json.

        Args:
            settings: of the training.
            faces: the set that is trained on.
            cost: parameters and multiply-adds of the network, see `vyraz.training.cost`.

        Raises:
            RunError: a run is there already, or the folder cannot be written.
        """
        self.make()
        self._write(_facts(settings, faces) | {"cost": dict(cost), "versions": _versions()})

    def make(self) -> None:
        """Make the folder.

        Raises:
            RunError: a run is there already, or it cannot be made.
        """
        if self.facts.exists():
            raise RunError(f"{self.folder}: holds a run already; go on with --resume or choose another -o")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"{self.folder}: cannot be made ({error.strerror})") from error

    def read(self) -> dict[str, Any]:
        """What run.json says.

        Raises:
            RunError: no run here, or a damaged one.
        """
        try:
            facts: dict[str, Any] = json.loads(self.facts.read_text(encoding="utf-8"))
            if not {"settings", "data"} <= facts.keys():
                raise ValueError("settings or data are missing")
        except FileNotFoundError:
            raise RunError(f"{self.folder}: no run here (run.json is missing)") from None
        except (OSError, ValueError, AttributeError) as error:
            raise RunError(f"{self.facts}: cannot be read ({error})") from error
        return facts

    def read_figures(self) -> dict[str, Any]:
        """What figures.json says; empty where the network was not measured.

        Raises:
            RunError: a damaged file.
        """
        try:
            figures: dict[str, Any] = json.loads(self.figures.read_text(encoding="utf-8"))
            if not isinstance(figures["splits"], dict):
                raise ValueError("its splits are damaged")
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunError(f"{self.figures}: cannot be read ({error}); remove it and measure anew") from error
        return figures

    def settings(self) -> Settings:
        """Those of run.json; what was no setting yet when it was written has its default.

        Raises:
            RunError: no run here, or a damaged one.
        """
        try:
            return Settings(**self.read()["settings"])
        except TypeError as error:
            raise RunError(f"{self.facts}: cannot be read ({error})") from error

    def resume(self, settings: Settings, faces: LabelledFaces) -> None:
        """Hold that it would continue the very same training, or branch off after what is done; note the latter.

        Raises:
            RunError: other settings or other data than the run began with; says which. Or it cannot be written.
        """
        begun, before = self.read(), self.settings()
        done = range(len(read_history(self.history)))
        if settings.branch and all(before.seed_at(epoch) == settings.seed_at(epoch) for epoch in done):
            before = replace(before, branch=settings.branch)
        differ = [key for key, value in asdict(settings).items() if asdict(before)[key] != value]
        data = _facts(settings, faces)["data"]
        differ += ["data"] if any(begun["data"].get(key, value) != value for key, value in data.items()) else []
        if differ:
            raise RunError(f"{self.folder}: began with other {', '.join(differ)}; resume with the same or start anew")
        if self.settings() != settings:
            self._write(begun | {"settings": asdict(settings)})

    def has_learnt_from(self, training: LabelledFaces) -> bool:
        """Whether its Training split held these very pictures, so that it knows none of those held out from them."""
        return bool(self.read()["data"].get("training") == digest_of(training.images))

    def _write(self, facts: Mapping[str, Any]) -> None:
        # Half a run.json, left by a kill, could be neither resumed nor begun anew.
        with whole(self.facts) as scratch:
            scratch.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")

    def save(self, model: "keras.Model", path: Path) -> None:
        """Write a model into the folder.

        Raises:
            RunError: it cannot be written.
        """
        with whole(path) as scratch:
            model.save(scratch)


def digest_of(*arrays: npt.NDArray[Any]) -> str:
    """By which data are known again."""
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


def _facts(settings: Settings, faces: LabelledFaces) -> dict[str, Any]:
    usage, counts = np.unique(faces.usage, return_counts=True)
    data = {
        "sha256": digest_of(faces.images, faces.labels),
        "training": digest_of(faces.images[faces.usage == "Training"]),
        "pictures": dict(zip(usage.tolist(), counts.tolist(), strict=True)),
    }
    if faces.votes is not None and (settings.votes or settings.labels == "ferplus"):
        data["votes"] = digest_of(faces.votes)
    return {"settings": asdict(settings), "data": data}


def _versions() -> dict[str, str]:
    import keras

    return {
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "python": platform.python_version(),
    }
