"""Every mistake gives one sentence on stderr and an exit code, never a traceback; what was written stays readable."""

import csv
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import Result

from tests.conftest import Cli, MakeClip, complaints
from vyraz.types import EMOTIONS, Pixels
from vyraz.video import read_video

COMMAND = Path(sys.executable).with_name("vyraz")

#: What `vyraz export` writes into an .onnx.
CARD = {
    "network": "test", "labels": list(EMOTIONS), "parameters": 1, "macs": 1, "temperature": 1.0, "uncertain_below": 0.0
}  # fmt: skip


def _says(result: Result, code: int, *words: str) -> None:
    """One sentence with all of `words`, and this exit code."""
    (line,) = complaints(result)
    assert line.startswith("vyraz: ")
    for word in words:
        assert word in line
    assert result.exit_code == code


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def _bomb(path: Path) -> Path:
    """A true PNG of 20,000 x 20,000 black pixels in some 400 kB."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer, row = zlib.compressobj(1), bytes(20_001)
    data = b"".join(packer.compress(row) for _ in range(20_000)) + packer.flush()
    head = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 0, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b""))
    return path


class TestSources:
    @pytest.mark.parametrize(
        ("name", "data", "words"),
        [
            ("x.jpg", b"", "is empty"),
            ("x.jpg", b"hello\n", "is not a picture"),
            ("x.png", b"\x89PNG\r\n\x1a\n", "x.png: is"),
            ("x.mp4", b"", "is not a video"),
            ("x.mp4", b"hello\n" * 99, "is not a video"),
            ("x.txt", b"hello\n", "is not a video"),
        ],
    )
    def test_that_are_not_what_they_say(self, cli: Cli, tmp_path: Path, name: str, data: bytes, words: str) -> None:
        (tmp_path / name).write_bytes(data)
        _says(cli("analyze", tmp_path / name), 1, name, words)

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("absent.jpg", "no such file"),
            ("absent/*.jpg", "matches no pictures or videos"),
            ("", "no such file"),
            ("97", "camera 97: not found"),
            ("²", "no such file"),
            ("99999999999", "no such file"),
            ("http://127.0.0.1:9/x.mp4", "cannot be opened"),
            ("nonsense://x", "cannot be opened"),
        ],
    )
    def test_that_are_not_there(
        self, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, words: str
    ) -> None:
        monkeypatch.chdir(tmp_path)
        _says(cli("analyze", name), 1, name, words)

    def test_a_folder_without_pictures(self, cli: Cli, tmp_path: Path) -> None:
        (tmp_path / "notes.txt").write_text("x")
        _says(cli("analyze", tmp_path), 1, "holds no pictures or videos")

    def test_a_broken_link(self, cli: Cli, tmp_path: Path) -> None:
        (tmp_path / "x.jpg").symlink_to("nowhere.jpg")
        _says(cli("analyze", tmp_path / "x.jpg"), 1, "no such file")

    def test_a_truncated_photo(self, cli: Cli, tmp_path: Path, grace_hopper: Path) -> None:
        data = grace_hopper.read_bytes()
        (tmp_path / "x.jpg").write_bytes(data[: len(data) // 2])
        _says(cli("analyze", tmp_path / "x.jpg"), 1, "x.jpg: is damaged")

    def test_a_bomb_is_refused_before_it_goes_off(self, cli: Cli, tmp_path: Path) -> None:
        bomb = _bomb(tmp_path / "x.png")
        began = time.monotonic()
        _says(cli("analyze", bomb), 1, "larger than 120 megapixels", "scale it down")
        assert time.monotonic() - began < 5

    @pytest.mark.parametrize(("data", "words"), [(b"", "stdin: is empty"), (b"hello" * 9, "stdin: is not a picture")])
    def test_stdin(self, cli: Cli, data: bytes, words: str) -> None:
        _says(cli("analyze", "-", stdin=data), 1, words)

    def test_one_bad_source_does_not_stop_the_rest(
        self, cli: Cli, tmp_path: Path, make_clip: MakeClip, grace_hopper: Path
    ) -> None:
        (tmp_path / "text.jpg").write_text("hello")
        good, text, absent, clip = grace_hopper, tmp_path / "text.jpg", tmp_path / "absent.mp4", make_clip()
        result = cli("analyze", good, text, absent, clip, good, "-o", tmp_path / "x.csv", "-o", "-", "-q")
        assert result.exit_code == 1
        assert len(complaints(result)) == 2
        rows = _rows(tmp_path / "x.csv")
        assert [row["source"] for row in rows] == [str(s) for s in (good, text, absent, *[clip] * 10, good)]
        assert [row["status"] == "error" for row in rows] == [False, True, True, *[False] * 11]
        assert [json.loads(line)["source"] for line in result.stdout.splitlines()] == [row["source"] for row in rows]
        assert rows[0]["face_id"] == rows[-1]["face_id"] == "1"


class TestPicturesOfOddSizes:
    @pytest.mark.parametrize("detector", ["yunet", "haar"])
    @pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (3, 5000), (5000, 3), (20, 20), (20, 640), (640, 20)])
    def test_hold_no_face(self, cli: Cli, tmp_path: Path, detector: str, size: tuple[int, int]) -> None:
        Image.new("RGB", size).save(tmp_path / "x.png")
        result = cli("analyze", tmp_path / "x.png", "--detector", detector, "-o", "-", "-q")
        assert [json.loads(line)["status"] for line in result.stdout.splitlines()] == ["no_face"]
        assert (result.exit_code, complaints(result)) == (0, [])


class TestOutputs:
    @pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet", ".png"])
    def test_in_a_missing_folder(self, cli: Cli, tmp_path: Path, grace_hopper: Path, suffix: str) -> None:
        _says(cli("analyze", grace_hopper, "-o", tmp_path / "no" / f"x{suffix}"), 1, "cannot be written", "no folder")

    @pytest.mark.parametrize("suffix", [".csv", ".jsonl", ".parquet", ".png"])
    def test_that_are_folders(self, cli: Cli, tmp_path: Path, grace_hopper: Path, suffix: str) -> None:
        (tmp_path / f"x{suffix}").mkdir()
        _says(cli("analyze", grace_hopper, "-o", tmp_path / f"x{suffix}"), 1, "Is a directory")

    @pytest.mark.parametrize("name", ["x", "x.xyz", "folder"])
    def test_of_no_known_form(self, cli: Cli, tmp_path: Path, grace_hopper: Path, name: str) -> None:
        (tmp_path / "folder").mkdir()
        _says(cli("analyze", grace_hopper, "-o", tmp_path / name), 2, ".csv, .jsonl, .parquet, .mp4")

    def test_of_a_photo_as_video(self, cli: Cli, tmp_path: Path, grace_hopper: Path) -> None:
        _says(cli("analyze", grace_hopper, "-o", tmp_path / "x.mp4"), 2, "needs a video")

    def test_on_a_source(self, cli: Cli, tmp_path: Path, grace_hopper: Path) -> None:
        photo = tmp_path / "x.jpg"
        shutil.copy(grace_hopper, photo)
        _says(cli("analyze", photo, "-o", tmp_path / "." / "x.jpg"), 2, "is one of the sources")
        assert photo.read_bytes() == grace_hopper.read_bytes()

    @pytest.mark.parametrize("suffix", [".csv", ".parquet", ".mp4"])
    def test_on_a_full_disk(self, cli: Cli, tmp_path: Path, make_clip: MakeClip, suffix: str) -> None:
        # The rows of a Parquet file are kept beside it first.
        part = ".parquet.part.csv" if suffix == ".parquet" else suffix
        (tmp_path / f"x{part}").symlink_to("/dev/full")
        _says(cli("analyze", make_clip(), "-o", tmp_path / f"x{suffix}"), 1, "No space left on device")

    def test_one_that_fails_leaves_the_others_readable(self, cli: Cli, tmp_path: Path, make_clip: MakeClip) -> None:
        (tmp_path / "full.csv").symlink_to("/dev/full")
        result = cli("analyze", make_clip(), "-o", tmp_path / "x.csv", "-o", tmp_path / "full.csv")
        _says(result, 1, "full.csv: cannot be written")
        assert _rows(tmp_path / "x.csv") == []


class TestOptions:
    @pytest.mark.parametrize(
        ("options", "code", "words"),
        [
            (["--model", "nope"], 2, "no model is called 'nope'; there are: small"),
            (["--model", "nope.onnx"], 1, "nope.onnx: the model cannot be read"),
            (["--model", ""], 2, "no model is called ''"),
            (["--detector", "nope"], 2, "no detector is called 'nope'; there are: yunet, haar"),
            (["--device", "tpu"], 2, "no device is called 'tpu'; there are: auto, cpu, cuda"),
            (["--min-face-score", "2"], 2, "must lie in (0, 1], not 2.0"),
            (["--min-face-score", "nan"], 2, "must lie in (0, 1]"),
            (["--min-face-score", "0.5", "--detector", "haar"], 2, "haar gives faces no score"),
        ],
    )
    def test_that_are_wrong(self, cli: Cli, grace_hopper: Path, options: list[str], code: int, words: str) -> None:
        _says(cli("analyze", grace_hopper, *options), code, words)

    def test_cuda_needs_another_onnxruntime(self, cli: Cli, grace_hopper: Path) -> None:
        import onnxruntime as ort

        if "CUDAExecutionProvider" in ort.get_available_providers():
            pytest.skip("CUDA is here")
        _says(cli("analyze", grace_hopper, "--device", "cuda"), 2, "pip install onnxruntime-gpu")

    @pytest.mark.parametrize("options", [["--every", "0"], ["--every", "x"], ["--frobnicate"]])
    def test_that_cannot_be_parsed(self, cli: Cli, grace_hopper: Path, options: list[str]) -> None:
        result = cli("analyze", grace_hopper, *options)
        assert result.exit_code == 2
        assert options[0] in result.stderr

    def test_nothing_to_analyse(self, cli: Cli) -> None:
        assert cli("analyze").exit_code == 2


class TestModels:
    @staticmethod
    def _network(path: Path, *, side: Any = 48, scores: int = 7, batch: Any = "n", card: str | None = None) -> Path:
        """A network that takes (batch, side, side, 1) and gives `scores` that do not depend on it."""
        onnx = pytest.importorskip("onnx")
        helper, kind = onnx.helper, onnx.TensorProto.FLOAT
        nodes = [
            helper.make_node("Flatten", ["faces"], ["flat"]),
            helper.make_node("MatMul", ["flat", "weights"], ["sums"]),
            helper.make_node("Softmax", ["sums"], ["scores"]),
        ]
        inputs = [helper.make_tensor_value_info("faces", kind, [batch, side, side, 1])]
        outputs = [helper.make_tensor_value_info("scores", kind, [batch, scores])]
        weights = onnx.numpy_helper.from_array(np.zeros((side * side, scores), np.float32), "weights")
        graph = helper.make_graph(nodes, "test", inputs, outputs, [weights])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        if card is not None:
            helper.set_model_props(model, {"vyraz": card})
        path.write_bytes(model.SerializeToString())
        return path

    def test_one_that_is_right_is_taken(self, cli: Cli, tmp_path: Path, grace_hopper: Path) -> None:
        model = self._network(tmp_path / "x.onnx", card=json.dumps(CARD))
        result = cli("analyze", grace_hopper, "--model", model, "-o", "-", "-q")
        assert json.loads(result.stdout)["happy"] == pytest.approx(1 / 7, abs=1e-5)

    @pytest.mark.parametrize("data", [b"", b"garbage" * 99])
    def test_garbage(self, cli: Cli, tmp_path: Path, grace_hopper: Path, data: bytes) -> None:
        (tmp_path / "x.onnx").write_bytes(data)
        _says(cli("analyze", grace_hopper, "--model", tmp_path / "x.onnx"), 1, "x.onnx: is not a network")

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ({"side": 64}, "takes tensor(float) ['n', 64, 64, 1], not"),
            ({"batch": 1}, "takes tensor(float) [1, 48, 48, 1], not"),
            ({"scores": 8}, "gives tensor(float) ['n', 8], not float (n, 7)"),
            ({"card": None}, "does not say what its scores mean"),
            ({"card": "{"}, "its description is malformed"),
            ({"card": "[]"}, "its description is malformed"),
            ({"card": json.dumps({**CARD, "labels": ["happy"] * 7})}, "its description is malformed"),
            ({"card": json.dumps({**CARD, "temperature": 0})}, "its description is malformed"),
            ({"card": json.dumps({**CARD, "smoothing": 1})}, "its description is malformed"),
            ({"card": json.dumps({"labels": list(EMOTIONS)})}, "its description is malformed"),
        ],
    )
    def test_that_are_not_ours(
        self, cli: Cli, tmp_path: Path, grace_hopper: Path, options: dict[str, Any], words: str
    ) -> None:
        model = self._network(tmp_path / "x.onnx", **{"card": json.dumps(CARD), **options})
        _says(cli("analyze", grace_hopper, "--model", model), 1, "x.onnx: ", words, "vyraz export")


class TestInstalledCommand:
    """What needs a process: true pipes and signals."""

    def test_a_photo_on_stdin(self, grace_hopper: Path) -> None:
        photo = grace_hopper.read_bytes()
        done = subprocess.run([COMMAND, "analyze", "-", "-o", "-", "-q"], input=photo, capture_output=True, check=True)
        assert json.loads(done.stdout)["status"] in ("ok", "uncertain")
        assert done.stderr == b""

    def test_nothing_on_stdin(self) -> None:
        done = subprocess.run([COMMAND, "analyze", "-", "-q"], input=b"", capture_output=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"vyraz: stdin: is empty\n")

    def test_a_reader_that_goes_away(self, make_clip: MakeClip) -> None:
        clip = make_clip(times=[i / 25 for i in range(1500)])
        with subprocess.Popen(
            [COMMAND, "analyze", clip, "-o", "-", "-q"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            assert json.loads(process.stdout.readline())["frame"] == 0
            process.stdout.close()
            assert process.stderr.read() == b""
        assert process.returncode in (0, 1)

    def test_ctrl_c_keeps_what_was_done(self, make_clip: MakeClip, tmp_path: Path, face: Pixels) -> None:
        clip = make_clip(times=[i / 25 for i in range(500)], pictures=[face[:, :204]] * 500, gop=250)
        table, video = tmp_path / "x.csv", tmp_path / "x.mp4"
        with subprocess.Popen(
            # The slower detector, to be still at it.
            [COMMAND, "analyze", clip, "--detector", "haar", "-o", table, "-o", video, "-q"],
            stderr=subprocess.PIPE,
        ) as process:
            _wait(lambda: table.exists() and table.read_text().count("\n") > 20)
            os.kill(process.pid, signal.SIGINT)
            _, complaint = process.communicate(timeout=30)
        assert process.returncode == 130
        assert complaint.startswith(b"vyraz: stopped")
        assert complaint.count(b"\n") == 1
        rows, frames = _rows(table), list(read_video(str(video)))
        assert 20 <= len(rows) < 500
        assert all(row["status"] and row["timestamp"] for row in rows)
        assert all(frame.error is None for frame in frames)
        assert abs(len(frames) - len(rows)) <= 1


def _wait(happened: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
