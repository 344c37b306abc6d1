"""a version's evidence -> summary, the declined, limits, and the points that only the lender can close"""

from collections.abc import Mapping, Sequence
from typing import Any

from src.lineage.declined import Band
from src.lineage.validation.blocks import Block, Lacking, Section, Source, Table, Text, lacking
from src.lineage.validation.evidence import Evidence
from src.lineage.validation.measured import ALPHA, MUCH, SOME
from src.lineage.validation.numbers import interval, named, number, share, whole

SCENARIO = (
    "Odds of the declined", "Bads (approved and declined)", "Bad rate", "Observed/expected", "AUC", "Gini", "KS",
    "Brier", "Cost an applicant at the threshold", "Best cut-off (PD)", "Cost an applicant there", "Approved there",
)  # fmt: skip
COUNTED = ("applications", "unscored", "approved", "known", "observed_bads", "declined")
FIRST = ("roc_auc", "gini", "ks", "brier", "ece", "expected_cost")
OPEN_POINTS = (
    ("Purpose", "for which products, channels and applicants the model decides, and for whom it is not meant"),
    ("Materiality", "how much is decided by it, and how thoroughly it is therefore validated"),
    ("Representativeness", "how far the development sample resembles today's applicants; which applicants it lacks"),
    ("Definition of default", "days past due, horizon, indeterminates; whether it is the lender's own"),
    ("Level of default", "the population's rate; whether PDs are for a year, for a point in time or through the cycle"),
    ("Correlation of defaults", "the binomial tests assume none; a downturn moves all bands together"),
    ("Costs and threshold", "why these costs are right for the product; who may change them"),
    ("Overrides and policy rules", "what decides beside the score, how often it overrules it, and with which outcome"),
    ("The declined", "which evidence there is about them, such as a bureau's records of credits that others granted"),
    ("Fairness", "which groups the law protects, which measure and which limit apply, who has looked at proxies"),
    ("Legal ground of the data", "consent, retention, sources, and what may not be used"),
    ("Independence", "who validated, that they did not develop the model, and what they challenged"),
    ("Conditions of approval", "findings, their severity, owner and date; when the model is validated again"),
    ("Sign-off", "who approves the model for use, and on which date"),
)


def summary(evidence: Evidence) -> Section:
    """Return the first page: what was validated, and the numbers that are looked at first."""
    version, metrics, source = evidence.version, evidence.evaluation["metrics"], evidence.source()
    alias = evidence.chain.state.alias_of(version.version) or "neither champion nor challenger"
    what = (
        f"Version {version.version} ({alias}) of {evidence.card.name}, candidate {evidence.card.candidate}, trained on"
        f" {evidence.card.dataset.title or evidence.card.dataset.name}. Published"
        f" {evidence.chain.state.published[version.version][:10]} as event {version.number} of the chain."
    )
    how = (
        "This report says what could be measured. Every number has its file, that file's sha256 and the command that"
        " makes it beneath it; what was not measured says so; what only the lender can say is a named open point."
    )
    shown = [(named(name), interval(metrics[name])) for name in FIRST if name in metrics]
    table = Table("In short: the test rows", ("Metric", "Value (95 % interval)"), shown, source)
    return Section("Summary", [Text(what, evidence.event_source(version.number)), Text(how), table])


def declined(band: Band) -> Section:
    """Return metrics and best cut-off if the declined had the odds that their PDs say, or twice or four times these."""
    title = "The declined"
    why = (
        "The declined have no outcomes, and no theory says how to invent them: they never join a training. Here each"
        " counts as part bad and part good, by the odds that its PD says, twice these, or four times these. The truth"
        " may lie within this band, or outside of it."
    )
    if not band["band"]:
        return Section(title, [Text(why), Lacking(f"the band: {band['says']}")])
    source = Source("the prediction log, tables predictions and outcomes", None, "POST /predict, POST /outcomes")
    many = {name: whole(band[name]) for name in COUNTED}
    counts = (
        f"{many['applications']} applications that are old enough to be judged, whichever version decided, scored by"
        f" this version; {many['unscored']} of them cannot be. {many['approved']} were approved, of {many['known']} of"
        f" them the outcome is known ({many['observed_bads']} bad; these stand for all of the approved),"
        f" {many['declined']} were declined. This version declines from a PD of {band['threshold']:g}."
    )
    rows = [
        (f"{one['odds']} times", number(one["bads"], 1), share(one["bad_rate"]), number(one["observed_to_expected"], 2),
         number(one["roc_auc"]), number(one["gini"]), number(one["ks"]), number(one["brier"]),
         number(one["expected_cost"]), number(one["best_cut_off"], 4), number(one["best_cost"]),
         share(one["best_approval_rate"]))
        for one in band["band"]
    ]  # fmt: skip
    note = "Metrics and best cut-off by the odds of the declined; found on these rows, a best cut-off flatters itself"
    return Section(title, [Text(why), Text(counts, source), Table(note, SCENARIO, rows, source)])


def limits(evidence: Evidence, sections: Sequence[Section]) -> Section:
    """Return what bounds the conclusions, and a list of all that was not measured."""
    source, found, metrics = evidence.source(), evidence.validation, evidence.evaluation["metrics"]
    small = [f"{one['field']} = {one['group']} ({one['count']})" for one in evidence.evaluation.get("fairness", [])
             if one.get("too_few")]  # fmt: skip
    useless = [one["feature"] for one in evidence.evaluation.get("importance", []) if one["loss"] <= 0]
    says = [
        ("Certainty", f"on {whole(evidence.evaluation['rows'])} test rows AUC is {interval(metrics.get('roc_auc'))};"
         " smaller differences say little"),
        ("Bands whose binomial p-value is below 5 %", differing(found)),
        (f"Fields whose PSI of development against test is above {SOME} ({MUCH} is much)", moved(found)),
        ("Groups of too few to say anything", ", ".join(small) or "none"),
        ("Features without which nothing is lost", ", ".join(useless) or "none"),
        ("Rate of default", f"{share(evidence.card.target.bad_rate)} of the training rows are bad; where another share"
         " defaults, PDs rank and no more"),
        ("Outcomes", "of approved applicants alone are known: live metrics are of them, and an AUC is lower there"),
    ]  # fmt: skip
    missing = [(title, text) for title, text in lacking(sections)]
    blocks: list[Block] = [Table("What bounds the conclusions", ("Limit", "Says"), says, source)]
    if missing:
        blocks.append(Table("Not measured", ("Section", "What, and why"), missing, source))
    return Section("Limits", blocks)


def differing(found: Mapping[str, Any]) -> str:
    """Return how many score bands differ more than chance, each looked at alone."""
    bands = [one for side in found.get("calibration", {}).values() for one in side["bands"] if one["rows"]]
    low = sum(one["p_value"] < ALPHA for one in bands)
    return f"{low} of {len(bands)}; without any difference 1 in 20 is" if bands else "not measured"


def moved(found: Mapping[str, Any]) -> str:
    """Return the fields whose test rows are distributed otherwise."""
    if "stability" not in found:
        return "not measured"
    return ", ".join(one["subject"] for one in found["stability"] if one["psi"] > SOME) or "none"


def open_points() -> Section:
    """Return the points that only the lender can close."""
    rows = [(f"O{place}", name, what, "", "") for place, (name, what) in enumerate(OPEN_POINTS, start=1)]
    head = ("Point", "About", "The lender's to say", "Answer", "Who, when")
    text = "Nothing in the data or the code can answer these. A report with an empty answer is not complete."
    return Section("Open points for the lender", [Text(text), Table("Open points", head, rows)])
