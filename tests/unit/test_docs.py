"""What the documents say is what the table of facts holds, and their links lead somewhere."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from vyraz import models

ROOT = Path(__file__).parent.parent.parent
DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
FACTS = models.facts("small")
SPLITS = ("PublicTest", "PrivateTest", "PrivateTest-dedup")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("name", ["README.md", "MODEL_CARD.md"])
def test_accuracy_and_cost_are_the_shipped_ones(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    row = " | ".join(f"{100 * FACTS['figures'][split]['accuracy']:.1f} %" for split in SPLITS)
    assert f"| accuracy | {row} |" in text
    assert f"{FACTS['parameters']:,} parameters" in text
    assert f"{FACTS['macs'] / 1e6:.1f} M multiply-adds" in text
    assert f"{FACTS['bytes'] / 1e6:.2f} MB" in text


def test_the_model_card_holds_the_rest() -> None:
    text = (ROOT / "MODEL_CARD.md").read_text(encoding="utf-8")
    for figure, name in (("macro_f1", "macro-F1"), ("ece", "ECE (15 bins)"), ("nll", "NLL"), ("brier", "Brier")):
        row = " | ".join(f"{FACTS['figures'][split][figure]:.3f}" for split in SPLITS)
        assert f"| {name} | {row} |" in text
    private = FACTS["figures"]["PrivateTest"]
    assert "| " + " | ".join(f"{recall:.3f}" for recall in private["per_class"].values()) + " |" in text
    for label, counts in zip(FACTS["labels"], private["confusion"], strict=True):
        assert f"| {label} | " + " | ".join(map(str, counts)) + " |" in text
    assert f"one temperature ({FACTS['temperature']:g}," in text
    assert f"is below {FACTS['uncertain_below']:g}" in text.replace("\n", " ")


def test_the_model_card_holds_the_other_models() -> None:
    text = (ROOT / "MODEL_CARD.md").read_text(encoding="utf-8")
    for name in models.names()[1:]:
        row = models.facts(name)
        shares = [f"{100 * row['figures'][split]['accuracy']:.1f} %" for split in SPLITS]
        cost = [f"{row['parameters']:,}", f"{row['macs'] / 1e6:.1f} M", f"{row['bytes'] / 1e6:.2f} MB"]
        calibration = [f"{row['figures']['PrivateTest']['ece']:.3f}", f"{row['uncertain_below']:g}"]
        assert f"| `{name}` | {' | '.join([*cost, *shares, *calibration])} |" in text


def test_what_each_part_gives_is_what_the_histories_say() -> None:
    text = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    histories = list((ROOT / "docs" / "runs" / "ablation").glob("*/history.jsonl"))
    assert len(histories) == text.count("](runs/ablation/") == 5
    for history in histories:
        last = json.loads(history.read_text(encoding="utf-8").splitlines()[-1])
        row = next(line for line in text.splitlines() if f"[{history.parent.name}](runs/ablation/" in line)
        assert last["epoch"] == 30
        assert f"| {100 * last['PublicTest']['accuracy']:.1f} % |" in row


def test_the_model_of_the_votes_is_told_by_its_own_truth() -> None:
    row = models.facts("small-ferplus")
    figures = [row["figures"][split] for split in SPLITS]
    assert all(part["truth"] == "ferplus" for part in figures)
    card = (ROOT / "MODEL_CARD.md").read_text(encoding="utf-8").partition("## `small-ferplus`")[2]
    forms = (("pictures", "count", "{:,}"), ("accuracy", "accuracy", "{:.1%}"), ("ECE (15 bins)", "ece", "{:.3f}"))
    for caption, name, form in forms:
        shown = " | ".join(form.format(part[name]).replace("%", " %") for part in figures)
        assert f"| {caption} | {shown} |" in card
    assert f"| {' | '.join(f'{recall:.3f}' for recall in figures[1]['per_class'].values())} |" in card
    readme = (ROOT / "README.md").read_text(encoding="utf-8").replace("\n", " ")
    assert f"the same in {100 * figures[1]['accuracy']:.1f} % of PrivateTest" in readme


def test_the_reproduction_holds_the_table_that_compare_draws() -> None:
    text = (ROOT / "docs" / "reproduction.md").read_text(encoding="utf-8")
    assert (ROOT / "docs" / "runs" / "table.md").read_text(encoding="utf-8").strip() in text


def test_the_speed_of_videos_is_the_measured_one() -> None:
    figures = json.loads((ROOT / "docs" / "bench.json").read_text(encoding="utf-8"))
    text = (ROOT / "docs" / "video.md").read_text(encoding="utf-8")
    for clip, row in figures["clips"].items():
        ratios = [
            f"{row[name]:.1f}"
            for name in ("yunet_over_haar", "pipeline_over_decoding", "pipeline_over_decoding_to_rgb")
        ]
        assert f"| {clip.rsplit('.', 1)[0]} | {' | '.join(ratios)} | {100 * row['faces_found']:.1f} % |" in text
    assert f"{figures['memory']['ratio']:.2f} times" in text


def test_the_readme_tells_the_measured_cost() -> None:
    cost = json.loads((ROOT / "docs" / "archives.json").read_text(encoding="utf-8"))["cost"]["talk"]["cpu_s_an_hour"]
    text = (ROOT / "README.md").read_text(encoding="utf-8").replace("\n", " ")
    assert f"about {cost / 60:.0f} minutes of one core" in text


def test_how_far_scores_can_be_trusted_is_as_measured() -> None:
    text = (ROOT / "docs" / "trust.md").read_text(encoding="utf-8")
    before = measured("robustness-before")
    for row, values in measured("robustness").items():
        shares = [*values.values(), before[row]["small"]]
        assert f"| {row} | {' | '.join(f'{100 * share:.1f} %' for share in shares)} |" in text
    figures = measured("calibration")
    assert list(figures) == list(models.names())
    held_out = {name: models.facts(name)["figures"]["PrivateTest"] for name in models.names()}
    for rows, coverage in ((figures, "coverage: not `uncertain`"), (held_out, "coverage")):
        for caption, name in (
            ("ECE, 15 bins", "ece"), ("NLL, nats", "nll"), ("Brier score", "brier"),
            ("KL divergence from the FER+ votes, nats", "votes_kl"),
        ):  # fmt: skip
            assert f"| {caption} | {' | '.join(f'{row[name]:.3f}' for row in rows.values())} |" in text
        for caption, name in ((coverage, "coverage"), ("accuracy of those", "certain_accuracy")):
            assert f"| {caption} | {' | '.join(f'{100 * row[name]:.1f} %' for row in rows.values())} |" in text
    thresholds = " | ".join(f"{row['uncertain_below']:.4f}" for row in figures.values())
    assert f"| `uncertain` below a confidence of | {thresholds} |" in text


def test_what_vector_scaling_gives_is_as_measured() -> None:
    text = (ROOT / "docs" / "trust.md").read_text(encoding="utf-8").replace("\n", " ")
    for name, row in measured("scaling").items():
        before, after = row["temperature"], row["vector scaling"]
        assert f"of `{name}` from {before['nll']:.3f} to {after['nll']:.3f}" in text
        assert abs(after["accuracy"] - before["accuracy"]) < 0.002
    before, after = measured("scaling")["small"]["temperature"], measured("scaling")["small"]["vector scaling"]
    assert f"ECE of `small` falls from {before['ece']:.3f} to {after['ece']:.3f}" in text


def test_the_measured_models_are_the_shipped_ones() -> None:
    for name, row in measured("calibration").items():
        assert row["accuracy"] == pytest.approx(models.facts(name)["figures"]["PublicTest"]["accuracy"], abs=1e-3)
        assert row["uncertain_below"] == models.facts(name)["uncertain_below"]
    for name, share in measured("robustness")["as they are"].items():
        assert share == pytest.approx(models.facts(name)["figures"]["PublicTest"]["accuracy"], abs=1e-3)


def test_what_mirroring_is_worth_is_as_measured() -> None:
    mirrored = json.loads((ROOT / "docs" / "mirrored.json").read_text(encoding="utf-8"))
    gain = 100 * (mirrored["accuracy"] - FACTS["figures"]["PublicTest"]["accuracy"])
    assert mirrored["mirrored"]
    assert f"is worth {gain:.1f} points on PublicTest" in (ROOT / "docs" / "training.md").read_text().replace("\n", " ")


def measured(name: str) -> dict[str, dict[str, Any]]:
    """What a benchmark found on PublicTest."""
    found: dict[str, dict[str, Any]] = json.loads((ROOT / "docs" / f"{name}.json").read_text())["PublicTest"]
    return found
