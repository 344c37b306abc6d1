"""a version's evidence -> lineage, approvals from the chain, and what was done again to see the same numbers"""

from collections.abc import Iterator, Sequence
from typing import Any, get_args

import numpy as np

from src import git
from src.contract.table import read_table
from src.errors import LastroError
from src.journal.reader import Reader
from src.journal.settings import Settings
from src.lineage import promotion
from src.lineage.commits import History
from src.lineage.comparison import flat
from src.lineage.lock import LOCK
from src.lineage.pairing import TEST, scored
from src.lineage.rerun import Workshop
from src.lineage.trials import Trials
from src.lineage.validation.blocks import Block, Lacking, Section, Source, Table, Text
from src.lineage.validation.evidence import Evidence, json_of
from src.lineage.validation.live import MOST_REPLAYED, Live
from src.lineage.validation.numbers import NONE, number, whole
from src.lineage.verdicts import Verdict
from src.model.metrics import Bad, Vector, score_all
from src.model.rows import TEST_SCORES
from src.serving.predictors import load

WORDS = {True: "passed", False: "failed", None: "cannot tell"}
GATE_HEAD = ("Gate", "Answer", "Value", "Limit", "Says")
ROUNDED = 1e-6  # evaluation.json holds six digits
FORM = 1e-9  # by which the served form may differ from the fitted model, as `export` has it


def lineage(evidence: Evidence) -> Section:
    """Return what the version is and what it was made of."""
    version, card = evidence.version, evidence.card
    facts = [
        ("version", version.version), ("published", evidence.chain.state.published[version.version]),
        ("model.pkl, sha256", version.sha256), ("served form export.json, sha256", version.form_sha256),
        ("commit", version.git_commit or "none: changed beside its commit"),
        ("data/raw/applications.parquet, md5", version.data_md5), ("training split, md5", card.data.get("train")),
        ("candidate", card.candidate), ("threshold (PD from which on it declines)", card.threshold),
        ("costs", json_of(card.costs.pair.model_dump())), ("scale (points)", json_of(card.scale.model_dump())),
        ("libraries", ", ".join(f"{name} {number_}" for name, number_ in card.libraries.items())),
    ]  # fmt: skip
    params = sorted((name, json_of(value)) for name, value in flat(version.params))
    source = evidence.event_source(version.number)
    return Section(
        "Lineage",
        [
            Table("What this version is", ("Fact", "Value"), facts, source),
            Table("Parameters that its stages were run with", ("Parameter", "Value"), params, source),
        ],
    )


def approvals(evidence: Evidence) -> Section:
    """Return who did what to this version, and what the gates said."""
    number_ = evidence.version.version
    events = [event for event in evidence.chain.events if number_ in (event.version, event.before)]
    rows = [
        (event.number, event.time[:19], event.kind, event.version, event.by, event.why, "yes" if event.forced else "")
        for event in events
    ]
    head = ("Event", "Time (UTC)", "Kind", "Version", "By", "Why", "Gates overruled")
    command = "python -m src.lineage.registry history"
    blocks: list[Block] = [
        Table("Events of this version in the chain", head, rows, evidence.event_source(events[-1].number)._replace(
            command=command))
    ]  # fmt: skip
    if not any(event.to == number_ for event in events):
        blocks.append(Text("Nobody has made this version champion."))
    asked = next((event for event in reversed(events) if event.version == number_ and event.gates), None)
    if asked:
        about = f"What the gates said at event {asked.number} ({asked.kind})"
        blocks.append(Table(about, GATE_HEAD, list(gates(asked.gates)), evidence.event_source(asked.number)))
    if evidence.chain.state.champion != number_:
        blocks.append(asked_now(evidence))
    return Section("Approvals", blocks)


def gates(found: Sequence[dict[str, Any]]) -> Iterator[tuple[object, ...]]:
    """Yield a row a gate."""
    for gate in found:
        yield gate["name"], WORDS[gate["passed"]], number(gate["value"], 4), number(gate["limit"], 4), gate["says"]


def asked_now(evidence: Evidence) -> Block:
    """Return what the gates say of the version beside the present champion; nothing is written."""
    champion = evidence.chain.state.champion
    try:
        found = promotion.judged(evidence.root, evidence.place, evidence.chain, evidence.version)
    except LastroError as error:
        return Lacking(f"the gates now: {error}")
    about = f"What the gates say now, beside version {champion}" if champion else "What the gates say now"
    source = evidence.source()._replace(command=f"python -m src.lineage.registry gates {evidence.version.version}")
    return Table(about, GATE_HEAD, list(gates([gate._asdict() for gate in found])), source)


def performance(evidence: Evidence, live: Live | str, settings: Settings | None = None) -> Section:
    """Return what was computed again for this report, and how a validator does the rest."""
    files = len(evidence.version.files)
    rows = [
        ("every file of the version hashed", f"{files} of {files} have the sha256 that the chain names"),
        ("the chain read", f"{len(evidence.chain.events)} events, each with the sha256 of the one before"),
        ("dvc.lock of the commit", locked(evidence)),
        *scored_again(evidence),
        (f"replay of the newest predictions, {MOST_REPLAYED} at most", replayed(evidence, live, settings)),
    ]
    done = Table("Done for this report", ("What", "Outcome"), rows, evidence.event_source(evidence.version.number))
    commit, sha256 = evidence.version.git_commit, evidence.version.sha256
    again = [
        (f"git checkout {commit or 'COMMIT'}; dvc pull; dvc repro --force",
         f"models/model.pkl has the sha256 {sha256}, `dvc status` says nothing"),
        ("python -m src.lineage.replay --since T", "equal for every prediction; exit code 0"),
        ("python -m src.lineage.registry verify", "all events and all objects that they name are whole; exit code 0"),
    ]  # fmt: skip
    told = Table("To be done by the validator, with what must come out", ("Command", "Must come out"), again,
                 evidence.event_source(evidence.version.number))  # fmt: skip
    return Section("Re-performance", [done, told, Lacking("`dvc repro`: a report trains nothing")])


def locked(evidence: Evidence) -> str:
    """Return whether the commit's dvc.lock names the very files of the version."""
    commit = evidence.version.git_commit
    if commit is None:
        return "cannot tell: no commit makes this version"
    content = git.output(evidence.root, "show", f"{commit}:{LOCK}")
    if content is None:
        return f"cannot tell: this checkout has no commit {commit[:12]}"
    other = [name for name, file in evidence.version.files.items() if file.md5 not in content]
    return f"it does not name {', '.join(other)}" if other else "it names every file of the version by its md5"


def scored_again(evidence: Evidence) -> list[tuple[str, str]]:
    """Return what the served form says of the test rows, beside what `evaluate` wrote, and the metrics of both."""
    what = ("test rows scored by the served form", "metrics of the test rows")
    try:
        table, written = (read_table(evidence.folder / name) for name in (TEST, TEST_SCORES))
    except FileNotFoundError as error:
        return [(name, f"cannot tell: the version has no {error.filename.rsplit('/', 1)[-1]}") for name in what]
    then = written["probability_of_default"].to_numpy(dtype=np.float64)
    far = float(np.abs(scored(load(evidence.folder), table) - then).max())
    says = f"the largest difference of {whole(len(then))} PDs is {far:.1e}; at most {FORM:.0e} is allowed"
    return [(what[0], says), (what[1], metrics_again(written["bad"].to_numpy(dtype=np.int64), then, evidence))]


def metrics_again(bad: Bad, pd_of: Vector, evidence: Evidence) -> str:
    """Return how far metrics computed again lie from those that are reported."""
    card = evidence.card
    again, then = score_all(bad, pd_of, card.threshold, card.costs.pair), evidence.evaluation["metrics"]
    far = max((abs(again[name] - one["value"]) for name, one in then.items() if name in again), default=0.0)
    same = "the same to six digits" if far <= ROUNDED else f"they differ by up to {far:.2g}"
    return f"{len(then)} metrics computed again: {same}"


def replayed(evidence: Evidence, live: Live | str, settings: Settings | None) -> str:
    """Return what came of the newest predictions, each computed again from Git and DVC's objects alone."""
    if isinstance(live, str) or not live.newest:
        return f"cannot tell: {live if isinstance(live, str) else 'the log holds no prediction of this version'}"
    settings = settings or Settings()
    try:
        with (
            Reader(settings.journal_url, settings.database_timeout) as reader,
            Workshop(evidence.root, History(evidence.root)) as workshop,
        ):
            services = reader.services(entry.service_id for entry in live.newest if entry.service_id)
            found = Trials(workshop).outcomes(live.newest, services)
    except LastroError as error:
        return f"cannot tell: {error}"
    counts = {verdict: sum(one.verdict == verdict for one in found) for verdict in get_args(Verdict)}
    why = next((one.says[-1] for one in found if one.verdict != "equal" and one.says), "")
    said = f"{counts['equal']} of {len(found)} equal to the last bit, {counts['different']} different"
    gone = f", {counts['forgotten']} forgotten" if counts["forgotten"] else ""
    return f"{said}, {counts['cannot']} cannot be shown{gone}" + (f" ({why})" if why else "")


def sources(evidence: Evidence) -> Section:
    """Return every file of the version with its whole hash and the command that makes it."""
    found = [evidence.source(name) for name in sorted(evidence.version.files)]
    sizes = [evidence.version.files[name].size for name in sorted(evidence.version.files)]
    rows = [(one.file, whole(size), one.sha256 or NONE, one.command) for one, size in zip(found, sizes, strict=True)]
    event: Source = evidence.event_source(evidence.version.number)
    rows.append((event.file, NONE, event.sha256 or NONE, "python -m src.lineage.registry publish"))
    return Section("Sources", [Table("Files", ("File", "Bytes", "sha256", "Made by"), rows, event)])
