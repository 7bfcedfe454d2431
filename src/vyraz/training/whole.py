"""Files that are whole or not there: written under another name, then renamed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vyraz.errors import RunError

__all__ = ["whole"]


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Where to write what becomes the file `path` once it is there to the end; a kill leaves the old file.

    Raises:
        RunError: it cannot be written, as on a full disk; the old file stays, and nothing of the new one.
    """
    scratch = path.with_name(f"scratch-{path.name}")
    try:
        yield scratch
        os.replace(scratch, path)
    except OSError as error:
        raise RunError(f"{path}: cannot be written ({error.strerror or error})") from error
    finally:
        scratch.unlink(missing_ok=True)
