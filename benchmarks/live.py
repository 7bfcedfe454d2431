"""What the server adds to the recognizer, and how several clients share it, as ratios within one run.

    python benchmarks/live.py [--json FILE]

Frames of 640x480, one in flight for each client; the server and its clients run on this machine. What the server adds
is measured at a camera's pace, and the recognizer alone at the same: between frames processors slow down and forget.
"""

import argparse
import asyncio
import json
import os
import statistics
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from websockets.asyncio.client import connect

import vyraz
from vyraz import demo
from vyraz.live.decode import decode_frame
from vyraz.pictures import read_picture
from vyraz.sources import expand, read
from vyraz.types import Pixels

CLIP = Path(__file__).parent.parent.parent / "shared" / "data" / "video" / "sign-language.mkv"
SIZE, ROUNDS, CLIENTS, SECONDS = (640, 480), 5, 8, 10.0
#: Seconds from one frame of a camera to the next.
PACE = 1 / 30


def main() -> None:
    parser = argparse.ArgumentParser(description="What the server adds, and how clients share it.")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    chosen = parser.parse_args()
    frames = pictures()
    encoded = [bytes(cv2.imencode(".jpg", cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))[1]) for frame in frames]
    with subprocess.Popen(
        [sys.executable, "-m", "vyraz", "serve", "--port", "0"],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    ) as server:
        try:
            assert server.stderr is not None
            address = server.stderr.readline().split()[1].replace("http", "ws") + "api/stream"
            figures = measure(address, frames, encoded)
        finally:
            server.terminate()
    print(json.dumps(figures, indent=1))
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n")


def pictures() -> list[Pixels]:
    """The real clip's frames, else the demo's face."""
    if CLIP.exists():
        return [frame.pixels for frame in read(expand([str(CLIP)])[0])]
    face = read_picture(demo.sample_pictures()[0])
    return [np.asarray(cv2.resize(face, SIZE), dtype=np.uint8)] * 60


def measure(address: str, frames: list[Pixels], encoded: list[bytes]) -> dict[str, Any]:
    """All ratios."""
    cv2.setNumThreads(1)
    alone, decoding, answered = [], [], []
    for _ in range(ROUNDS):
        alone += recognizing(frames)
        decoding += [timed(lambda data=data: decode_frame(data, "x", most=10**7)) for data in encoded]
        answered += asyncio.run(talk(address, encoded))
    one, inside = (statistics.median(seconds) for seconds in zip(*answered, strict=True))
    rates = {count: asyncio.run(crowd(address, encoded, count)) for count in (1, CLIENTS)}
    return {
        "server_over_decoding_and_recognizer": round(
            inside / (statistics.median(alone) + statistics.median(decoding)), 3
        ),
        "server_over_recognizer": round(inside / statistics.median(alone), 3),
        "answer_over_recognizer": round(one / statistics.median(alone), 3),
        "answer_over_decoding_and_recognizer": round(one / (statistics.median(alone) + statistics.median(decoding)), 3),
        "clients": CLIENTS,
        "frames_per_second_over_one_client": round(rates[CLIENTS]["rate"] / rates[1]["rate"], 3),
        "slowest_client_over_fastest": round(rates[CLIENTS]["least"] / rates[CLIENTS]["most"], 3),
        "frames_behind_at_most": rates[CLIENTS]["behind"],
    }


def timed(work: Any) -> float:
    """Seconds, after a camera's pause."""
    time.sleep(PACE)
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def recognizing(frames: list[Pixels]) -> list[float]:
    """Seconds of each frame, by the recognizer alone."""
    live = vyraz.Recognizer().live()
    return [
        timed(lambda pixels=pixels, number=number: live(pixels, number / 30)) for number, pixels in enumerate(frames)
    ]


async def talk(address: str, encoded: list[bytes]) -> list[tuple[float, float]]:
    """Of each frame the seconds from sending it to its answer, and those that the server says it took."""
    seconds = []
    async with connect(address) as socket:
        await socket.send('{"type": "start"}')
        await socket.recv()
        for number, data in enumerate(encoded):
            await asyncio.sleep(PACE)
            began = time.perf_counter()
            await socket.send(struct.pack(">Id", number, number / 30) + data)
            answer = json.loads(await socket.recv())
            seconds.append((time.perf_counter() - began, sum(answer["ms"].values()) / 1000))
    return seconds


async def crowd(address: str, encoded: list[bytes], clients: int) -> dict[str, float]:
    """Frames a second of all clients together, of the least and the most served, and the oldest answer in frames."""
    end = time.perf_counter() + SECONDS
    behind = 0

    async def one() -> int:
        nonlocal behind
        count = 0
        async with connect(address) as socket:
            await socket.send('{"type": "start"}')
            await socket.recv()
            while time.perf_counter() < end:
                await socket.send(struct.pack(">Id", count, count / 30) + encoded[count % len(encoded)])
                answer = json.loads(await socket.recv())
                behind = max(behind, count - answer["number"])
                count += 1
        return count

    counts = await asyncio.gather(*[one() for _ in range(clients)])
    return {"rate": sum(counts) / SECONDS, "least": min(counts), "most": max(counts), "behind": behind}


if __name__ == "__main__":
    main()
