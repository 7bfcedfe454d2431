"""Malformed messages and uploads against a running server: it must answer on, leave no file and not grow.

python benchmarks/hostile.py [--messages 10000] [--json FILE]
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import websockets
from websockets.asyncio.client import ClientConnection, connect

START = '{"type": "start"}'
#: Attacks that go on at the same time, and how many before memory is first looked at.
AT_ONCE, WARM = 8, 0.3


def main() -> None:
    parser = argparse.ArgumentParser(description="Malformed messages and uploads against a running server.")
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    chosen = parser.parse_args()
    figures = attack(chosen.messages)
    print(json.dumps(figures, indent=1))
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=1) + "\n")


def attack(count: int, seed: int = 0) -> dict[str, Any]:
    """Send so many messages; what became of the server."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "vyraz", "serve", "--port", "0"]
        environment = {**os.environ, "TMPDIR": folder, "OMP_NUM_THREADS": "1"}
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as server:
            try:
                assert server.stderr is not None
                address = server.stderr.readline().split()[1]
                return asyncio.run(_attack(address, server.pid, count, random.Random(seed), Path(folder)))
            finally:
                server.terminate()


async def _attack(address: str, process: int, count: int, chance: random.Random, folder: Path) -> dict[str, Any]:
    kinds = [*_STREAM, *_UPLOADS]
    before, sent, failed = 0, 0, 0
    async with httpx.AsyncClient(base_url=address, timeout=60) as client:
        for start in range(0, count, AT_ONCE):
            some = [chance.choice(kinds)(client, address, random.Random(chance.random())) for _ in range(AT_ONCE)]
            answers = await asyncio.gather(*some)
            sent += len(answers)
            failed += sum(answer >= 500 and answer != 503 for answer in answers)
            if not before and start >= WARM * count:
                before = _memory(process)
        answering = (await client.get("/healthz")).status_code == 200
        await asyncio.sleep(1)
        after, left = _memory(process), [path.name for path in folder.iterdir()]
        jobs = (await client.get("/metrics")).text
    return {
        "messages": sent,
        "answers_of_5xx": failed,
        "answers_after": answering,
        "files_left": left,
        "jobs_left": float(jobs.split("\nvyraz_jobs ")[1].split()[0]),
        "memory_kb": [before, after],
        "memory_ratio": round(after / before, 3),
    }


def _memory(process: int) -> int:
    """Kilobytes that a process has in memory; Linux only."""
    status = Path(f"/proc/{process}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS:")).split()[1])


Attack = Callable[[httpx.AsyncClient, str, random.Random], Awaitable[int]]


def _stream(messages: Callable[[random.Random], list[str | bytes]]) -> Attack:
    async def attacking(_: httpx.AsyncClient, address: str, chance: random.Random) -> int:
        with contextlib.suppress(websockets.WebSocketException, OSError, TimeoutError):
            async with connect(address.replace("http", "ws") + "api/stream", close_timeout=1) as socket:
                for message in messages(chance):
                    await socket.send(message)
                await _listen(socket, chance)
        return 0

    return attacking


async def _listen(socket: ClientConnection, chance: random.Random) -> None:
    """For a moment; half of the time it then leaves without a word."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.05 * chance.random()):
            while True:
                await socket.recv()
    if chance.random() < 0.5:
        socket.transport.abort()


def _noise(chance: random.Random, most: int = 2000) -> bytes:
    return chance.randbytes(chance.randrange(most))


def _jpeg(chance: random.Random) -> bytes:
    pixels = np.random.default_rng(chance.randrange(1 << 30)).integers(0, 256, (120, 160, 3), np.uint8)
    return bytes(cv2.imencode(".jpg", pixels)[1].tobytes())


def _broken(chance: random.Random) -> bytes:
    """A JPEG cut off, or with bytes changed."""
    data = bytearray(_jpeg(chance))
    for _ in range(chance.randrange(1, 20)):
        data[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(data[: chance.randrange(1, len(data))])


def _bomb() -> bytes:
    """A PNG that says it is 60,000 x 60,000."""
    head = b"IHDR" + struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head)) + b"\0" * 64


def _frame(data: bytes, number: int = 0, seconds: float = 0.0) -> bytes:
    return struct.pack(">Id", number, seconds) + data


_STREAM: list[Attack] = [
    _stream(lambda chance: [_noise(chance)]),
    _stream(lambda chance: [_noise(chance).decode("latin-1")]),
    _stream(lambda chance: [json.dumps({"type": "start", "model": _noise(chance, 50).decode("latin-1")})]),
    _stream(lambda chance: [json.dumps({"type": "start", "smooth": chance.choice([-1, 1e308, None, "x", []])})]),
    _stream(lambda _: ["[" * 50_000]),
    _stream(lambda chance: [START, _noise(chance)]),
    _stream(lambda chance: [START, *[_frame(_broken(chance), i, i) for i in range(5)]]),
    _stream(lambda _: [START, _frame(_bomb())]),
    _stream(lambda chance: [START, _frame(b"\0" * chance.choice([10, 1_000_000, 5_000_000]))]),
    _stream(lambda chance: [START, *[_frame(_jpeg(chance), i, chance.choice([i, -1e300, 1e300])) for i in range(20)]]),
    _stream(lambda _: [START] * 10),
    _stream(lambda _: []),
]


def _upload(path: str, data: Callable[[random.Random], bytes], **fields: str) -> Attack:
    async def attacking(client: httpx.AsyncClient, _: str, chance: random.Random) -> int:
        try:
            answer = await client.post(path, files={"file": ("x", data(chance))}, data=fields)
        except httpx.HTTPError:
            return 0
        if answer.status_code == 202:
            await client.delete(f"/api/jobs/{answer.json()['id']}")
        return answer.status_code

    return attacking


def _raw(request: Callable[[random.Random], bytes]) -> Attack:
    """Bytes on the wire, then nothing more."""

    async def attacking(_: httpx.AsyncClient, address: str, chance: random.Random) -> int:
        host, port = address.split("/")[2].split(":")
        with contextlib.suppress(OSError, TimeoutError):
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(request(chance))
            async with asyncio.timeout(0.05):
                await reader.read(100)
            writer.transport.abort()
        return 0

    return attacking


def _head(path: str, length: int) -> bytes:
    kind = "multipart/form-data; boundary=x"
    return (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n".encode()
    )


_PART = b'--x\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n\r\n'
_UPLOADS: list[Attack] = [
    _upload("/api/analyze", _noise),
    _upload("/api/analyze", _broken),
    _upload("/api/analyze", lambda _: _bomb()),
    _upload("/api/analyze", lambda _: b"\0" * 25_000_000),
    _upload("/api/analyze", _jpeg, model="../../etc/passwd"),
    _upload("/api/analyze", _jpeg, min_face_score="nan"),
    _upload("/api/jobs", _noise),
    _upload("/api/jobs", _broken, every="0"),
    _upload("/api/jobs", lambda chance: b"\0\0\0\x18ftypmp42" + _noise(chance)),
    _raw(lambda chance: _noise(chance)),
    _raw(lambda _: b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: "),
    _raw(lambda _: b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 100_000),
    _raw(lambda chance: _head("/api/analyze", 1_000_000) + _PART + _noise(chance)),
    _raw(lambda chance: _head("/api/jobs", 1_000_000_000) + _PART + _noise(chance)),
    _raw(lambda _: _head("/api/jobs", 10**15)),
]


if __name__ == "__main__":
    began = time.monotonic()
    main()
    print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
