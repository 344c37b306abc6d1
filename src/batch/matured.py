"""what was told of batches' rows, the runs' files -> applications that are old enough to be judged, with their inputs

The log holds no inputs of a batch: they are read from its files again, where these are there and the same, and what was
answered from its output. A run of which either is gone is left out, and said.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from src.batch.answers import Manifest, manifest_of, rows_of, stretches
from src.batch.rereading import Form, form_of, rows_at, verified_plan
from src.batch.run import Input
from src.contract.package import Package, read_package
from src.errors import LastroError
from src.journal.batch_ids import of_batch, row_of
from src.journal.batch_runs import runs_of
from src.journal.batch_tables import BATCH_RUNS, BatchRun
from src.journal.matured import OUTCOME, Matured
from src.journal.outcomes import forgotten
from src.journal.reader import Reader
from src.journal.writer import reason

ANSWER = ("probability_of_default", "score", "decision")
Told = Mapping[str, Mapping[str, str]]


class Rows(NamedTuple):
    """Applications by their identifiers, and sentences about those that batches have."""

    rows: dict[str, Matured]
    says: list[str]


def matured_rows(log: Reader, before: datetime, told: Told, models: Path, dataset: Path) -> Rows:
    """Return the rows of runs recorded before a moment whose outcome was told.

    `models` is the folder whose card says what is read of the files, as the data package `dataset` says.
    Raises LastroError.
    """
    found, says = dict[str, Matured](), list[str]()
    for run, ids in its_runs(log, [one for one in told if of_batch(one) and OUTCOME in told[one]]).items():
        if run.time >= before:
            continue
        try:
            its = {one.id: one for one in of_run(run, ids, told, form_of(models), read_package(dataset))}
        except (LastroError, OSError) as error:
            says.append(f"batch run {run.run_id}: {len(ids)} applications with outcomes are left out: {error}")
            continue
        found |= its
        refused = f", {len(ids) - len(its)} are refused by the contract as it is now" if len(its) < len(ids) else ""
        says.append(f"batch run {run.run_id}: {len(its)} applications with outcomes, inputs from its files{refused}")
    return Rows(found, says)


def its_runs(log: Reader, ids: Sequence[str]) -> dict[BatchRun, list[str]]:
    """Return identifiers of batches' rows by their runs, those left out that were forgotten.

    A log of an earlier release has none.
    """
    found: dict[BatchRun, list[str]] = defaultdict(list)
    if not ids:
        return found
    try:
        if sa.inspect(log.engine).has_table(BATCH_RUNS.name):
            with log.engine.connect() as connection:
                gone = forgotten(connection, ids)
                for one, run in runs_of(connection, [one for one in ids if one not in gone]).items():
                    found[run].append(one)
    except SQLAlchemyError as error:
        raise LastroError(f"the prediction log: {reason(error)}") from None
    return found


def of_run(run: BatchRun, ids: Sequence[str], told: Told, form: Form, package: Package) -> Iterator[Matured]:
    """Yield a run's applications; raises LastroError where its output or a file of its input is gone, or another."""
    wanted = {row_of(one): one for one in ids}
    manifest = manifest_of(run.output, run.manifest_sha256)
    answers = dict(answers_of(run, manifest, wanted))
    first = 0
    for one in manifest["input"]:
        file = Input(one["path"], one["bytes"], one["sha256"])
        plan = verified_plan(file, package)
        its = {row - first for row in wanted if first <= row < first + plan.rows}
        for place, inputs in rows_at(file, plan, package, form, its) if its else ():
            prediction = wanted[place + first]
            groups = dict(told[prediction])
            outcome, answer = groups.pop(OUTCOME), answers[place + first]
            yield Matured(prediction, run.time, inputs, outcome, groups, *(answer[name] for name in ANSWER))
        first += plan.rows


def answers_of(run: BatchRun, manifest: Manifest, wanted: Mapping[int, str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield rows' numbers and what was answered to them."""
    for stretch in stretches(run.output, manifest):
        if any(stretch.first <= row < stretch.stop for row in wanted):
            numbers, table = rows_of(stretch, ANSWER)
            places = [place for place, row in enumerate(numbers.tolist()) if row in wanted]
            yield from zip(numbers[places].tolist(), table.take(places).to_pylist(), strict=True)
