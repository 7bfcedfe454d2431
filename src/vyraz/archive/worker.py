"""A process that does one task after another: `python -m vyraz.archive.worker`. Lines of JSON go in and out.

In: the settings, then tasks. Out: `ready`, then for each task how far it is, and at last the reply. When what feeds it
is gone, it ends at once, also in the midst of a task: a driver that was killed leaves nobody behind who writes.
"""

import json
import os
import platform
import queue
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import IO, Any

#: Before numpy and others are loaded: a worker is one of many, and takes one core.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def main() -> None:
    """Serve until stdin ends."""
    lines, say = _lines(), _voice()
    try:
        do = _hand(json.loads(next(lines)), say)
    except Exception as error:
        say({"refused": str(error) or type(error).__name__})
        return
    say({"ready": os.getpid()})
    for line in lines:
        say({"reply": do(line)})


def _hand(settings: dict[str, Any], say: Callable[[Any], None]) -> Callable[[str], dict[str, Any]]:
    """What does a task, with everything loaded."""
    import cv2

    from vyraz.archive import split, work
    from vyraz.archive.task import Outcome, Settings, Task
    from vyraz.errors import SinkError, SourceError

    cv2.setNumThreads(1)
    chosen = Settings(**settings)
    recognizer, known = chosen.recognizer(), _versions()

    def tell(length: float | None, seconds: float) -> None:
        say({"length": length, "seconds": seconds})

    def do(line: str) -> dict[str, Any]:
        task = Task.parse(line)
        try:
            if task.kind == "cut":
                return split.cut(task)
            how = {"whole": work.analyse, "part": split.part, "join": split.join}[task.kind]
            return {**how(recognizer, chosen, task, tell), "versions": known}
        except SinkError as error:
            return {"unwritable": str(error)}
        except SourceError as error:
            return asdict(Outcome(error=str(error).removeprefix(f"{task.path}: ")))
        except Exception as error:  # of this recording only: the others are still wanted
            return asdict(Outcome(error=f"{type(error).__name__}: {error}"))

    return do


def _versions() -> str:
    """Of what digits depend on, and of the machine."""
    from importlib.metadata import version

    parts = ("vyraz", "onnxruntime", "av", "opencv-python-headless", "numpy")
    return ", ".join([*(f"{name} {version(name)}" for name in parts), f"Python {platform.python_version()}"])


def _lines() -> Iterator[str]:
    """Lines of stdin; its end, which a thread of its own waits for, ends the process."""
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()

    def read() -> None:
        for line in sys.stdin:
            waiting.put(line)
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    while True:
        yield waiting.get()


def _voice() -> Callable[[Any], None]:
    """Says things on stdout, on which nobody else, a codec say, can print any more."""
    out: IO[str] = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(what: Any) -> None:
        out.write(json.dumps(what) + "\n")
        out.flush()

    return say


if __name__ == "__main__":
    main()
