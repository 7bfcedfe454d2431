"""How far an interrupted analysis got, so that it can go on as if nothing had happened."""

import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vyraz.errors import SinkError, UsageError

__all__ = ["Journal", "Place"]

#: Seconds of work that a kill can cost at most.
_EVERY = 2.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where to go on.

    `source` is the number of the source, `state` that of its reading (None: from its beginning),
    `sizes` the bytes of each table until there, `failed` how many sources had failed, `problems` those of
    the source so far, message -> count.
    """

    source: int = 0
    state: Mapping[str, Any] | None = None
    sizes: Sequence[int] = ()
    failed: int = 0
    problems: Mapping[str, int] = field(default_factory=dict)


class Journal:
    """A file beside the first table; it is there for as long as the analysis is not complete.

    Args:
        path: the file.
        settings: all that the results depend on, as JSON takes it.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any]) -> None:
        self._path, self._settings = path, json.loads(json.dumps(settings))
        self._saved = 0.0

    def load(self) -> Place | None:
        """Where to go on; None where nothing was interrupted.

        Raises:
            UsageError: it was begun with other settings, or the file is damaged.
        """
        try:
            known = json.loads(self._path.read_text(encoding="utf-8"))
            place, settings = Place(**known["place"]), dict(known["settings"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{self._path}: cannot be read; start anew without --resume") from error
        differ = [name for name, value in self._settings.items() if settings.get(name) != value]
        if differ:
            raise UsageError(
                f"{self._path}: was begun with other {', '.join(differ)}; resume with the same, or start anew"
            )
        return place

    def is_due(self) -> bool:
        """Whether so much was done since the last save that it would be a pity to lose it."""
        return time.monotonic() - self._saved >= _EVERY

    def save(self, place: Place) -> None:
        """Write under a temporary name, then rename: a kill leaves the old or the new one.

        Raises:
            SinkError: it cannot be written.
        """
        fields = {name: getattr(place, name) for name in Place.__slots__}
        scratch = self._path.with_name(f"{self._path.name}.tmp")
        try:
            scratch.write_text(json.dumps({"settings": self._settings, "place": fields}), encoding="utf-8")
            os.replace(scratch, self._path)
        except OSError as error:
            raise SinkError(f"{self._path}: cannot be written ({error.strerror})") from error
        self._saved = time.monotonic()

    def remove(self) -> None:
        """The analysis is complete."""
        self._path.unlink(missing_ok=True)
