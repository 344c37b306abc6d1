"""a version's evidence -> discrimination, calibration, stability of the split, fairness, sensitivity, points instead"""

from collections.abc import Mapping
from typing import Any

from src.document.drawing import bars
from src.lineage.validation.blocks import Block, Lacking, Section, Table, Text
from src.lineage.validation.evidence import Evidence
from src.lineage.validation.numbers import NONE, band, interval, named, number, share, signed, whole
from src.lineage.validation.sample import EARLIER
from src.model.groups import LEAST_PEOPLE
from src.model.model_card import MEANINGS

SAMPLES = {"out_of_fold": "Training, out of fold", "test": "Test"}
ORIGINS = {"package": "the data package's own files", "outcomes": "outcomes of the log"}
APART = ("roc_auc", "ks", "brier")
ALPHA = 0.05  # of all bands of a sample together
SOME, MUCH = 0.1, 0.25  # Siddiqi's PSI of some change, and of much
FOUR_FIFTHS = 0.8
WAYS = ("down", "up")
TIMES = " and "


def discrimination(evidence: Evidence) -> Section:
    """Return how well the PDs rank: by sample, with every metric of the test rows, by segment, by month."""
    source, found = evidence.source(), evidence.validation.get("discrimination")
    metrics = [
        (named(name), interval(one), number(one.get("baseline")), MEANINGS.get(name, ""))
        for name, one in evidence.evaluation["metrics"].items()
    ]
    head = ("Metric", "Test rows (95 % interval, bootstrap)", "Everybody's bad rate instead", "What it says")
    blocks: list[Block] = [Table(f"{whole(evidence.evaluation['rows'])} test rows", head, metrics, source)]
    blocks += origins(evidence)
    if not found:
        return Section("Discrimination", [*blocks, Lacking(f"discrimination by sample and segment: {EARLIER}")])
    samples = [(name, *ranks(found[key])) for key, name in SAMPLES.items()]
    segments = [(one["field"], one["bin"], *ranks(one)) for one in found["segments"]]
    ranked = ("Rows", "Bads", "AUC (95 % interval, DeLong)", "Gini (95 % interval)", "KS")
    blocks.append(Table("By sample", ("Sample", *ranked), samples, source))
    if segments:
        about = "By segment of the test rows: bins of the ten most important features, of 30 rows and 5 of each outcome"
        blocks.append(Table(about, ("Field", "Segment", *ranked), segments, source))
    else:
        blocks.append(Lacking("discrimination by segment: no bin has 30 test rows and 5 of each outcome"))
    return Section("Discrimination", [*blocks, months(evidence)])


def origins(evidence: Evidence) -> list[Block]:
    """Return the metrics of the data package's own test rows, and of those that outcomes have added, apart."""
    rows = [
        (ORIGINS.get(one["origin"], one["origin"]), whole(one["rows"]), whole(one["bads"]), number(one["expected"], 1),
         *(interval((one["metrics"] or {}).get(name)) for name in APART))
        for one in evidence.evaluation.get("by_origin", [])
    ]  # fmt: skip
    if not rows:
        return []
    head = ("Rows of", "Rows", "Bads", "Expected bads", *(f"{named(name)}, 95 % interval" for name in APART))
    about = "Old and new test rows apart; those that outcomes have added were approved before, which narrows their risk"
    return [Table(about, head, rows, evidence.source())]


def ranks(found: Mapping[str, Any]) -> tuple[str, ...]:
    """Return rows, bads and how well they are ranked."""
    intervals = (interval(found[name]) for name in ("roc_auc", "gini"))
    return (whole(found["rows"]), whole(found["bads"]), *intervals, number(found["ks"]))


def months(evidence: Evidence) -> Block:
    """Return discrimination by month of the test applications."""
    found = evidence.evaluation.get("by_month")
    if not found:
        return Lacking("discrimination over time: no field says when the applications were made")
    rows = [
        (one["month"], whole(one["rows"]), whole(one["bads"]), number(one["roc_auc"]), number(one["brier"]))
        for one in found
    ]
    return Table("By month of the test rows", ("Month", "Rows", "Bads", "AUC", "Brier"), rows, evidence.source())


def calibration(evidence: Evidence) -> Section:
    """Return observed beside expected bads by score band, with a binomial test, and the worst segments."""
    source, found = evidence.source(), evidence.validation.get("calibration")
    blocks: list[Block] = []
    if found:
        overall = [
            (name, whole(one["rows"]), whole(one["observed"]), number(one["expected"], 1), ratio(one),
             number(one["spiegelhalter_z"], 2))
            for key, name in SAMPLES.items() for one in [found[key]]
        ]  # fmt: skip
        head = ("Sample", "Rows", "Observed bads", "Expected (sum of PDs)", "Observed/expected", "Spiegelhalter's z")
        about = "Calibration in the large; |z| above 1.96 is more than chance at 5 %"
        blocks.append(Table(about, head, overall, source))
        blocks += [bands(name, found[key], evidence) for key, name in SAMPLES.items()]
    else:
        blocks.append(Lacking(f"calibration by score band with a binomial test: {EARLIER}"))
    return Section("Calibration", [*blocks, segments(evidence)])


def ratio(found: Mapping[str, Any]) -> str:
    """Return observed over expected bads."""
    return number(found["observed"] / found["expected"], 2) if found["expected"] else NONE


def bands(name: str, found: Mapping[str, Any], evidence: Evidence) -> Table:
    """Return a sample's score bands."""
    known = [one for one in found["bands"] if one["rows"]]
    level = ALPHA / max(1, len(known))
    rows = [
        (band(one["from"], one["to"]), whole(one["rows"]), number(one["expected"], 1), whole(one["observed"]),
         f"{number(one['low'], 1)} to {number(one['high'], 1)}", share(one["observed"] / one["rows"]),
         share(one["expected"] / one["rows"]), number(one["p_value"], 4),
         "differs" if one["p_value"] < level else "no difference shown")
        for one in known
    ]  # fmt: skip
    head = ("Score (points)", "Rows", "Expected bads", "Observed bads", "95 % bounds", "Bad rate", "Mean PD",
            "Binomial p-value", f"At {ALPHA:.0%} / {len(known)} bands")  # fmt: skip
    about = f"{name}: exact binomial test, two-sided, by band of scores; drawn are the mean PD (grey) and the bad rate"
    pairs = [(one["expected"] / one["rows"], one["observed"] / one["rows"]) for one in known]
    most = max((max(pair) for pair in pairs), default=0.0)
    return Table(about, head, rows, evidence.source(), [bars(*pair, most) for pair in pairs])


def segments(evidence: Evidence) -> Block:
    """Return where observed and expected bads differ most."""
    found = evidence.evaluation.get("segments")
    if not found:
        return Lacking("calibration by segment: no segment has 50 test rows")
    rows = [
        (TIMES.join(one["fields"]), TIMES.join(one["bins"]), whole(one["rows"]), whole(one["observed"]),
         number(one["expected"], 1), f"{number(one['low'], 1)} to {number(one['high'], 1)}",
         "no difference shown" if one["low"] <= one["expected"] <= one["high"] else "differs")
        for one in found
    ]  # fmt: skip
    head = ("Fields", "Segment", "Rows", "Observed bads", "Expected bads", "95 % bounds, all segments", "Result")
    return Table("The segments of the test rows that differ most", head, rows, evidence.source())


def split(evidence: Evidence) -> list[Block]:
    """Return how far the test rows are distributed otherwise than the development rows."""
    found = evidence.validation.get("stability")
    if not found:
        return [Lacking(f"PSI of development against test: {EARLIER}")]
    rows = [(one["subject"], number(one["psi"], 4), size(one["psi"]), number(one["p_value"], 4)) for one in found]
    about = "Development (training rows; PD, score and decision out of fold) against test"
    head = ("Field", "PSI", f"PSI up to {SOME}: little; above {MUCH}: much", "χ² p-value, two samples")
    return [Table(about, head, rows, evidence.source())]


def size(psi: float) -> str:
    """Return how a PSI is read (Siddiqi 2006)."""
    return "little" if psi <= SOME else "some" if psi <= MUCH else "much"


def fairness(evidence: Evidence) -> Section:
    """Return approvals, ranking and calibration by protected group of the test rows."""
    found = evidence.evaluation.get("fairness")
    if not found:
        return Section("Fairness", [Lacking("the data package names no protected field")])
    rows = [
        (one["field"], one["group"], whole(one["count"]), share(one["approval_rate"]), number(one["approval_ratio"], 2),
         number(one["roc_auc"]), share(one["bad_rate"]), share(one["mean_pd"]), verdict(one))
        for one in found
    ]  # fmt: skip
    head = ("Field", "Group", "Test rows", "Approved", "Approval ratio", "AUC", "Bad rate", "Mean PD", "Remark")
    about = "Protected groups; the ratio is to the highest approval rate of the field's groups of 30 or more"
    text = "Protected fields are no features unless the data section says so; measured by the codes in the data."
    return Section("Fairness", [Text(text), Table(about, head, rows, evidence.source())])


def verdict(group: Mapping[str, Any]) -> str:
    """Return what to say of a group."""
    if group["count"] < LEAST_PEOPLE:
        return f"fewer than {LEAST_PEOPLE}: says little"
    low = group["approval_ratio"] is not None and group["approval_ratio"] < FOUR_FIFTHS
    return "below four fifths" if low else ""


def sensitivity(evidence: Evidence) -> Section:
    """Return what one bin more or less of each field does, and what is lost without it."""
    source, found = evidence.source(), evidence.validation.get("sensitivity")
    losses = [
        (one["feature"], number(one["loss"], 4), number(one["std"], 4))
        for one in evidence.evaluation.get("importance", [])
    ]
    lost = Table("AUC lost when a field is shuffled", ("Field", "Loss of AUC", "sd over rounds"), losses, source)
    if not found:
        return Section("Sensitivity", [Lacking(f"each field moved by one bin: {EARLIER}"), lost])
    rows = [(one["feature"], one["by"], *(cell for way in WAYS for cell in moved(one[way]))) for one in found["fields"]]
    head = ["Field", "In the order of"]
    for way in WAYS:
        head += [f"Rows moved {way}", "mean change of PD", "largest change of PD", "decisions that turn"]
    text = (
        f"{whole(found['rows'])} test rows, each field moved to the typical value of the neighbouring bin, all others"
        " as they are. Numbers move by value; labels by the points that the model gives them, down to a riskier one."
    )
    return Section("Sensitivity", [Text(text, source), Table("Each field ± one bin", head, rows, source), lost])


def moved(found: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a move does."""
    return whole(found["rows"]), signed(found["mean"]), signed(found["largest"]), whole(found["decisions"])


def instead(evidence: Evidence) -> Section:
    """Return what the best table of points would have decided."""
    title, found = "What the scorecard would have done instead", evidence.validation.get("instead")
    if not found:
        return Section(title, [Lacking(f"the best table of points beside the model: {EARLIER}")])
    name, blocks = found["candidate"], list[Block]()
    for key, sample in SAMPLES.items():
        if found[key]:
            blocks += beside(f"{sample}: {name} and the model", name, found[key], evidence)
    if found["says"] and not blocks:
        return Section(title, [Text(f"There is nothing to compare: {found['says']}.", evidence.source())])
    lacking = [Lacking(f"{name} on the test rows: {found['says']}, and nothing is fitted for a report")]
    return Section(title, [*blocks, *(lacking if found["says"] else [])])


def beside(about: str, name: str, found: Mapping[str, Any], evidence: Evidence) -> list[Block]:
    """Return metrics of both, and who would have been approved by whom."""
    source = evidence.source()
    metrics = [
        (named(metric), number(pair[0], 4), number(pair[1], 4), interval(found["differences"].get(metric), 4))
        for metric, pair in found["metrics"].items()
    ]
    head = ("Metric", name, "Model", "The model is better by (paired, 95 % interval)")
    decisions = [
        (one["table"], one["model"], whole(one["rows"]), whole(one["bads"]),
         share(one["bads"] / one["rows"] if one["rows"] else None))
        for one in found["decisions"]
    ]  # fmt: skip
    decided = (f"{name} decides", "Model decides", "Rows", "Bads", "Bad rate")
    note = "; the difference of the cost is a share of what the cheaper of approving and declining everybody costs"
    return [
        Table(f"{about}, {whole(found['rows'])} rows{note}", head, metrics, source),
        Table(f"{about}: decisions at the same threshold", decided, decisions, source),
    ]
