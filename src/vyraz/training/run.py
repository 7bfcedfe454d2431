"""A run: the folder that holds everything about one training.

run.json           settings, versions, fingerprint of the data
history.jsonl      one line an epoch
checkpoint.keras   model and optimizer after the last finished epoch
model.keras        the trained network (float32, averaged weights), once training is complete
"""

import hashlib
import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from vyraz.dataset import LabelledFaces
from vyraz.errors import RunError, UsageError
from vyraz.training import networks

__all__ = ["PRECISIONS", "Run", "Settings", "settings_for"]

PRECISIONS = ("float32", "mixed_bfloat16", "mixed_float16")


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a training depends on besides the data; the same settings give the same history."""

    network: str
    epochs: int
    batch: int
    learning_rate: float
    seed: int
    augment: bool
    precision: str
    options: dict[str, Any] = field(default_factory=dict)


def settings_for(network: str, *, seed: int = 1, options: Sequence[str] = (), **chosen: Any) -> Settings:
    """The settings of a network's recipe, with what was chosen otherwise (None is not chosen).

    Args:
        network: its name.
        seed: of shuffling, augmentation, dropout and initial weights.
        options: of the network's `build`, each as NAME=VALUE.
        chosen: epochs, batch, learning_rate, augment, precision.

    Raises:
        UsageError: no such network, or an option that makes no sense.
    """
    recipe = networks.get(network).recipe
    names = ("epochs", "batch", "learning_rate", "augment", "precision")
    values = {name: getattr(recipe, name) if chosen.get(name) is None else chosen[name] for name in names}
    if values["precision"] not in PRECISIONS:
        raise UsageError(f"no precision is called {values['precision']!r}; there are: {', '.join(PRECISIONS)}")
    if not values["learning_rate"] > 0:
        raise UsageError(f"the learning rate must be above 0, not {values['learning_rate']}")
    return Settings(network=network, seed=seed, options=parse_options(options), **values)


def parse_options(words: Sequence[str]) -> dict[str, Any]:
    """`filters=10` -> {"filters": 10}; values are JSON, or else text."""
    found: dict[str, Any] = {}
    for word in words:
        name, mark, value = word.partition("=")
        if not (name and mark):
            raise UsageError(f"an option of a network is NAME=VALUE, not {word!r}")
        try:
            found[name] = json.loads(value)
        except json.JSONDecodeError:
            found[name] = value
    return found


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

    def create(self, settings: Settings, faces: LabelledFaces) -> None:
        """Make the folder and write run.json.

        Raises:
            RunError: a run is there already, or the folder cannot be written.
        """
        if self.facts.exists():
            raise RunError(f"{self.folder}: holds a run already; go on with --resume or choose another -o")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # Renamed when whole: half a run.json, left by a kill, could be neither resumed nor begun anew.
            scratch = self.facts.with_suffix(".tmp")
            scratch.write_text(json.dumps(_facts(settings, faces), indent=2) + "\n", encoding="utf-8")
            scratch.replace(self.facts)
        except OSError as error:
            raise RunError(f"{self.folder}: cannot be written ({error.strerror})") from error

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

    def check(self, settings: Settings, faces: LabelledFaces) -> None:
        """Hold that resuming would continue the very same training.

        Raises:
            RunError: other settings or other data than the run began with; says which.
        """
        begun, now = self.read(), _facts(settings, faces)
        differ = [key for key, value in now["settings"].items() if begun["settings"].get(key) != value]
        differ += [] if begun["data"] == now["data"] else ["data"]
        if differ:
            raise RunError(f"{self.folder}: began with other {', '.join(differ)}; resume with the same or start anew")

    def save(self, model: keras.Model, path: Path) -> None:
        """Write a model under a temporary name, then rename: a kill leaves the old or the new one."""
        scratch = path.with_name(f"scratch-{path.name}")
        model.save(scratch)
        os.replace(scratch, path)


def _facts(settings: Settings, faces: LabelledFaces) -> dict[str, Any]:
    digest = hashlib.sha256(faces.images.tobytes() + faces.labels.tobytes()).hexdigest()
    usage, counts = np.unique(faces.usage, return_counts=True)
    return {
        "settings": asdict(settings),
        "data": {"sha256": digest, "pictures": dict(zip(usage.tolist(), counts.tolist(), strict=True))},
        "versions": {
            "keras": keras.__version__,
            "backend": keras.backend.backend(),
            "python": platform.python_version(),
        },
    }
