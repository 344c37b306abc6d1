"""a version's evidence -> the sections on data, development sample, exclusions, and the candidates"""

from collections.abc import Mapping
from typing import Any

from src.lineage.validation.blocks import Block, Lacking, Section, Table, Text
from src.lineage.validation.evidence import Evidence, json_of
from src.lineage.validation.numbers import NONE, interval, named, number, share, signed, whole

EARLIER = "this version is of a release whose `evaluate` did not measure it; `dvc repro` of this one, published, does"
SIDES = {"training": "Training", "out_of_fold": "of it predicted out of fold", "test": "Test"}
SHOWN = ("roc_auc", "gini", "ks", "brier", "expected_cost")
WHY = {"rows": "left out: for another number of rows", "size": "left out: too large to serve"}
BASELINES = {"bad_rate": "(everybody's bad rate)", "logistic_regression": "(a plain logistic regression)"}


def data(evidence: Evidence) -> Section:
    """Return what the data is, how it was checked and what is missing in it."""
    card, found = evidence.card, evidence.validation.get("sample")
    blocks: list[Block] = [
        Text(
            f"Data set {card.dataset.title or card.dataset.name}; data/raw/applications.parquet has the md5"
            f" {evidence.version.data_md5}. Every row was held against the data package's types, bounds and labels; a"
            " row that breaks one stops the pipeline, none is mended.",
            evidence.source("model.json"),
        )
    ]
    if not found:
        return Section("Data and its quality", [*blocks, Lacking(f"what is missing, field by field: {EARLIER}")])
    rows = [
        (one["field"], one["role"], *(gap for side in ("training", "test") for gap in gaps(one[side], found[side])))
        for one in found["fields"]
    ]
    head = ("Field", "Role", "Missing, training", "Stated reason, training", "Missing, test", "Stated reason, test")
    about = "Rows without a value, in rows and percent; a stated reason is a code that the data package explains"
    return Section("Data and its quality", [*blocks, Table(about, head, rows, evidence.source())])


def gaps(found: Mapping[str, int], side: Mapping[str, int]) -> tuple[str, str]:
    """Return how many rows have no value, for no reason and for one."""
    rows = side["rows"]
    return tuple(f"{whole(found[kind])} ({share(found[kind] / rows)})" for kind in ("missing", "stated"))  # type: ignore[return-value]


def development(evidence: Evidence) -> Section:
    """Return how many rows are on which side, what was left out, and how the split was drawn."""
    title, found = "Development sample and exclusions", evidence.validation.get("sample")
    params = evidence.version.params
    split = {name: value for name, value in params.items() if name == "seed" or name.startswith("split")}
    drawn = Text(f"Split by: {json_of(split)}.", evidence.event_source(evidence.version.number))
    target = evidence.card.target
    default = Text(f"Default is {target.name} = {target.bad} ({target.title}).", evidence.source("model.json"))
    if not found:
        rows, rate = evidence.evaluation["rows"], evidence.evaluation["bad_rate"]
        told = Text(f"{whole(rows)} test rows, {share(rate)} of them bad.", evidence.source())
        return Section(title, [default, drawn, told, Lacking(f"training rows and exclusions: {EARLIER}")])
    sides = [
        (name, whole(found[side]["rows"]), whole(found[side]["bads"]), rate_of(found[side]))
        for side, name in SIDES.items()
    ]
    ingested = found["ingested"]
    excluded = [
        ("rows of the files", whole(ingested.get("rows"))),
        ("left out by the data package's rule", whole(ingested.get("left_out"))),
        ("repeat an earlier row in every field", whole(ingested.get("duplicates"))),
        *((f"out of bounds: {name}", whole(rows)) for name, rows in ingested.get("out_of_bounds", {}).items()),
        ("features that the reference leaves out", whole(evidence.development.left_out if evidence.development else 0)),
    ]
    return Section(
        title,
        [
            default,
            drawn,
            Table("Rows by sample", ("Sample", "Rows", "Bads", "Bad rate"), sides, evidence.source()),
            Table("Exclusions and oddities", ("What", "Count"), excluded, evidence.source()),
        ],
    )


def rate_of(side: Mapping[str, int]) -> str:
    """Return a sample's bad rate."""
    return share(side["bads"] / side["rows"]) if side["rows"] else NONE


def candidates(evidence: Evidence) -> Section:
    """Return which candidates were compared and why this one was chosen."""
    title, found = "Candidates, and why this one", evidence.validation.get("candidates")
    card = evidence.card
    if not found:
        chosen = Text(f"Chosen was {card.candidate}.", evidence.source("model.json"))
        return Section(title, [chosen, Lacking(f"the comparison of the candidates: {EARLIER}")])
    source = evidence.source()
    why = (
        f"{found['chosen']} was chosen by {found['metric']} (rule: {found['rule']}) out of fold on"
        f" {whole(found['rows'])} training rows: {found['folds']} folds, drawn {found['repeats']} times. Isotonic"
        f" calibration {'is kept' if found['calibrated'] else 'is left out'}: it changes the out-of-fold Brier score by"
        f" {signed(-gain, 4) if (gain := found['brier_gain_of_calibration']) is not None else NONE}."
    )
    head = ("Candidate", "Kind", *(f"{named(name)}, mean ± sd over folds" for name in SHOWN), "Directions of risk")
    compared = {**found["candidates"], **{BASELINES.get(key, key): one for key, one in found["baseline"].items()}}
    rows = [row_of(name, one) for name, one in compared.items()]
    blocks: list[Block] = [Text(why, source), Table("Candidates, from the simplest", head, rows, source)]
    return Section(title, [*blocks, readable(evidence, found["readability"])])


def row_of(name: str, found: Mapping[str, Any]) -> tuple[object, ...]:
    """Return a candidate's row."""
    kind = found.get("kind", "yardstick")
    if found.get("left_out"):
        return (name, kind, *[NONE] * len(SHOWN), WHY.get(found["left_out"], found["left_out"]))
    scores = (f"{number(found[one]['mean'])} ± {number(found[one]['std'])}" for one in SHOWN)
    return (name, kind, *scores, found.get("directions") or NONE)


def readable(evidence: Evidence, found: Mapping[str, Any]) -> Block:
    """Return what a table of points would cost."""
    if found["readable"] is None:
        return Lacking("the price of a readable model: no candidate with a table of points took part")
    return Text(
        f"The best candidate ({found['best']}) against the best with a table of points ({found['readable']}):"
        f" {interval({'value': found['difference'], **found}, 4)} in the choosing metric, 95 % interval over folds.",
        evidence.source(),
    )
