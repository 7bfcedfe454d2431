"""What can go wrong, as one tree. Every message says what is wrong and what to do.

VyrazError
├── UsageError            the call itself is wrong: an unknown name, an option out of range   (exit 2)
│   └── MissingExtraError     a part that is not installed; names the pip command
├── SourceError           a picture, video or camera that cannot be read                      (exit 1)
├── SinkError             a result that cannot be written                                     (exit 1)
├── ModelError            a network file that is not ours, or is damaged                      (exit 1)
├── DataError             a labelled data set that is malformed                               (exit 1)
├── RunError              a training run that cannot be started, resumed or exported          (exit 1)
└── ArchiveError          an archive that cannot be worked on                                 (exit 1)
"""

__all__ = [
    "ArchiveError",
    "DataError",
    "MissingExtraError",
    "ModelError",
    "RunError",
    "SinkError",
    "SourceError",
    "UsageError",
    "VyrazError",
]


class VyrazError(Exception):
    """Base of all errors that vyraz raises on purpose; `exit_code` is the command line's."""

    exit_code = 1


class UsageError(VyrazError):
    """The call is wrong: an unknown name or suffix, or an option out of range."""

    exit_code = 2


class MissingExtraError(UsageError):
    """A part needs packages that a base install does not bring."""

    def __init__(self, what: str, extra: str) -> None:
        super().__init__(f"{what} needs packages that are not installed: pip install '.[{extra}]' in a clone of vyraz")


class SourceError(VyrazError):
    """A picture, video or camera cannot be read."""


class SinkError(VyrazError):
    """A result cannot be written."""


class ModelError(VyrazError):
    """A network file is damaged, or is not one of ours."""


class DataError(VyrazError):
    """A labelled data set is malformed."""


class RunError(VyrazError):
    """A training run cannot be started, resumed or exported."""


class ArchiveError(VyrazError):
    """An archive cannot be worked on."""
