"""a run's manifest -> rows of its output, their inputs read from the run's files again, each computed again

The log names the manifest, the manifest the files of input and output, each by its sha256. Inputs are read as the run
read them, and computed by the code and the model of their commits, as other predictions are.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from src.batch import places
from src.batch.answers import MANIFEST, Stretch, manifest_of, read, stretches
from src.batch.planning import project_package
from src.batch.rereading import Form, form_of, rows_at, verified_plan
from src.batch.run import Input, Run, contract_sha256, identified
from src.batch.sampling import Sampled, one_row, sampled
from src.contract.package import Package
from src.errors import LastroError
from src.files import sha256_of
from src.journal.batch_ids import row_of, run_of
from src.journal.batch_runs import runs
from src.journal.batch_tables import BATCH_RUNS, BatchRun
from src.journal.reader import Reader
from src.journal.service import Service
from src.journal.tables import Entry
from src.journal.writer import reason
from src.lineage.rerun import Answer, MissingError
from src.lineage.trials import Trials
from src.lineage.verdicts import Outcome

Replayed = tuple[Entry, Outcome]
Manifest = dict[str, Any]


class Recorded(NamedTuple):
    """A run as the log has it, its manifest, and where its output lies."""

    run: BatchRun
    manifest: Manifest
    parts: list[Stretch]

    @property
    def inputs(self) -> list[Input]:
        """Return the run's files."""
        return [Input(one["path"], one["bytes"], one["sha256"]) for one in self.manifest["input"]]


def replay_manifest(reader: Reader, trials: Trials, path: str, rows: int) -> Iterator[Replayed]:
    """Yield so many rows of a run, spread evenly, and what came of each; raises LastroError where it is none."""
    output = places.whole(path).rpartition("/")[0]
    content = read(path)
    try:
        run_id = json.loads(content)["run_id"]
    except (ValueError, KeyError, TypeError):
        raise LastroError(f"{path}: is no manifest of a batch run") from None
    found = recorded(reader, str(run_id), output, sha256_of(content))
    paths = [one.path for one in found.inputs]
    yield from replayed(reader, trials, found, list(sampled(found.parts, paths, rows, reasons=found.run.reasons)))


def replay_row(reader: Reader, trials: Trials, prediction_id: str) -> Iterator[Replayed]:
    """Yield the row of an identifier, where the log has its run; raises LastroError where the output is gone."""
    found = recorded(reader, run_of(prediction_id))
    paths, row = [one.path for one in found.inputs], row_of(prediction_id)
    yield from replayed(reader, trials, found, one_row(found.parts, paths, row, reasons=found.run.reasons))


def recorded(reader: Reader, run_id: str, output: str | None = None, sha256: str | None = None) -> Recorded:
    """Return a run that the log has, whose manifest is the one that the log names; raises LastroError."""
    try:
        known = sa.inspect(reader.engine).has_table(BATCH_RUNS.name)
        with reader.engine.connect() as connection:
            found = runs(connection, BATCH_RUNS.c.run_id == run_id) if known else []
    except SQLAlchemyError as error:
        raise LastroError(f"the prediction log: {reason(error)}") from None
    if not found:
        raise LastroError(f"the log has no batch run {run_id}")
    (run,) = found
    output = output or run.output
    if sha256 not in (None, run.manifest_sha256):
        raise LastroError(
            f"{places.inside(output, MANIFEST)}: its sha256 is {sha256}, the log names {run.manifest_sha256}"
        )
    manifest = manifest_of(output, run.manifest_sha256)
    return Recorded(run, manifest, list(stretches(output, manifest)))


def replayed(reader: Reader, trials: Trials, found: Recorded, rows: Sequence[Sampled]) -> Iterator[Replayed]:
    """Yield rows of a run and what came of each, file by file."""
    services = reader.services([found.run.service_id] if found.run.service_id else [])
    trials.view = lambda answer: seen(answer, found.run)
    for number, file in enumerate(found.inputs):
        its = [row for row in rows if row.input == number]
        entries = [entry_of(row, found.run) for row in its]
        try:
            inputs = inputs_of(asked_by(trials, entries[0], services), found, file, its) if its else {}
        except MissingError as error:
            yield from ((entry, lost(error)) for entry in entries)
            continue
        with_inputs = [
            entry._replace(inputs=json.dumps(inputs[row.place]))
            for entry, row in zip(entries, its, strict=True)
            if row.place in inputs
        ]
        outcomes = {
            entry.id: outcome
            for entry, outcome in zip(with_inputs, trials.outcomes(with_inputs, services), strict=True)
        }
        for entry, row in zip(entries, its, strict=True):
            yield entry, judged(outcomes.get(entry.id), row)


def entry_of(row: Sampled, run: BatchRun) -> Entry:
    """Return a row as the log would have it, without its inputs."""
    answer = row.answer
    return Entry(
        key_id=run.key_id,
        id=answer["prediction_id"],
        time=run.time,
        model_sha256=run.model_sha256,
        model_version=run.model_version,
        inputs="{}",
        probability_of_default=answer["probability_of_default"],
        score=answer["score"],
        decision=answer["decision"],
        reasons=json.dumps(answer.get("reasons") or []),
        threshold=run.threshold,
        scale=run.scale,
        purpose=run.purpose,
        form_sha256=run.form_sha256,
        git_commit=run.git_commit,
        service_id=run.service_id,
    )


def seen(answer: Answer, run: BatchRun) -> Answer:
    """Return what an output says of an answer: reasons by feature and points, where they were asked for."""
    shown = answer["reasons"] if run.reasons else []
    return answer | {"reasons": [{"feature": one["feature"], "points": one["points"]} for one in shown]}


def lost(error: MissingError) -> Outcome:
    """Return what comes of a row whose inputs cannot be had."""
    return Outcome("cannot", error.what, {}, {}, (str(error),))


def judged(outcome: Outcome | None, row: Sampled) -> Outcome:
    """Return what came of a row: one that the contract refuses now, or whose file was changed, is said."""
    if outcome is None:
        return lost(MissingError("code", f"row {row.place} of its file is refused by the contract as it is now"))
    if row.wrong is None:
        return outcome
    return outcome._replace(verdict="different", says=(*outcome.says, row.wrong))


def inputs_of(form: Form, found: Recorded, file: Input, rows: Sequence[Sampled]) -> dict[int, dict[str, Any]]:
    """Return the inputs of rows by their places in a file, those that the contract takes; raises MissingError."""
    package = project_package()
    refuse_other_contract(found, package)
    try:
        plan = verified_plan(file, package)
    except (LastroError, OSError) as error:
        raise MissingError("object", str(error)) from None
    return dict(rows_at(file, plan, package, form, {row.place for row in rows}))


def asked_by(trials: Trials, entry: Entry, services: Mapping[str, Service]) -> Form:
    """Return what the model that answered asks for; raises MissingError where it cannot be had."""
    service = services.get(entry.service_id or "")
    ways = trials.known_ways(entry, service.code_commit if service else None)
    return form_of(trials.workshop.delivered(ways[0].model))


def refuse_other_contract(found: Recorded, package: Package) -> None:
    """Raise MissingError where files are read otherwise now than by the run, whose identifier follows from that."""
    run = found.run
    facts = Run("", run.form_sha256, run.model_sha256, run.model_version, run.git_commit, "", run.reasons,
                contract_sha256(package), tuple(found.inputs))  # fmt: skip
    if identified(facts).run_id != run.run_id:
        raise MissingError(
            "code",
            f"the data package {package.name!r} says otherwise now how files are read than when the run was made:"
            " the commit that has it as it was replays it",
        )
