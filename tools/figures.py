"""Put the measured figures into the documents: each table below a line `<!-- figures: NAME -->` is written anew.

    python tools/figures.py

They come from src/vyraz/models/facts.json and from what the benchmarks left in docs/. Figures in sentences are not
written, but tests/unit/test_docs.py holds them against the same files.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from vyraz import models

ROOT = Path(__file__).parent.parent
SPLITS = ("PublicTest", "PrivateTest", "PrivateTest-dedup")
_TABLE = re.compile(r"(?<=<!-- figures: )([\w -]+)( -->\n)(?:\|[^\n]*\n)+")
_CALIBRATION = {
    "ECE, 15 bins": ("ece", "{:.3f}"),
    "NLL, nats": ("nll", "{:.3f}"),
    "Brier score": ("brier", "{:.3f}"),
    "KL divergence from the FER+ votes, nats": ("votes_kl", "{:.3f}"),
}
_COVERAGE = {"coverage": ("coverage", "{:.1%}"), "accuracy of those": ("certain_accuracy", "{:.1%}")}
_REPORT = {
    "pictures": ("count", "{:,}"),
    "accuracy": ("accuracy", "{:.1%}"),
    "macro-F1": ("macro_f1", "{:.3f}"),
    "ECE (15 bins)": ("ece", "{:.3f}"),
    "NLL": ("nll", "{:.3f}"),
    "Brier": ("brier", "{:.3f}"),
}

Rows = Iterable[Iterable[str]]


def main() -> None:
    for path in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")):
        text = path.read_text(encoding="utf-8")
        if (new := filled(text)) != text:
            path.write_text(new, encoding="utf-8")
            print(path.relative_to(ROOT))


def filled(text: str) -> str:
    """A document with its marked tables written anew; KeyError for a mark that is not in TABLES."""
    return _TABLE.sub(lambda found: found[1] + found[2] + TABLES[found[1]](), text)


def measured(name: str) -> dict[str, dict[str, Any]]:
    """What a benchmark found on PublicTest."""
    found: dict[str, dict[str, Any]] = read(name)["PublicTest"]
    return found


def read(name: str) -> dict[str, Any]:
    """What a benchmark left in docs/."""
    found: dict[str, Any] = json.loads((ROOT / "docs" / f"{name}.json").read_text())
    return found


def _table(header: Iterable[str], rows: Rows, align: str) -> str:
    """`align` is --- or ---: for all columns but the first."""
    head = list(header)
    lines = (head, ["---", *[align] * (len(head) - 1)], *rows)
    return "".join("|" + "".join(f" {cell} |" if cell else " |" for cell in line) + "\n" for line in lines)


def _rows(forms: Mapping[str, tuple[str, str]], columns: Iterable[Mapping[str, Any]]) -> list[list[str]]:
    """A row for each form: its caption and what the columns hold; `87.5 %` for a share."""
    held = list(columns)
    return [
        [caption, *(form.format(each[name]).replace("%", " %") for each in held)]
        for caption, (name, form) in forms.items()
    ]


def _of(name: str) -> list[dict[str, Any]]:
    """A network's figures by split."""
    return [models.facts(name)["figures"][split] for split in SPLITS]


def _readme() -> str:
    rows = [
        *_rows({"accuracy": _REPORT["accuracy"]}, _of("small")),
        *_rows({"of `tiny`": _REPORT["accuracy"]}, _of("tiny")),
    ]
    header = ("`small` on FER-2013", "PublicTest", "PrivateTest", "PrivateTest without copies of Training")
    return _table(header, rows, "---")


def _small() -> str:
    return _table(("", *SPLITS), _rows(_REPORT, _of("small")), "---")


def _ferplus() -> str:
    forms = {caption: form for caption, form in _REPORT.items() if caption not in ("NLL", "Brier")}
    return _table(("`small-ferplus`", *SPLITS), _rows(forms, _of("small-ferplus")), "---")


def _recall(name: str) -> str:
    recall = _of(name)[1]["per_class"]
    return _table(recall, [[f"{share:.3f}" for share in recall.values()]], "---")


def _confusion() -> str:
    labels, counts = models.facts("small")["labels"], _of("small")[1]["confusion"]
    rows = ([label, *map(str, row)] for label, row in zip(labels, counts, strict=True))
    return _table(("", *labels), rows, "---:")


def _others() -> str:
    header = ("model", "parameters", "multiply-adds", "size", *SPLITS, "ECE, PrivateTest", "uncertain below")
    return _table(header, (_other(name) for name in models.names()[1:]), "---:")


def _other(name: str) -> list[str]:
    facts = models.facts(name)
    cost = [f"{facts['parameters']:,}", f"{facts['macs'] / 1e6:.1f} M", f"{facts['bytes'] / 1e6:.2f} MB"]
    shares = [f"{100 * each['accuracy']:.1f} %" for each in _of(name)]
    return [f"`{name}`", *cost, *shares, f"{_of(name)[1]['ece']:.3f}", f"{facts['uncertain_below']:g}"]


def _names() -> list[str]:
    return [f"`{name}`" for name in models.names()]


def _calibration() -> str:
    fitted = [measured("calibration")[name] for name in models.names()]
    held_out = [_of(name)[1] for name in models.names()]
    below = {"`uncertain` below a confidence of": ("uncertain_below", "{:.4f}")}
    coverage = dict(zip(("coverage: not `uncertain`", "accuracy of those"), _COVERAGE.values(), strict=True))
    rows = [
        *_rows(_CALIBRATION | below | coverage, fitted),
        ["**PrivateTest**, held out", *[""] * len(fitted)],
        *_rows(_CALIBRATION | _COVERAGE, held_out),
    ]
    return _table(("PublicTest, on which they were fitted", *_names()), rows, "---:")


def _robustness() -> str:
    before = measured("robustness-before")
    rows = (
        [row, *(f"{100 * share:.1f} %" for share in (*(shares[name] for name in models.names()), before[row]["small"]))]
        for row, shares in measured("robustness").items()
    )
    return _table(("PublicTest", *_names(), "`small` before"), rows, "---:")


def _doubt() -> str:
    found = read("robustness")
    columns = [(table, name) for name in ("small", "tiny") for table in ("coverage", "accuracy of those")]
    rows = ([row, *(f"{100 * found[table][row][name]:.1f} %" for table, name in columns)] for row in found["coverage"])
    return _table(("PublicTest", *(f"`{name}`: {table}" for table, name in columns)), rows, "---:")


def _speed() -> str:
    clips = read("bench")["clips"]
    forms = ("yunet_over_haar", "pipeline_over_decoding", "pipeline_over_decoding_to_rgb")
    rows = (
        [clip.rsplit(".", 1)[0], *(f"{row[form]:.1f}" for form in forms), f"{100 * row['faces_found']:.1f} %"]
        for clip, row in clips.items()
    )
    header = (
        "clip", "times the frames/s of Haar", "times the time of decoding alone", "of decoding to RGB",
        "faces found, of a search of every frame",
    )  # fmt: skip
    return _table(header, rows, "---:")


def _framing() -> str:
    header = ("", "faces found", "side", "right", "down", "as they are", "median", "10 % tighter", "20 % wider")
    return _table(header, (_framed(name, read("framing")[name.lower()]) for name in ("YuNet", "Haar")), "---")


def _framed(name: str, found: Mapping[str, Any]) -> list[str]:
    held, places = found["PublicTest"], (found[side]["median"] for side in ("side", "right", "down"))
    shares = (held["as_they_are"], *(held["by_side"][factor]["accuracy"] for factor in ("1", "0.9", "1.2")))
    return [
        name,
        f"{held['found']:,} of {held['of']:,}",
        *(f"{place:.3f}" for place in places),
        *(f"{100 * share:.1f} %" for share in shares),
    ]


def _turned() -> str:
    header = ("YuNet, heads turned by", "faces found", "never turned back", "from 10 degrees on", "always")
    turns = read("framing")["yunet"]["PublicTest"]["by_turn_and_tilt"]
    rows = (
        [f"{turn} degrees", f"{row['found']:,}", *(f"{100 * row[tilt]:.1f} %" for tilt in ("180", "10", "0"))]
        for turn, row in turns.items()
    )
    return _table(header, rows, "---")


def _compared() -> str:
    return (ROOT / "docs" / "runs" / "table.md").read_text(encoding="utf-8")


TABLES: dict[str, Callable[[], str]] = {
    "readme": _readme,
    "small": _small,
    "small recall": lambda: _recall("small"),
    "small confusion": _confusion,
    "small-ferplus": _ferplus,
    "small-ferplus recall": lambda: _recall("small-ferplus"),
    "other models": _others,
    "calibration": _calibration,
    "robustness": _robustness,
    "robustness doubt": _doubt,
    "framing": _framing,
    "framing turned": _turned,
    "speed": _speed,
    "compared": _compared,
}

if __name__ == "__main__":
    main()
