"""vyraz batch at full size: a broken archive, kills, speed on two cores and on Ray, memory, what an hour costs.

    python benchmarks/archives.py [broken] [kills] [speed] [tasks] [memory] [cost] [--json FILE]

Linux only, for processes are looked at by /proc. Parts that are named are measured, and put into the file beside
those that are there.
"""

import argparse
import heapq
import json
import os
import random
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.archives import BROKEN, make_archive, make_clip, make_hooks  # noqa: E402
from vyraz.archive.hand import Limit  # noqa: E402
from vyraz.archive.local import Engine, Local  # noqa: E402
from vyraz.archive.manifest import Manifest  # noqa: E402
from vyraz.archive.task import Settings, Task  # noqa: E402
from vyraz.demo import sample_pictures  # noqa: E402
from vyraz.encode import VideoWriter  # noqa: E402
from vyraz.sources import expand, read  # noqa: E402
from vyraz.types import Pixels  # noqa: E402

VYRAZ = Path(sys.executable).with_name("vyraz")
CLIPS = ROOT.parent / "shared" / "data" / "video"
GOOD, KILLS, MANY, CLIPS_OF_SPEED = 189, 10, 1000, 140
ROUNDS = 3
#: Empty tasks.
TASKS = 3000
#: Hours of footage in the plan, in as many recordings.
HOURS = 100_000
#: Seconds of footage of which the cost of an hour is told.
FOOTAGE = 120


def main() -> None:
    parser = argparse.ArgumentParser(description="vyraz batch at full size.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--json", type=Path, help="write the figures here too")
    chosen = parser.parse_args()
    figures = json.loads(chosen.json.read_text()) if chosen.json and chosen.json.exists() else {}
    for name in chosen.parts or PARTS:
        with tempfile.TemporaryDirectory(prefix="vyraz-bench-") as folder:
            figures[name] = PARTS[name](Path(folder))
        print(name, json.dumps(figures[name]), flush=True)
    if {"cost", "tasks"} <= figures.keys():
        figures["plan"] = plan(figures["cost"]["talk"], figures["tasks"]["ms_a_task"])
        print("plan", json.dumps(figures["plan"]))
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n")


def broken(folder: Path) -> dict[str, Any]:
    """200 recordings, ten broken in ten ways and one that kills its worker; and the same command again."""
    archive, env, out = make_archive(folder / "clips", face(), GOOD), hooks(folder), folder / "out"
    first, seconds = batch(archive, out, env)
    again, nothing = batch(archive, out, env)
    with Manifest(out / "manifest") as manifest:
        reasons = [row["error"] for row in manifest.rows() if row["state"] == "failed"]
    assert (first, again) == (1, 1)
    assert len(tables(out)) == GOOD
    assert len(reasons) == len(BROKEN) + 1
    assert all(reasons)
    return {
        "results": len(tables(out)),
        "reasons": len(reasons),
        "seconds": round(seconds, 1),
        "again": round(nothing, 2),
    }


def kills(folder: Path) -> dict[str, Any]:
    """The driver killed at ten random moments and a random worker before each; tables as undisturbed."""
    archive, env = make_archive(folder / "clips", face(), GOOD), hooks(folder)
    batch(archive, folder / "whole", env)
    moments = []
    for _ in range(KILLS):
        process = subprocess.Popen(command(archive, folder / "out"), env=env, stderr=subprocess.DEVNULL)
        moments.append(random.uniform(1.5, 5.0))
        time.sleep(moments[-1])
        for worker in random.sample(children(process.pid), k=1 if children(process.pid) else 0):
            os.kill(worker, signal.SIGKILL)
        time.sleep(random.uniform(0, 0.3))
        process.kill()
        process.wait()
    done = len(tables(folder / "out"))
    batch(archive, folder / "out", env, "--retry-failed")
    assert tables(folder / "out") == tables(folder / "whole")
    return {"moments": [round(moment, 2) for moment in moments], "done_before_the_last": done, "equal": True}


def speed(folder: Path) -> dict[str, Any]:
    """Wall seconds with one worker, with two, and on Ray with two; and of each the start, with one recording a worker.

    The medians of some rounds, for the speed of a machine that others use too wavers.

    Clips of four to eight seconds: shorter than real ones, so that what a task costs shows.
    """
    archive, starting = make_archive(folder / "clips", face(), CLIPS_OF_SPEED, frames=(100, 200)), folder / "start"
    starting.mkdir()
    for number in range(2):
        make_clip(starting / f"{number}.mp4", face(), 4)
    ways = {"one": ["--jobs", "1"], "two": ["--jobs", "2"], "ray": ["--jobs", "2", "--engine", "ray"]}
    # Ray's workers are nicer than others unless told; here both engines are to be as nice.
    env, rounds = {**hooks(folder), "RAY_worker_niceness": "0"}, list[dict[str, float]]()
    for turn in range(ROUNDS):
        took = {}
        for name, options in ways.items():
            took[name] = batch(archive, folder / f"{name}-{turn}", env, *options)[1]
            took[f"{name}_start"] = batch(starting, folder / f"{name}-start-{turn}", env, *options)[1]
        rounds.append(took)
    found = {name: statistics.median(took[name] for took in rounds) for name in rounds[0]}
    started = {name: found[name] - found[f"{name}_start"] for name in ways}
    tasks = CLIPS_OF_SPEED + len(BROKEN) + 1
    return {
        "recordings": tasks,
        **{name: round(seconds, 2) for name, seconds in found.items()},
        "two_over_one": round(found["one"] / found["two"], 3),
        "ray_over_two_beyond_start": round(started["ray"] / started["two"], 3),
        "ray_ms_a_task": round(1000 * (started["ray"] - started["two"]) / tasks, 1),
    }


def tasks(_folder: Path) -> dict[str, Any]:
    """What a task takes of which there is nothing to do (its recording is not there), here and on Ray."""
    from vyraz.cluster import Cluster

    nothing = [Task("whole", f"/nowhere/{number}.mp4", "", "/nowhere", str(number), 0) for number in range(TASKS)]
    found: dict[str, Any] = {"tasks": TASKS}
    with Local(Settings(), 2, Limit(), lambda _task, _seconds: None) as engine:
        found["ms_a_task_local"] = passed(engine, nothing)
    with Cluster(Settings(), 2, Limit(), address="local") as cluster:
        early = resident(os.getpid())
        found["ms_a_task"] = passed(cluster, nothing)
        found["driver_mb"] = [early, resident(os.getpid())]
    return found


def passed(engine: Engine, tasks: list[Task]) -> float:
    """Milliseconds a task, from the reply to the first one on."""
    replies = engine.run(tasks)
    next(replies)
    began = time.perf_counter()
    count = sum(1 for _ in replies)
    return round(1000 * (time.perf_counter() - began) / count, 2)


def memory(folder: Path) -> dict[str, Any]:
    """Resident MB of driver and workers over a thousand short clips, at a fifth of them and at the end."""
    archive, out = make_archive(folder / "clips", face(), MANY, frames=(4, 8)), folder / "out"
    process = subprocess.Popen(command(archive, out, "-q"), env=hooks(folder), stderr=subprocess.DEVNULL)
    workers, samples = list[int](), list[tuple[int, int, int]]()
    while process.poll() is None:
        workers = children(process.pid)
        done = len(list(out.glob("*.parquet")))
        samples.append((done, resident(process.pid), max(map(resident, workers), default=0)))
        time.sleep(0.5)
    early = next(sample for sample in samples if sample[0] >= MANY // 5)
    late = max(samples[-10:], key=lambda sample: sample[2])
    return {
        "clips": MANY,
        "driver_mb": [early[1], late[1]], "worker_mb": [early[2], late[2]],
        "driver_ratio": round(late[1] / early[1], 3), "worker_ratio": round(late[2] / early[2], 3),
    }  # fmt: skip


def cost(folder: Path) -> dict[str, Any]:
    """CPU seconds and bytes an hour of footage: a talk of 640x480 at 30 pictures/s, a room where hardly anybody is."""
    made = {"talk": talk(folder), "room": CLIPS / "one-by-one.mp4"}
    found: dict[str, Any] = {}
    for name, clip in made.items():
        found[name] = {}
        for form in ("parquet", "csv"):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            out = folder / f"{name}-{form}"
            batch(clip, out, os.environ, "--format", form)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            with Manifest(out / "manifest") as manifest:
                (row,) = manifest.rows()
            hours = row["seconds"] / 3600
            used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            found[name] |= {
                "frames": row["frames"], "seconds": row["seconds"], "cpu_s_an_hour": round(used / hours),
                f"{form}_mb_an_hour": round((out / row["file"]).stat().st_size / hours / 1e6, 1),
            }  # fmt: skip
    return found


def plan(cost: Mapping[str, float], ms_a_task: float) -> dict[str, Any]:
    """What `HOURS` of footage take on so many cores, by the measured cost of an hour and Ray's of a task.

    Lengths are drawn log-normal, an hour on average and 95 % below three; each core takes the longest recording that
    is left, as both engines do.
    """
    lengths = np.sort(np.random.default_rng(1).lognormal(-0.245, 0.7, HOURS))[::-1]
    lengths *= HOURS / lengths.sum()
    work, task = cost["cpu_s_an_hour"] / 3600, ms_a_task / 3.6e6
    pieces = np.sort(
        np.concatenate([np.full(max(round(hours * 2), 1), hours / max(round(hours * 2), 1)) for hours in lengths])
    )
    ways = {"whole": lengths, "split_30_min": pieces[::-1]}
    return {
        "hours": HOURS, "longest_hours": round(float(lengths[0]), 1), "core_hours": round(HOURS * work + HOURS * task),
        **{f"{form}_gb": round(HOURS * cost[f"{form}_mb_an_hour"] / 1000) for form in ("parquet", "csv")},
        "wall_hours": {
            str(cores): {name: round(scheduled(lengths * work + task, cores), 2) for name, lengths in ways.items()}
            for cores in (16, 256, 4096, 16384)
        },
    }  # fmt: skip


def scheduled(hours: Iterable[float], cores: int) -> float:
    """When the last of the cores is done, if each takes the next one as soon as it is free."""
    free = [0.0] * cores
    for one in hours:
        heapq.heapreplace(free, free[0] + one)
    return max(free)


def talk(folder: Path) -> Path:
    """The sign-language clip forwards and backwards until it is two minutes."""
    frames = [frame.pixels for frame in read(expand([str(CLIPS / "sign-language.mkv")])[0])]
    there_and_back, path = [*frames, *frames[-2:0:-1]], folder / "talk.mp4"
    writer = VideoWriter(path)
    for index in range(FOOTAGE * 30):
        writer.write(there_and_back[index % len(there_and_back)], index / 30)
    writer.close()
    return path


def face() -> Pixels:
    return np.asarray(Image.open(sample_pictures()[0]).convert("RGB").resize((205, 240)))


def hooks(folder: Path) -> Mapping[str, str]:
    return os.environ | {"PYTHONPATH": str(make_hooks(folder / "hooks"))}


def command(archive: Path, out: Path, *options: str) -> list[str]:
    return [
        str(VYRAZ),
        "batch",
        str(archive),
        "-d",
        str(out),
        *(options if "--jobs" in options else ("--jobs", "2", *options)),
    ]


def batch(archive: Path, out: Path, env: Mapping[str, str], *options: str) -> tuple[int, float]:
    """The exit code, and wall seconds."""
    began = time.perf_counter()
    done = subprocess.run(command(archive, out, "-q", *options), env=dict(env), capture_output=True, check=False)
    return done.returncode, time.perf_counter() - began


def tables(out: Path) -> dict[str, Any]:
    return {path.name: pq.read_table(path) for path in out.glob("*.parquet")}


def children(pid: int) -> list[int]:
    return [int(child) for path in Path(f"/proc/{pid}/task").glob("*/children") for child in path.read_text().split()]


def resident(pid: int) -> int:
    """MB; 0 of a process that is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) // 1024 for line in status.splitlines() if line.startswith("VmRSS:")), 0)


PARTS = {"broken": broken, "kills": kills, "speed": speed, "tasks": tasks, "memory": memory, "cost": cost}

if __name__ == "__main__":
    main()
