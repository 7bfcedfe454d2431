"""What every sink is, and what sinks share."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vyraz.errors import SinkError
from vyraz.sources import Source
from vyraz.types import EMOTIONS, Frame, Record

__all__ = ["Names", "Setup", "Sink", "readable", "row_of", "told"]


@dataclass(frozen=True, slots=True)
class Setup:
    """What sinks are told beforehand.

    `labels` are the model's, a column each; with `smoothed` a second one each. `blur` makes faces
    unrecognisable in what is drawn. `faces`: with pictures of faces in reports. `about` is what a report says of
    the model and the settings: name -> value, in the order to be shown.
    """

    labels: tuple[str, ...] = EMOTIONS
    smoothed: bool = False
    blur: bool = False
    faces: bool = True
    about: Mapping[str, str] = field(default_factory=dict)


class Sink:
    """Takes records source by source. A context manager: leaving it completes the file, also after an error."""

    def begin(self, source: Source) -> None:
        """The records that follow are of this source."""

    def write(self, frame: Frame, records: Sequence[Record]) -> None:
        """The records of one frame."""

    def end(self) -> None:
        """The source is complete."""

    def size(self) -> int:
        """Bytes of a table that are on disk by now, to go on from after a kill."""
        return 0

    def close(self) -> None:
        """No more will come."""

    def __enter__(self) -> "Sink":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Names:
    """The file of each source: the one asked for; with several sources one each, that is nothing else's."""

    def __init__(self, path: Path, sources: Sequence[Source]) -> None:
        self._path, self._several = path, len(sources) > 1
        self._taken = {Path(source.name).absolute() for source in sources}

    def take(self, source: Source) -> Path:
        if not self._several:
            return self._path
        plain = "".join(char if char.isalnum() or char in "-_." else "_" for char in Path(source.name).name)[-100:]
        found, again = self._path.with_name(f"{self._path.stem}-{plain}{self._path.suffix}"), 1
        while found.absolute() in self._taken:
            again += 1
            found = found.with_name(f"{self._path.stem}-{plain}-{again}{self._path.suffix}")
        self._taken.add(found.absolute())
        return found


def readable(name: str) -> str:
    """A file's name as text; its bytes that are no UTF-8 are replaced, for no result can hold them."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def row_of(record: Record, setup: Setup) -> dict[str, Any]:
    """The flat record, with a name that any table can hold."""
    return record.row(setup.labels, smoothed=setup.smoothed) | {"source": readable(record.source)}


@contextmanager
def told(path: object) -> Iterator[None]:
    """An error of the system, while a file is written, as a SinkError that names the file."""
    try:
        yield
    except BrokenPipeError:
        raise
    except FileNotFoundError as error:
        raise SinkError(f"{path}: cannot be written (there is no folder {Path(str(path)).parent})") from error
    except OSError as error:
        raise SinkError(f"{path}: cannot be written ({os.strerror(error.errno) if error.errno else error})") from error
