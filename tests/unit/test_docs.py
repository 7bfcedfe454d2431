"""What the documents say is what the table of facts holds, and their links lead somewhere."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from vyraz import models

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "tools"))
import figures  # noqa: E402

DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
FACTS = models.facts("small")
SPLITS = ("PublicTest", "PrivateTest", "PrivateTest-dedup")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_tables_are_what_was_measured(path: Path) -> None:
    """Where one is not: `python tools/figures.py`."""
    text = path.read_text(encoding="utf-8")
    assert figures.filled(text) == text


def test_each_table_of_figures_is_in_a_document() -> None:
    texts = [path.read_text(encoding="utf-8") for path in DOCUMENTS]
    # With the table right below: else it would be left as it is, and held against nothing.
    marks = [mark for text in texts for mark in re.findall(r"<!-- figures: (.+) -->\n\|", text)]
    assert sorted(marks) == sorted(figures.TABLES)
    assert sum(text.count("<!-- figures:") for text in texts) == len(marks)
    wrong = "<!-- figures: small -->\n| a |\n| --- |\n| 0.1 |\n\nbelow\n"
    assert figures.filled(wrong) != wrong
    assert figures.filled(wrong).endswith(f"| {FACTS['figures']['PrivateTest-dedup']['brier']:.3f} |\n\nbelow\n")


@pytest.mark.parametrize("name", ["README.md", "MODEL_CARD.md"])
def test_the_cost_is_the_shipped_one(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert f"{FACTS['parameters']:,} parameters" in text
    assert f"{FACTS['macs'] / 1e6:.1f} M multiply-adds" in text
    assert f"{FACTS['bytes'] / 1e6:.2f} MB" in text


def test_the_model_card_says_how_probabilities_were_fitted() -> None:
    text = (ROOT / "MODEL_CARD.md").read_text(encoding="utf-8").replace("\n", " ")
    undone = f"label smoothing is undone ({100 * FACTS['smoothing']:.0f} %)"
    assert f"{undone} and one temperature ({FACTS['temperature']:g})" in text
    assert f"is below {FACTS['uncertain_below']:g}" in text


def end_of(run: Path) -> Any:
    """The last line of its history."""
    return json.loads((run / "history.jsonl").read_text(encoding="utf-8").splitlines()[-1])


def ends_and_rows(folder: str) -> list[tuple[Any, str]]:
    """Each training of a folder of docs/runs: how it ended, and its row of lineage.md; every row has one."""
    text = (ROOT / "docs" / "lineage.md").read_text(encoding="utf-8")
    runs = [history.parent for history in (ROOT / "docs" / "runs" / folder).glob("*/history.jsonl")]
    assert text.count(f"](runs/{folder}/") == len(runs)
    rows = [next(row for row in text.splitlines() if f"[{run.name}](runs/{folder}/" in row) for run in runs]
    return list(zip(map(end_of, runs), rows, strict=True))


def test_what_each_part_gives_is_what_the_histories_say() -> None:
    found = ends_and_rows("ablation")
    assert len(found) == 8
    for end, row in found:
        assert end["epoch"] == 30
        assert f"| {100 * end['PublicTest']['accuracy']:.1f} % |" in row


@pytest.mark.parametrize(("folder", "runs", "epochs"), [("strength", 4, 6), ("layers", 6, 8), ("tiny-layers", 4, 8)])
def test_what_each_change_gives_is_what_the_histories_say(folder: str, runs: int, epochs: int) -> None:
    found = ends_and_rows(folder)
    assert len(found) == runs
    for end, row in found:
        assert end["epoch"] == epochs
        train, held = end["train"]["accuracy"], end["PublicTest"]
        assert row.endswith(f"| {100 * train:.1f} % | {100 * held['accuracy']:.1f} % | {held['loss']:.4f} |")


def test_what_further_trainings_give_is_what_the_histories_say() -> None:
    text = (ROOT / "docs" / "lineage.md").read_text(encoding="utf-8").replace("\n", " ")
    runs = ("small-first", "small-second", "small-third", "tiny-second", "tiny-third")
    ends = [end_of(ROOT / "docs" / "runs" / run) for run in runs]
    shares = [f"{100 * end['PublicTest']['accuracy']:.1f}" for end in ends]
    assert f"from {shares[0]} to {shares[1]} % of PublicTest ([{ends[1]['epoch']} epochs]" in text
    assert f"third to {shares[2]} % ([{ends[2]['epoch']} epochs]" in text
    assert f"ended at {shares[3]} % after" in text
    assert f"it has {shares[4]} % after {ends[4]['epoch']}" in text


RUNS = tuple(f"teachers/{name}" for name in ("wide", "deep", "large", "plain", "plain-2", "plain-3", "broad", "coarse"))
RUNS += tuple(f"teachers/{name}" for name in ("plain-4", "broad-2", "coarse-2"))
RUNS += tuple(f"small-{number}" for number in (6, 8, 9, 10, 11, 13, 14, 15, 16, 17, 18, 19, 20, 22, 23, 24))
RUNS += ("small", "joined", "joined-2", "joined-3", "tiny", "tiny-4", "tiny-5", "tiny-6", "tiny-7", "tiny-8", "tiny-9")
RUNS += ("ferplus-first", "ferplus-10", "ferplus-11", "ferplus-12", "ferplus-13", "ferplus-14", "ferplus-15")


@pytest.mark.parametrize("run", RUNS)
def test_what_a_training_ended_at_is_what_its_history_says(run: str) -> None:
    text = (ROOT / "docs" / "lineage.md").read_text(encoding="utf-8").replace("\n", " ")
    end = end_of(ROOT / "docs" / "runs" / run)
    name = re.sub("^(small|tiny|ferplus)-", "", run.rpartition("/")[2])
    assert f"{100 * end['PublicTest']['accuracy']:.1f} % ([{name}](runs/{run}/history.jsonl))" in text
    if run in ("small-6", "small-8"):
        assert f"and {end['epoch']} epochs" in text


def losses_of(run: str) -> list[float]:
    lines = (ROOT / "docs" / "runs" / run / "history.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["PublicTest"]["loss"] for line in lines]


def test_what_is_known_by_heart_is_as_the_histories_say() -> None:
    text = (ROOT / "docs" / "lineage.md").read_text(encoding="utf-8").replace("\n", " ")
    losses = losses_of("ferplus-8")
    best = min(losses)
    told = f"is {best:.4f} after {losses.index(best) + 1} epochs and {losses[-1]:.4f} after {len(losses)}"
    assert told in text
    before = [losses_of(f"teachers/{name}") for name in ("broad", "coarse", "plain-3")]
    after = [losses_of(f"teachers/{name}") for name in ("broad-2", "coarse-2", "plain-4")]
    told = "is {:.3f}, {:.3f} and {:.3f} at best, {:.3f}, {:.3f} and {:.3f} at the end."
    assert told.format(*map(min, before), *(run[-1] for run in before)) in text
    assert "minimization it is {:.3f}, {:.3f} and {:.3f},".format(*(run[-1] for run in after)) in text


def test_what_more_channels_learn_is_as_the_histories_say() -> None:
    text = (ROOT / "docs" / "lineage.md").read_text(encoding="utf-8").replace("\n", " ")
    losses, end = losses_of("joined"), end_of(ROOT / "docs" / "runs" / "joined")
    assert f"{100 * end['train']['accuracy']:.1f} % of it as it is changed" in text
    assert f"its loss is {losses[0]:.4f} after the first epoch and {losses[-1]:.4f} after the last" in text
    for run in ("joined-2", "joined-3"):
        assert f"end at a loss of {losses_of(run)[-1]:.4f} on PublicTest" in text
    for name, who in {"joined-2": "it", "joined-3": "it", "mean": "mean of what the two say"}.items():
        views = figures.read("teachers-joined-private")["PrivateTest"][name].values()
        one, mirrored, ten = (f"{100 * found['accuracy']:.1f} %" for found in views)
        assert f"{who} has {one} of one view, {mirrored} with the mirror image and {ten} of ten views" in text


def test_where_the_losses_of_the_votes_are_least_is_as_told() -> None:
    """In the middle, and by sharpness-aware minimization at the end."""
    for run in ("ferplus-10", "ferplus-11"):
        losses = losses_of(run)
        assert len(losses) / 3 < losses.index(min(losses)) < 2 * len(losses) / 3
    for run in ("ferplus-12", "ferplus-13", "ferplus-14"):
        assert min(losses_of(run)) == losses_of(run)[-1]


#: How lineage.md tells of networks; what one training ended at is held above, before normalisation was measured.
MEANS = ("small-five", "small-standardized", "small-averaged", "small-later", "small-ferplus", "ferplus-mean")
COMPARED = dict.fromkeys(MEANS, "Their mean has {}")
COMPARED |= {"small-mean": "their mean {}", "tiny-mean": "their mean {}", "tiny-4": "in float32, as it was kept, {}"}
COMPARED |= {"tiny-nine": "Their mean ([tiny-nine](runs/tiny-nine)) has {}", "tiny": "in float32, as it was kept, {}"}
COMPARED |= {f"small-{number}": f"([{number}](runs/small-{number}/history.jsonl))" for number in (11, 15, 20, 22, 24)}
COMPARED |= {"small": "([small](runs/small/history.jsonl))", "small-parted": "The mean of the two has {}"}
COMPARED |= {run: f"as [it is kept](runs/{run}), {{}}" for run in ("joined-2", "joined-3")}
COMPARED |= {"small-late": "The mean of the two has {}"}


@pytest.mark.parametrize("name", COMPARED)
def test_what_a_network_gives_is_as_measured(name: str) -> None:
    text = (ROOT / "docs" / "lineage.md").read_text(encoding="utf-8").replace("\n", " ")
    row = figures.measured("scaling")[name]
    told = COMPARED[name].format(f"{100 * row['none']['accuracy']:.1f} %")
    assert f"{told}, at a held-out NLL of {row['unsmoothed']['nll']:.3f}" in text


@pytest.mark.parametrize("name", ["small-ferplus", "ferplus-14", "ferplus-15"])
def test_what_a_network_of_the_votes_gives_is_as_measured(name: str) -> None:
    text = (ROOT / "docs" / "lineage.md").read_text(encoding="utf-8").replace("\n", " ")
    row = figures.measured("scaling")[name]
    told = f"at a held-out NLL of {row['temperature']['nll']:.3f} with a temperature"
    assert told in text
    scaled = row["vector scaling"]
    told += f", {100 * scaled['accuracy']:.1f} % and {scaled['nll']:.3f} with slopes and offsets"
    assert name == "ferplus-14" or told in text


def test_how_small_went_on_is_as_its_histories_and_figures_say() -> None:
    text = (ROOT / "docs" / "lineage.md").read_text(encoding="utf-8").replace("\n", " ")
    small, other = (
        (ROOT / "docs" / "runs" / run / "history.jsonl").read_text(encoding="utf-8").splitlines()
        for run in ("small", "small-20")
    )
    assert small[:60] == other[:60]
    assert small[60] != other[60]
    accuracy = json.loads(small[59])["PublicTest"]["accuracy"]
    assert f"has {100 * accuracy:.1f} % of PublicTest after 60 epochs" in text
    assert f"looked at after that, it has {100 * FACTS['figures']['PrivateTest']['accuracy']:.1f} %, 0.9 points" in text


def test_what_teachers_say_is_as_measured() -> None:
    text = (ROOT / "docs" / "lineage.md").read_text(encoding="utf-8").replace("\n", " ")
    first = {"large": "`large`", "plain": "`plain`", "mean": "mean of both"}
    second = {"plain-2": "`plain-2`", "broad": "`broad`", "mean": "mean of these two"}
    third = {"plain-3": "`plain-3`", "broad": "`broad`", "coarse": "`coarse`", "mean": "mean of these and `broad`"}
    names = ("plain-4", "broad-2", "coarse-2")
    fourth = {name: f"`{name}`" for name in names} | {"mean": "mean of these three"}
    tables = {"teachers": first, "teachers-later": second, "teachers-last": third, "teachers-sharpness": fourth}
    joined = {name: f"`{name}`" for name in ("joined-2", "joined-3")}
    tables["teachers-joined"] = joined | {"mean": "mean of `joined-2` and `joined-3`"}
    for file, labels in tables.items():
        for name, label in labels.items():
            views = figures.measured(file)[name].values()
            cells = " | ".join(f"{100 * found['accuracy']:.1f} %, {found['nll']:.3f}" for found in views)
            assert f"| {label} | {cells} |" in text


def test_what_measured_normalisation_gives_is_as_measured() -> None:
    text = (ROOT / "docs" / "lineage.md").read_text(encoding="utf-8").replace("\n", " ")
    table = json.loads((ROOT / "docs" / "settling.json").read_text(encoding="utf-8"))["PublicTest"]
    before, half, plain = (table[way] for way in ("last steps", "half of each", "as they are"))
    clean, dark = "as they are", "a tenth of the light"
    assert f"{100 * half[clean]:.1f} % of PublicTest are then right instead of {100 * before[clean]:.1f} %" in text
    assert f"{100 * plain[clean]:.1f} %, but at a tenth of the light {100 * plain[dark]:.1f} %" in text
    assert f"instead of {100 * half[dark]:.1f} %" in text


def test_the_model_of_the_votes_is_told_by_its_own_truth() -> None:
    reports = [models.facts("small-ferplus")["figures"][split] for split in SPLITS]
    assert all(report["truth"] == "ferplus" for report in reports)
    readme = (ROOT / "README.md").read_text(encoding="utf-8").replace("\n", " ")
    assert f"the same in {100 * reports[1]['accuracy']:.1f} % of PrivateTest" in readme


def test_the_memory_of_videos_is_the_measured_one() -> None:
    ratio = json.loads((ROOT / "docs" / "bench.json").read_text(encoding="utf-8"))["memory"]["ratio"]
    assert f"{ratio:.2f} times" in (ROOT / "docs" / "video.md").read_text(encoding="utf-8")


def test_the_readme_tells_the_measured_cost() -> None:
    cost = json.loads((ROOT / "docs" / "archives.json").read_text(encoding="utf-8"))["cost"]["talk"]["cpu_s_an_hour"]
    text = (ROOT / "README.md").read_text(encoding="utf-8").replace("\n", " ")
    assert f"about {cost / 60:.0f} minutes of one core" in text


def test_what_calibration_gives_is_as_measured() -> None:
    text = (ROOT / "docs" / "trust.md").read_text(encoding="utf-8").replace("\n", " ")
    table = figures.measured("scaling")
    assert figures.read("scaling")["command"] in text
    before, after = table["small-ferplus"]["temperature"], table["small-ferplus"]["vector scaling"]
    assert f"of `small-ferplus` from {before['nll']:.3f} to {after['nll']:.3f}" in text
    assert f"and gives it {100 * (after['accuracy'] - before['accuracy']):.1f} points of accuracy" in text
    none, alone, scaled, undone = (
        table["small"][way] for way in ("none", "temperature", "vector scaling", "unsmoothed")
    )
    assert f"from {alone['nll']:.3f} with a temperature alone to {undone['nll']:.3f}" in text
    assert f"and the ECE from {alone['ece']:.3f} to {undone['ece']:.3f}" in text
    lost = 100 * (none["accuracy"] - scaled["accuracy"])
    assert f"scaling gives {scaled['nll']:.3f} and costs {lost:.1f} points of accuracy" in text
    for name in ("small", "small-int8", "tiny"):
        assert f"{100 * models.facts(name)['smoothing']:.0f} % of `{name}`" in text
    assert all(models.facts(name)["smoothing"] == 0 for name in ("small-ferplus", "a", "c", "p"))
    assert f"chance gives: {figures.measured('calibration')['small']['ece_of_chance']:.3f} for" in text


def test_what_is_sure_of_poor_pictures_is_as_measured() -> None:
    found = figures.read("robustness")
    worst, row = min((shares["small"], change) for change, shares in found["accuracy of those"].items())
    coverage = found["coverage"][row]["small"]
    text = (ROOT / "docs" / "trust.md").read_text(encoding="utf-8").replace("\n", " ")
    assert row == "blurred, sigma 2"
    assert f"leaves {100 * coverage:.1f} % of the faces, and {100 * worst:.1f} % of these are right" in text


def test_the_measured_models_are_the_shipped_ones() -> None:
    for name, row in figures.measured("calibration").items():
        assert row["accuracy"] == pytest.approx(models.facts(name)["figures"]["PublicTest"]["accuracy"], abs=1e-3)
        assert row["uncertain_below"] == models.facts(name)["uncertain_below"]
    for name, share in figures.measured("robustness")["as they are"].items():
        assert share == pytest.approx(models.facts(name)["figures"]["PublicTest"]["accuracy"], abs=1e-3)


def test_what_mirroring_is_worth_is_as_measured() -> None:
    mirrored = json.loads((ROOT / "docs" / "mirrored.json").read_text(encoding="utf-8"))
    gain = 100 * (mirrored["accuracy"] - FACTS["figures"]["PublicTest"]["accuracy"])
    assert mirrored["mirrored"]
    assert f"is worth {gain:.1f} points on PublicTest" in (ROOT / "docs" / "training.md").read_text().replace("\n", " ")


def test_sentences_about_framing_are_as_measured() -> None:
    held = figures.read("framing")["yunet"]["PublicTest"]
    card = (ROOT / "MODEL_CARD.md").read_text(encoding="utf-8").replace("\n", " ")
    upright, tilted = held["by_side"]["1"]["accuracy"], held["by_turn_and_tilt"]["40"]
    assert f"is {100 * upright:.1f} %, against {100 * held['as_they_are']:.1f} % as they are" in card
    assert f"only {tilted['found']:,} of the {held['of']:,} faces are found" in card
    assert f"these {100 * tilted['10']:.1f} % are classified correctly, {100 * tilted['180']:.1f} % if" in card
    found = upright * held["found"] / held["of"], tilted["10"] * tilted["found"] / held["of"]
    text = (ROOT / "docs" / "framing.md").read_text(encoding="utf-8").replace("\n", " ")
    assert f"it is {100 * found[0]:.1f} % upright and {100 * found[1]:.1f} % at 40 degrees" in text
