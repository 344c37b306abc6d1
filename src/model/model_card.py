"""the card, the data package and what was measured -> MODEL_CARD.md, by the points of the AI Act's Annex IV

Each section says what is known here and ends with what only a lender can know, which is marked as the lender's to fill.
https://eur-lex.europa.eu/eli/reg/2024/1689/oj (Regulation (EU) 2024/1689)
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from src.contract.package import Package
from src.model.card import Card, Feature
from src.model.development import Development

LENDER = "**The lender's to fill:**"
FOUR_FIFTHS = 0.8
MEANINGS = {
    "roc_auc": "how often a bad one is ranked as riskier than a good one",
    "gini": "the same, from -1 to 1",
    "ks": "how far goods and bads lie apart at the best threshold",
    "pr_auc": "how many of those ranked riskiest are bad",
    "brier": "how far probabilities are from what happened",
    "log_loss": "the same, hard on those who were wrong and certain",
    "ece": "how far predicted and observed rates of default lie apart",
    "expected_cost": "what a decision at the threshold costs, on average",
}
CANDIDATE_METRICS = ("roc_auc", "brier", "ks", "expected_cost")
FAIRNESS = ("field", "group", "count", "approval_rate", "approval_ratio", "roc_auc", "bad_rate", "mean_pd")
ORIGINS = {"package": "the data package's own rows", "outcomes": "rows that outcomes have added"}
BASELINES = {"bad_rate": "(everybody's bad rate)", "logistic_regression": "(a plain logistic regression)"}
REPEATED = {1: "once", 2: "twice"}
WHY = {"rows": "for another number of rows", "size": "too large to serve"}
RISK = {"increasing": "risk rises", "decreasing": "risk falls", None: None}


@dataclass(frozen=True)
class Measured:
    """What the card is told beside the card of training and the data package.

    `found` is models/evaluation.json, `compared` reports/candidates.json, `export` models/export.json, `ingested`
    reports/ingest.json, `development` models/reference.json; `training` are the rows that the model was fitted to.
    """

    found: dict[str, Any]
    compared: dict[str, Any]
    export: dict[str, Any]
    ingested: dict[str, Any]
    training: pd.DataFrame
    development: Development


@dataclass(frozen=True)
class Section:
    """A section of the card: the points of Annex IV that it answers, what is known, and what only the lender knows."""

    title: str
    points: str
    known: Sequence[str]
    lender: str

    def __str__(self) -> str:
        """Return the section as Markdown."""
        return "\n\n".join(
            (f"## {self.title}", f"*Annex IV, {self.points}*", *self.known, f"{LENDER} {self.lender}"),
        )


def model_card(card: Card, package: Package, measured: Measured) -> str:
    """Return MODEL_CARD.md: what the model is, what it was made of, how good it is and for whom."""
    head = f"""# Model card: {card.name}

Written by the pipeline's `evaluate` stage, after Annex IV of the EU's AI Act (Regulation (EU) 2024/1689): to score the
creditworthiness of people is a high-risk use (Annex III, 5(b)). Every number is from `models/evaluation.json`,
`reports/candidates.json`, `reports/ingest.json` or the training split. The next run writes this file anew: what is
marked as the lender's to fill belongs into the lender's own technical documentation, beside this card."""
    sections = (
        purpose(card, package, measured),
        data(card, package, measured),
        design(card, measured),
        metrics(measured.found),
        limits(card, measured.found),
        oversight(card, measured.found, measured.development),
        others(card),
    )
    return "\n\n".join((head, *map(str, sections))) + "\n"


def purpose(card: Card, package: Package, measured: Measured) -> Section:
    """Return what the model is for and in which forms it comes."""
    target, parity = package.target, measured.export["parity"]
    difference, flips = parity["largest_difference"], parity["flipped_decisions"]
    served = (
        f"`models/{measured.export['file']}`, whose probabilities "
        + (f"differ by up to {difference:g} from" if difference else "are to six digits")
        + f" those of the fitted model on {many(parity['dataset_rows'], 'row')} of data and"
        f" {many(parity['random_rows'], 'random applicant')}, with {many(flips, 'other decision')}"
    )
    known = bullets(
        "**Answer:** an applicant's probability of default, the same as a score, and a decision, approve or decline. To"
        f" default is `{card.target.name}` = `{card.target.bad}`: {words(target.description, target.title)}",
        f"**Model:** candidate `{card.candidate}`; `models/model.pkl`, sha256 `{card.sha256}`. Its version and commit"
        " are named by MLflow, by `GET /model/info` and in every answer.",
        f"**Forms:** a service that is asked over HTTP and a page before it; both answer from {served}.",
        f"**Software:** {', '.join(f'{name} {number}' for name, number in card.libraries.items())}.",
    )
    lender = (
        "who provides the system and answers for it; for which products, countries and applicants it decides, and for"
        " whom it is not meant; who uses it, and what else its answers are fed into."
    )
    return Section("Purpose", "1", [known], lender)


def data(card: Card, package: Package, measured: Measured) -> Section:
    """Return what the model was made of: provenance, rows, label, checks, and each feature's values."""
    found, training = measured.found, measured.training
    sources = [f"{source.title} {source.path}".strip() for source in (*package.sources, *package.resource.sources)]
    known = bullets(
        f"**Data set:** {package.title or package.name}; `data/raw/applications.parquet`, md5"
        f" `{card.data['applications']}`. {words(package.description)}",
        f"**Sources:** {'; '.join(sources) or 'the data package names none'}.",
        f"**Rows:** {len(training)} to train with, {card.target.bad_rate:.1%} of them bad; {found['rows']} to test"
        f" with, {found['bad_rate']:.1%} of them bad, set aside before anything was fitted.",
        "**Checks:** every row was held against the data package's types, bounds and labels. A row that breaks one"
        " stops the pipeline: none is mended.",
        *joined(measured),
        *counted(measured.ingested, package),
        *protected_of(package),
    )
    lender = (
        "how these applicants were found and chosen, and on which legal ground; how far they resemble those who will be"
        " scored, in product, place, time and rate of default; what is known to be wrong or missing in the data."
    )
    return Section("Data", "2 (d)", [known, features(card, measured)], lender)


def protected_of(package: Package) -> list[str]:
    """Return which fields are protected, and which of them are used as features all the same."""
    apart = [column.name for column in package.with_role("protected")]
    used = [column.name for column in package.features if column.protected]
    if not apart and not used:
        return ["**Protected:** the data package names no protected field."]
    told = [f"**Protected, so no features:** {names(apart)}."] if apart else []
    return told + [f"**Protected, and used as a feature:** {name}." for name in used]


def joined(measured: Measured) -> list[str]:
    """Return how many rows outcomes have added, where they have added any, and whose they are."""
    if "joined" not in measured.ingested:
        return []
    added = {part["origin"]: part["rows"] for part in measured.found.get("by_origin", [])}.get("outcomes", 0)
    total = measured.ingested["joined"]
    return [
        f"**Rows that outcomes have added:** {total}, {total - added} to train with and {added} to test with:"
        " applications that earlier versions answered, whose outcomes are known. Who was declined has none, so they"
        " are of approved applicants alone. The others kept their side of the split."
    ]


def counted(ingested: dict[str, Any], package: Package) -> list[str]:
    """Return what reading the files counted: rows left out, rows that are there twice, values out of bounds."""
    outside = [f"{name} {count}" for name, count in ingested["out_of_bounds"].items() if count]
    left_out, rows = ingested["left_out"], ingested["rows"]
    target = package.target.name
    return [
        f"**Rows left out:** {left_out}" + (f", whose `{target}` is neither bad nor good." if left_out else "."),
        "**Rows that repeat an earlier one in every field:** "
        + (f"{ingested['duplicates']} of {rows}, which are kept." if ingested["duplicates"] else "0."),
        *([f"**Values out of bounds that count as missing:** {names(outside)}."] if outside else []),
    ]


def features(card: Card, measured: Measured) -> str:
    """Return the table of features, the weightiest first."""
    by_name = {feature.name: feature for feature in card.features}
    rows = []
    for record in measured.found["importance"]:
        feature = by_name[record["feature"]]
        column = measured.training[feature.name]
        about = (feature.type, feature.unit, f"{column.isna().mean():.1%}", values(feature, column.dropna()))
        rows.append((feature.name, *about, RISK[feature.direction], record["loss"]))
    head = ("feature", "type", "unit", "missing", "values", "expected as it rises", "loss of ROC AUC when shuffled")
    return table(head, rows)


def values(feature: Feature, known: pd.Series) -> str:
    """Return what the training rows hold of a feature, in a few words."""
    if known.empty:
        return "none"
    if feature.categories is not None:
        return f"{known.nunique()} of {len(feature.categories) + len(feature.states)} labels"
    if feature.type == "text":
        return f"{known.nunique()} texts, {len(feature.suggestions)} of them told apart"
    if feature.type == "date":
        return f"{known.min():%Y-%m-%d} to {known.max():%Y-%m-%d}"
    numbers = known.astype("float64")
    if feature.type == "boolean":
        return f"{numbers.mean():.0%} true"
    return f"{numbers.min():g} to {numbers.max():g}, median {numbers.median():g}"


def design(card: Card, measured: Measured) -> Section:
    """Return how the model was chosen, what it was optimised for, and how a decision is made of a probability."""
    compared, scale, costs = measured.compared, card.scale, card.costs
    gain = compared["brier_gain_of_calibration"]
    verdict = "and kept" if card.calibrated else "and left out" if gain <= 0 else "which `params.yaml` leaves out"
    known = bullets(
        f"**Method:** the candidates below were compared by cross-validation on the training rows. `{card.candidate}`"
        f" was chosen by {compared['metric']} (rule: {compared['rule']}) and fitted to all of them; nothing that others"
        " have trained is in it.",
        f"**Calibration:** isotonic, {verdict}: out of fold it changes the Brier score by {-gain:+.4f}.",
        f"**Decision:** decline where the probability of default reaches {card.threshold:g}, from where on declining is"
        f" cheaper: a false accept costs {costs.false_accept:g}, a false reject {costs.false_reject:g} (from the"
        f" {costs.source}).",
        f"**Score:** {scale.points:g} points at odds of {scale.odds:g} : 1, {scale.pdo:g} points double the odds, from"
        f" {scale.minimum:g} to {scale.maximum:g}.",
        *from_r(card),
        *directions(compared["candidates"]),
        *weak_fields(compared["candidates"]),
    )
    rows = [
        (name, *(mean_and_deviation(scores[metric]) for metric in CANDIDATE_METRICS))
        for name, scores in compared["candidates"].items()
        if scores["left_out"] is None
    ]
    rows += [
        (said, *(mean_and_deviation(compared["baseline"][name][metric]) for metric in CANDIDATE_METRICS))
        for name, said in BASELINES.items()
    ]
    by_name = compared["candidates"].items()
    out = [f"`{name}` ({WHY[found['left_out']]})" for name, found in by_name if found["left_out"]]
    candidates = table(("candidate", *CANDIDATE_METRICS), rows)
    lender = (
        "why these costs and this threshold are right for the product; why this candidate and not a simpler one that"
        " people can read; what the decision is made of beside the score."
    )
    drawn = REPEATED.get(compared["repeats"], f"{compared['repeats']} times")
    folds = f"Mean ± standard deviation over {compared['folds']} folds, drawn {drawn}:"
    candidates += f"\n\nLeft out: {', '.join(out)}." if out else ""
    candidates += tuning(compared)
    return Section("Design", "2 (a) to (c)", [known, folds, candidates], lender)


def from_r(card: Card) -> list[str]:
    """Return by which R and script a model from R was fitted, and what stands for what; nothing of other models."""
    if card.r is None:
        return []
    found, parity = card.r, card.r.parity
    base = ", ".join(f"`{name}` as {level}" for name, level in found.base.items()) or "there is no category"
    medians = ", ".join(f"`{name}` as {median:g}" for name, median in found.medians.items()) or "there is no number"
    unseen = ", ".join(f"`{name}`: {', '.join(labels)}" for name, labels in found.unseen.items()) or "none"
    return [
        f"**From R:** fitted by `{found.script}` (sha256 `{found.sha256}`) in R {found.version} with {found.blas}. R's"
        f" own `predict` says the same to 1e-9 of {many(parity.dataset_rows, 'row')} of data and"
        f" {many(parity.random_rows, 'random applicant')}, less {parity.not_scored} whom R cannot score, for they lack"
        " a value or have a level without training rows.",
        f"**What R warned of:** {'; '.join(found.warnings) or 'nothing'}.",
        f"**Levels without training rows**, which weigh as the base level: {unseen}.",
        f"**A missing category** weighs as the base level: {base}.",
        f"**A missing number** counts as the training median: {medians}.",
    ]


def tuning(compared: dict[str, Any]) -> str:
    """Return how parameters were searched for, and on which rows; nothing where they were not."""
    searched = {name: found["searched"] for name, found in compared["candidates"].items() if "searched" in found}
    if not searched:
        return ""
    rows = next(iter(searched.values()))["rows"]
    tried = ", ".join(f"`{name}` {found['trials']} times" for name, found in searched.items())
    return (
        f"\n\nParameters were searched for on {rows} of the {compared['rows']} training rows ({tried}); the folds above"
        " are of the others, which no search has seen."
    )


def directions(compared: dict[str, Any]) -> list[str]:
    """Return which candidates are bound to the expected directions of risk, and what that gains where it was tried."""
    told = []
    for name, found in compared.items():
        way, gain = found.get("directions"), found.get("directions_gain")
        if way:
            tried = "" if gain is None else f" (being bound changes its ROC AUC by {gain:+.4f})"
            told.append(f"`{name}` is {way}{' to' if way == 'bound' else ' of'} them{tried}")
    return [f"**Expected directions of risk:** {'; '.join(told)}."] if told else []


def weak_fields(compared: dict[str, Any]) -> list[str]:
    """Return the features that a scorecard leaves out, because they say too little."""
    weak = {name: found["weak_fields"] for name, found in compared.items() if found.get("weak_fields")}
    return [f"**Left out of `{name}`, for their information value:** {names(found)}." for name, found in weak.items()]


def metrics(found: dict[str, Any]) -> Section:
    """Return how good the model is on the test split, and for whom."""
    rows = [
        (name, m["value"], f"{short(m['low'])} to {short(m['high'])}", m["baseline"], MEANINGS[name])
        for name, m in found["metrics"].items()
    ]
    head = ("metric", "test", "95 % interval", "base rate", "what it says")
    gap = max(abs(group["mean_pd"] - group["bad_rate"]) for group in found["curves"]["calibration"])
    count = counts(found)
    known = bullets(
        f"**Decisions:** of {many(count['good', 'decline'] + count['good', 'approve'], 'good applicant')}"
        f" {are(count['good', 'decline'])} declined, of"
        f" {many(count['bad', 'decline'] + count['bad', 'approve'], 'bad one')} {are(count['bad', 'approve'])}"
        " approved.",
        f"**Calibration:** in {many(len(found['curves']['calibration']), 'equal group')} by probability, what was"
        f" predicted and what happened lie apart by at most {short(gap)}.",
        *(["**Groups:** in the table below."] if found["fairness"] else []),
    )
    groups = [[group[key] for key in FAIRNESS] for group in found["fairness"]]
    apart = [origins(found["by_origin"])] if "by_origin" in found else []
    lender = (
        "which values are good enough, and why; the same on the lender's own applicants; who tested, when, and signs"
        " for it."
    )
    told = [f"{many(found['rows'], 'applicant')} whom training never saw:", table(head, rows), known]
    return Section("Metrics", "2 (g), 3 and 4", [*told, *apart, *([table(FAIRNESS, groups)] if groups else [])], lender)


def origins(found: Sequence[dict[str, Any]]) -> str:
    """Return the metrics of the data package's own rows and of those that outcomes have added, side by side."""
    head = ("metric", *(ORIGINS[part["origin"]] for part in found))
    rows: list[Sequence[object]] = [(name, *(part[name] for part in found)) for name in ("rows", "bads", "expected")]
    for name in MEANINGS:
        rows.append((name, *(None if part["metrics"] is None else interval(part["metrics"][name]) for part in found)))
    said = (
        "Rows that outcomes have added are of applicants who were approved, which narrows their risk: what is lower"
        " there need not be a worse model. Groups are compared on the data package's own rows alone."
    )
    return f"{said}\n\n{table(head, rows)}"


def interval(metric: dict[str, float]) -> str:
    """Return a metric with its 95 % interval."""
    return f"{short(metric['value'])} ({short(metric['low'])} to {short(metric['high'])})"


def limits(card: Card, found: dict[str, Any]) -> Section:
    """Return what the measurements themselves say against the model."""
    auc, fairness = found["metrics"]["roc_auc"], found["fairness"]
    few = [f"{group['field']} = {group['group']} ({group['count']})" for group in fairness if group["too_few"]]
    behind = [
        f"{group['field']} = {group['group']} ({short(group['approval_ratio'])})"
        for group in fairness
        if group["approval_ratio"] is not None and group["approval_ratio"] < FOUR_FIFTHS
    ]
    idle = [record["feature"] for record in found["importance"] if record["loss"] <= 0]
    apart = [
        f"{named(each)} ({each['observed']} of {each['rows']}, expected {each['expected']:.1f})"
        for each in found.get("segments", [])
        if not each["low"] <= each["expected"] <= each["high"]
    ]
    told = {
        "Groups of too few to say anything": few,
        "Groups approved less than four fifths as often as another of their field": behind,
        "Segments in which more or fewer are bad than expected, beyond chance": apart,
        "Features without which nothing is lost": idle,
    }
    known = bullets(
        f"**Certainty:** on {many(found['rows'], 'test applicant')} the 95 % interval of ROC AUC is {short(auc['low'])}"
        f" to {short(auc['high'])}; smaller differences say little.",
        *(f"**{title}:** {names(which)}." for title, which in told.items() if which),
        f"**Rate of default:** probabilities are those of data in which {card.target.bad_rate:.1%} are bad. Where"
        " another share defaults they rank, and no more.",
        "**Inputs:** values outside of the contract's bounds and labels are refused, never guessed.",
    )
    lender = (
        "foreseeable misuse, and what a wrong decline or approval does to an applicant; whose outcome the data cannot"
        " hold, such as those who were refused; how fundamental rights are guarded."
    )
    return Section("Limits", "3", [known], lender)


def oversight(card: Card, found: dict[str, Any], development: Development) -> Section:
    """Return what helps a person to understand an answer and to overrule it."""
    count = counts(found)
    declined = count["good", "decline"] + count["bad", "decline"]
    approved, seen = development.approved, many(development.out_of_fold, "training row")
    known = bullets(
        "**Each answer** holds probability, score, decision, the model's version and hashes. Where it declines it names"
        " the features that weigh most against the typical approved applicant, in points.",
        "**The page** shows the score beside the threshold and what other values would change; a question of that kind"
        " is marked as a what-if and counts as no application.",
        "**The log** holds every answer with its inputs before the answer leaves, so that a decision can be found,"
        " looked at again and put right.",
        f"**What a reviewer would meet:** of {many(found['rows'], 'test applicant')} {are(declined)} declined"
        + (
            f", and {count['good', 'decline']} of those {declined} {was(count['good', 'decline'])} good."
            if declined
            else "."
        ),
        "**Live applicants** are compared with the development sample (`models/reference.json`, docs/monitoring.md):"
        f" {many(development.rows, 'row')} field by field, {seen} by answers of models that had not seen them. Of"
        f" {many(approved.rows, 'row')} approved so, {approved.observed} {was(approved.observed)} bad,"
        f" {approved.expected:.1f} expected.",
    )
    lender = (
        f"who looks at which decisions of `{card.name}` before they take effect, and may overrule them; what they are"
        " taught; how an applicant is told, and objects; who switches the model off, and when."
    )
    return Section("Oversight", "2 (e) and 3", [known], lender)


def others(card: Card) -> Section:
    """Return what Annex IV asks beside that."""
    known = bullets(
        f"**Security (2 (h)):** a model file is opened only where its sha256 is the card's (`{card.sha256[:12]}…`);"
        " every route that scores wants a key.",
        "**Changes (6):** the history in Git, `CHANGELOG.md`, and MLflow's versions, each with a card like this one.",
    )
    lender = (
        "risk management (5), the standards that are applied (7), the EU declaration of conformity (8), and how the"
        " system is watched once it decides (9)."
    )
    return Section("Everything else", "2 (h) and 5 to 9", [known], lender)


def mean_and_deviation(found: dict[str, float]) -> str:
    """Return a metric's mean over the folds, and its standard deviation."""
    return f"{short(found['mean'])} ± {short(found['std'])}"


def counts(found: dict[str, Any]) -> dict[tuple[str, str], int]:
    """Return how many test applicants have which outcome and decision."""
    return {(cell["outcome"], cell["decision"]): cell["count"] for cell in found["curves"]["confusion"]}


def named(segment: dict[str, Any]) -> str:
    """Return who is in a segment."""
    return " and ".join(f"{name} = {group}" for name, group in zip(segment["fields"], segment["bins"], strict=True))


def many(count: int, word: str) -> str:
    """Return a count and its word.

    >>> many(1, "row"), many(0, "row")
    ('1 row', '0 rows')
    """
    return f"{count} {word}{'' if count == 1 else 's'}"


def are(count: int) -> str:
    """Return a count and its verb."""
    return f"{count} {'is' if count == 1 else 'are'}"


def was(count: int) -> str:
    """Return a count's verb of the past."""
    return "was" if count == 1 else "were"


def bullets(*lines: str) -> str:
    """Return a list as Markdown."""
    return "\n".join(f"- {line}" for line in lines)


def words(*texts: str) -> str:
    """Return the first text that is one, in a single line."""
    return " ".join(next(filter(None, texts), "").split())


def names(found: Iterable[str]) -> str:
    """Return the names in a row, or that there are none."""
    return ", ".join(map(plain, found)) or "none"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table as Markdown."""
    lines: list[Sequence[object]] = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(cell, line))} |" for line in lines)


def cell(value: object) -> str:
    """Return what stands in a table: nothing for None, a bar as one that ends no cell."""
    return "" if value is None else short(value) if isinstance(value, float) else plain(str(value)).replace("|", "\\|")


def plain(text: str) -> str:
    """Return a text of one line in which Markdown finds no markup of its own: names may be any text."""
    return re.sub(r"([\\`*\[\]])", r"\\\1", " ".join(text.split())).replace("<", "&lt;")


def short(value: float) -> str:
    """Return a number with three digits after the point."""
    return f"{value:.3f}"
