"""What passes between those who plan the work and those who do it: settings, tasks, outcomes. All of it is JSON."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from vyraz.errors import UsageError
from vyraz.recognize import Recognizer
from vyraz.video import Key

__all__ = ["FORMS", "Kind", "Outcome", "Reply", "Settings", "Span", "State", "Task"]

FORMS = ("parquet", "csv", "jsonl")

State = Literal["pending", "done", "partial", "failed"]
Kind = Literal["whole", "cut", "part", "join"]

#: What a worker answers: an outcome's fields, or the spans of a recording; `error` alone where it could not answer.
Reply = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Settings:
    """All that the results of an archive depend on, but for the recordings themselves.

    Raises:
        UsageError: a form of result that there is not.
    """

    model: str = "small"
    detector: str = "yunet"
    min_face_score: float | None = None
    every: int = 1
    smooth: float | None = None
    form: str = "parquet"

    def __post_init__(self) -> None:
        if self.form not in FORMS:
            raise UsageError(f"--format {self.form}: there is no such form of result; choose {', '.join(FORMS)}")

    def recognizer(self) -> Recognizer:
        """With one thread, which gives the same digits on every run."""
        return Recognizer(self.model, self.detector, min_face_score=self.min_face_score, device="cpu")

    def named(self, fingerprint: str) -> dict[str, Any]:
        """What is noted of them: the model by its name and its SHA-256, for its folder says nothing.

        Args:
            fingerprint: of the model.
        """
        return asdict(self) | {"model": Path(self.model).name, "fingerprint": fingerprint}

    def digest(self, fingerprint: str) -> str:
        """16 hexadecimal digits that change with anything that the results depend on."""
        plain = {**self.named(fingerprint), "model": ""}
        return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Span:
    """Part of a recording: frames `start` to `stop` (None: its end), read from the frame `key` on."""

    key: Key
    start: int
    stop: int | None

    @classmethod
    def parse(cls, plain: Mapping[str, Any]) -> "Span":
        return cls(Key(**plain["key"]), plain["start"], plain["stop"])


@dataclass(frozen=True, slots=True)
class Task:
    """One thing for a worker to do.

    kind: `whole` makes a result of a recording; `cut` says where it can be split into pieces of `minutes`;
        `part` reads `span` into the file `name`; `join` makes a result of the files `parts`.
    path: the recording; `source` is what its rows are to say.
    out: folder or URL of the results; `name` is the file to be made there.
    bytes: about how much of the recording that is.
    """

    kind: Kind
    path: str
    source: str
    out: str
    name: str
    bytes: int
    minutes: float = 0.0
    span: Span | None = None
    parts: tuple[str, ...] = ()

    def line(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def parse(cls, line: str) -> "Task":
        plain = json.loads(line)
        span = Span.parse(plain["span"]) if plain["span"] else None
        return cls(**(plain | {"span": span, "parts": tuple(plain["parts"])}))


@dataclass(slots=True)
class Outcome:
    """What became of a recording.

    `partial` is a result in which some frames are missing, for the reason in `error`; `failed` none at all.
    `seconds` of footage were read, in `elapsed` seconds of work; `frames` were analysed, `no_face` of them
    without a face, `errors` not decodable; of the `rows`, `faces` hold a face, `uncertain` of them uncertain, and
    `shown` of them each emotion; `persons` is the number of tracks.
    """

    state: State = "failed"
    error: str = ""
    seconds: float = 0.0
    elapsed: float = 0.0
    frames: int = 0
    rows: int = 0
    persons: int = 0
    faces: int = 0
    uncertain: int = 0
    no_face: int = 0
    errors: int = 0
    shown: dict[str, int] = field(default_factory=dict)
    versions: str = ""
