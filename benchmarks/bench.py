"""make bench: speed and memory as ratios within one run, on real clips where they are present.

    python benchmarks/bench.py [--json FILE]

One thread each. Every pair that a ratio compares runs in turn, so that a machine whose speed drifts
slows both.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import vyraz
from vyraz import demo
from vyraz.detect import YuNet
from vyraz.encode import VideoWriter
from vyraz.pictures import read_picture
from vyraz.search import make_search
from vyraz.sources import expand, read

CLIPS = Path(__file__).parent.parent.parent / "shared" / "data" / "video"
SIZE = (640, 480)
ROUNDS = 5
#: Of clips of more frames, Haar is timed once.
MANY = 500
FRAMES = (1000, 10000)


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed and memory as ratios within one run.")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument("--memory", metavar="CLIP", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    cv2.setNumThreads(1)
    if chosen.memory:
        print(peak_memory(chosen.memory))
        return
    with tempfile.TemporaryDirectory() as folder:
        figures = {"clips": {path.name: speed(path) for path in clips(Path(folder))}, "memory": memory(Path(folder))}
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n")


def clips(scratch: Path) -> list[Path]:
    """The real clips, those that are smaller also at 640x480; else the demo's."""
    real = sorted(path for path in CLIPS.glob("*.m*") if path.suffix != ".md")
    return [*real, *filter(None, (enlarged(path, scratch) for path in real))] or [demo.prepare(scratch / "demo")[1]]


def enlarged(clip: Path, scratch: Path) -> Path | None:
    """The clip at 640x480, its sides mirrored where its shape is another; None where it is not smaller."""
    path = scratch / f"{clip.stem}-640x480.mp4"
    writer = VideoWriter(path)
    for frame in read(expand([str(clip)])[0]):
        height, width = frame.view.shape
        if width >= SIZE[0] or height >= SIZE[1]:
            return None
        scale = min(SIZE[0] / width, SIZE[1] / height)
        fitted = cv2.resize(frame.pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        down, right = SIZE[1] - fitted.shape[0], SIZE[0] - fitted.shape[1]
        sides = (down // 2, down - down // 2, right // 2, right - right // 2)
        writer.write(np.asarray(cv2.copyMakeBorder(fitted, *sides, cv2.BORDER_REFLECT), np.uint8), frame.timestamp or 0)
    writer.close()
    return path


def speed(clip: Path) -> dict[str, float]:
    """Frames a second with YuNet over those with Haar on every frame, time over that of decoding, faces not lost."""
    yunet, haar = vyraz.Recognizer(), vyraz.Recognizer(detector="haar")
    long = sum(1 for _ in read(expand([str(clip)])[0])) > MANY
    jobs: dict[str, Callable[[], int]] = {
        "decode": lambda: sum(1 for _ in read(expand([str(clip)])[0])),
        "rgb": lambda: sum(len(frame.pixels) > 0 for frame in read(expand([str(clip)])[0])),
        "yunet": lambda: sum(1 for _ in yunet.frames(clip)),
        "haar": lambda: sum(1 for _ in haar.frames(clip)),
    }
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for turn in range(ROUNDS):
        for name, job in jobs.items():
            if not (long and turn and name == "haar"):
                times[name].append(timed(job))
    middle = {name: statistics.median(values) for name, values in times.items()}
    ratios = {
        "yunet_over_haar": statistics.median(h / y for h, y in zip(times["haar"], times["yunet"], strict=False)),
        "pipeline_over_decoding": statistics.median(
            y / d for y, d in zip(times["yunet"], times["decode"], strict=True)
        ),
        "pipeline_over_decoding_to_rgb": statistics.median(
            y / d for y, d in zip(times["yunet"], times["rgb"], strict=True)
        ),
        **found(clip),
    }
    print(
        f"{clip.name}: {ratios['yunet_over_haar']:.1f}x the frames/s of Haar on every frame, "
        f"{ratios['pipeline_over_decoding']:.1f}x the time of decoding alone, "
        f"{ratios['pipeline_over_decoding_to_rgb']:.1f}x that of decoding to RGB, "
        f"{ratios['faces_found']:.1%} of the faces of a search of every frame, "
        f"overlap of every other frame's boxes with those of a look {ratios['least_overlap']:.2f} at least "
        f"(ms a frame: decode {1000 * middle['decode']:.1f}, yunet {1000 * middle['yunet']:.1f}, "
        f"haar {1000 * middle['haar']:.1f})",
        flush=True,
    )
    return {name: round(value, 3) for name, value in ratios.items()}


def timed(job: Callable[[], int]) -> float:
    """Seconds a frame."""
    began = time.perf_counter()
    frames = job()
    return (time.perf_counter() - began) / frames


def found(clip: Path) -> dict[str, float]:
    """Of the faces that YuNet finds on every full frame, the share that the search in windows finds.

    And how well the boxes of odd frames, which the search may not have looked at, overlap with those of a look.
    """
    detector, source = YuNet(), expand([str(clip)])[0]
    here = {look.frame.index: look.faces for some in make_search(detector).run(read(source)) for look in some}
    hits, overlaps = list[bool](), list[float]()
    for frame in read(source):
        faces = here[frame.index]
        hits += [any(face.box.overlap(other.box) > 0.5 for other in faces) for face in detector(frame.pixels)]
        if frame.index % 2:
            seen = detector.near(frame.view, faces)
            overlaps += [max((face.box.overlap(other.box) for other in seen), default=0.0) for face in faces]
    return {
        "faces_found": sum(hits) / max(len(hits), 1),
        "least_overlap": min(overlaps, default=1.0),
        "median_overlap": statistics.median(overlaps or [1.0]),
    }


def memory(folder: Path) -> dict[str, Any]:
    """Peak memory of `analyze` to a table, by the number of frames, each in a process of its own."""
    picture = read_picture(demo.sample_pictures()[0])
    peaks = []
    for count in FRAMES:
        clip = folder / f"{count}.mp4"
        writer = VideoWriter(clip)
        for index in range(count):
            writer.write(picture[: 480 - index % 2], index / 25)
        writer.close()
        measured = subprocess.run(
            [sys.executable, __file__, "--memory", str(clip)], capture_output=True, text=True, check=True
        )
        peaks.append(int(measured.stdout.split()[-1]))
    ratio = peaks[1] / peaks[0]
    print(f"memory: {peaks[1] // 1024} MB at {FRAMES[1]} frames over {peaks[0] // 1024} MB at {FRAMES[0]}: {ratio:.3f}")
    return {"peak_kb": dict(zip(map(str, FRAMES), peaks, strict=True)), "ratio": round(ratio, 3)}


def peak_memory(clip: str) -> int:
    """Kilobytes, of this process; Linux only."""
    from vyraz import pipeline
    from vyraz.console import AnalysisProgress
    from vyraz.sinks import open_sink

    recognizer, sources = vyraz.Recognizer(), expand([clip])
    with open_sink(str(Path(clip).with_suffix(".csv")), sources) as sink:
        pipeline.run(recognizer, sources, [sink], AnalysisProgress(sources, quiet=True))
    # Not getrusage: its peak is inherited from the process that started this one.
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1])


if __name__ == "__main__":
    main()
