"""outcomes and groups of batches' rows, OUTPUT's files -> what is known of a month's batches, by served form

The log has no row of a batch: PD and score stand in its output, which is read part by part, of the rows alone of which
something was told. A run whose output is gone, or another now, is left out of its month, and the month says so.
"""

import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from pydantic_core import from_json

from src.errors import LastroError
from src.journal.batch_ids import ids_of, row_of
from src.journal.batch_tables import BatchRun
from src.journal.outcome_tables import OUTCOME_GROUPS, OUTCOMES
from src.monitoring.batches import runs_of_month
from src.monitoring.cohort_view import together
from src.monitoring.cohorts import Batches, Group, Known, Month
from src.monitoring.progress import utc
from src.monitoring.versions import Version
from src.serving.outcomes import bads_of

log = logging.getLogger(__name__)
ROWS = 20_000  # of the log that are in memory at once
UNKNOWN = -1  # of `bad`
Numbers = NDArray[np.int64]
Groups = dict[tuple[str, str], Group]


class Answered(NamedTuple):
    """Rows of a part, by the column and in the order of their numbers."""

    numbers: Numbers
    pd: NDArray[np.float64]
    score: Numbers
    approved: NDArray[np.bool_]

    def of(self, numbers: Numbers) -> "Answered":
        """Return the rows of these numbers; raises LastroError where one of them is not there."""
        places = np.searchsorted(self.numbers, numbers)
        places = np.minimum(places, len(self.numbers) - 1)
        found = Answered(self.numbers[places], self.pd[places], self.score[places], self.approved[places])
        if not np.array_equal(found.numbers, numbers):
            raise LastroError("its output lacks rows of which the log was told")
        return found


class Outcomes(NamedTuple):
    """Rows whose outcome is known, in the order of their numbers; `months` after how many it was observed."""

    numbers: Numbers
    bad: Numbers
    months: Numbers

    def bad_of(self, numbers: Numbers) -> Numbers:
        """Return whether rows of these numbers are bad, -1 where it is not known."""
        if not len(self.numbers):
            return np.full(len(numbers), UNKNOWN)
        places = np.minimum(np.searchsorted(self.numbers, numbers), len(self.numbers) - 1)
        return np.where(self.numbers[places] == numbers, self.bad[places], UNKNOWN)


def told_of(connection: sa.Connection, month: Month) -> tuple[int, int]:
    """Return how many outcomes and groups were told of the rows of a month's batches: neither ever shrinks."""
    runs = runs_of_month(connection, month)
    outcomes, groups = (
        sum(connection.execute(sa.select(sa.func.count()).where(its_rows(table, run))).scalar_one() for run in runs)
        for table in (OUTCOMES, OUTCOME_GROUPS)
    )
    return outcomes, groups


def read_batches(
    connection: sa.Connection, month: Month, versions: Sequence[Version], *, over: bool
) -> dict[str, Batches]:
    """Return what is known of a month's batches by served form; PDs of the approved once the month is over."""
    bads = {version.form_sha256: bads_of(version.card) for version in versions if version.card}
    found: dict[str, Batches] = {}
    for run in runs_of_month(connection, month):
        try:
            its = of_run(connection, run, month, bads.get(run.form_sha256, set()))
        except LastroError as error:
            says = f"{run.scored} predictions of the batch run {run.run_id} are left out: {error}."
            log.warning("%s: %s", month.text, says)
            its = Batches(0, (), {}, (), (run.scored, run.approved), (says,))
        else:
            its = its._replace(pds=spectrum(run) if over else ())
        found[run.form_sha256] = joined(found.get(run.form_sha256), its)
    return found


def joined(before: Batches | None, new: Batches) -> Batches:
    """Return what is known of two runs together."""
    if before is None:
        return new
    groups = dict(before.groups)
    for name, its in new.groups.items():
        groups[name] = together(groups.get(name), its)
    lacking = before.lacking[0] + new.lacking[0], before.lacking[1] + new.lacking[1]
    known, pds, says = [*before.known, *new.known], [*before.pds, *new.pds], [*before.says, *new.says]
    return Batches(before.approved + new.approved, known, groups, pds, lacking, says)


def spectrum(run: BatchRun) -> list[tuple[int, float]]:
    """Return the PDs of the approved in groups of nearly equal ones: how many, and their mean."""
    return [(many, its / many) for many, its in from_json(run.approved_pds)]


def of_run(connection: sa.Connection, run: BatchRun, month: Month, bads: set[str]) -> Batches:
    """Return what is known of a run's rows; raises LastroError where it is needed and the output cannot be read."""
    known: list[Known] = []
    groups: Groups = {}
    for answered, outcomes in told_parts(connection, run, month, bads):
        its = answered.of(outcomes.numbers)
        taken = its.approved
        known.append(Known(its.pd[taken], its.score[taken], outcomes.bad[taken], outcomes.months[taken]))
        for name, one in groups_of(connection, run, answered, outcomes):
            groups[name] = together(groups.get(name), one)
    return Batches(run.approved, known, groups, ())


def told_parts(
    connection: sa.Connection, run: BatchRun, month: Month, bads: set[str]
) -> Iterator[tuple[Answered, Outcomes]]:
    """Yield the answers and the outcomes of each part of a run of whose rows something was told."""
    if not any(is_told(connection, table, run) for table in (OUTCOMES, OUTCOME_GROUPS)):
        return
    from src.batch.answers import manifest_of, rows_of, stretches  # pyarrow, which a log without batches does not need

    for stretch in stretches(run.output, manifest_of(run.output, run.manifest_sha256)):
        extent = stretch.first, stretch.stop
        outcomes = outcomes_of(connection, run, extent, month, bads)
        if len(outcomes.numbers) or is_told(connection, OUTCOME_GROUPS, run, extent):
            numbers, table = rows_of(stretch, ("probability_of_default", "score"))
            pd, score = table["probability_of_default"].to_numpy(), table["score"].to_numpy().astype(np.int64)
            yield Answered(numbers, pd, score, pd < run.threshold), outcomes


def is_told(connection: sa.Connection, table: sa.Table, run: BatchRun, extent: tuple[int, int] | None = None) -> bool:
    """Say whether a table tells anything of a run's rows."""
    return connection.execute(sa.select(table.c.id).where(its_rows(table, run, extent)).limit(1)).first() is not None


def its_rows(table: sa.Table, run: BatchRun, extent: tuple[int, int] | None = None) -> sa.ColumnElement[bool]:
    """Return the condition of the entries of a run's rows, or of those from one number to another, left out."""
    first, stop = extent or (0, run.rows)
    (low,), (high,) = ids_of(run.run_id, first, 1), ids_of(run.run_id, max(first, stop - 1), 1)
    return (table.c.prediction_id >= low) & (table.c.prediction_id <= high) & (stop > first)


def outcomes_of(
    connection: sa.Connection, run: BatchRun, extent: tuple[int, int], month: Month, bads: set[str]
) -> Outcomes:
    """Return the outcome that counts of each row of a part that has one: the latest, at a tie the later entry."""
    row = OUTCOMES.c
    when = sa.type_coerce(row.observed_at, sa.Text)  # as the driver gives it: a month has few different moments
    query = sa.select(row.prediction_id, row.outcome, when).where(its_rows(OUTCOMES, run, extent))
    after: dict[Any, int] = {}
    chunks = []
    for rows in streamed(connection, query.order_by(row.prediction_id, row.observed_at, row.id), row.prediction_id):
        for moment in {moment for *_, moment in rows} - after.keys():
            after[moment] = max(0, month.since(moment_of(moment)))
        found = [(row_of(one), value in bads, after[at]) for one, value, at in rows]
        chunks.append(np.array(found, dtype=np.int64).reshape(-1, 3))
    table = np.concatenate(chunks)
    last = np.append(table[1:, 0] != table[:-1, 0], True)[: len(table)]
    return Outcomes(*table[last].T)


def moment_of(value: Any) -> datetime:
    """Return a moment that SQLite gives as a text."""
    return utc(datetime.fromisoformat(value) if isinstance(value, str) else value)


def groups_of(
    connection: sa.Connection, run: BatchRun, answered: Answered, outcomes: Outcomes
) -> Iterator[tuple[tuple[str, str], Group]]:
    """Yield the groups of a part's rows, as many rows at once as are read together."""
    if not len(answered.numbers):
        return
    row = OUTCOME_GROUPS.c
    extent = int(answered.numbers[0]), int(answered.numbers[-1]) + 1
    query = sa.select(row.prediction_id, row.field, row.value).where(its_rows(OUTCOME_GROUPS, run, extent))
    for rows in streamed(
        connection, query.order_by(row.prediction_id, row.field, row.observed_at, row.id), row.prediction_id
    ):
        members: Mapping[tuple[str, str], list[int]] = defaultdict(list)
        for (one, field), its in groupby(rows, key=lambda entry: (entry[0], entry[1])):
            *_, value = [value for *_, value in its]
            members[field, value].append(row_of(one))
        for name, numbers in members.items():
            yield name, group_of(answered.of(np.array(numbers)), outcomes.bad_of(np.array(numbers)))


def group_of(rows: Answered, bad: Numbers) -> Group:
    """Return what is known of a group's rows."""
    known = rows.approved & (bad != UNKNOWN)
    expected = float(rows.pd[known].sum())
    return Group(len(rows.pd), int(rows.approved.sum()), int(known.sum()), int((bad[known] == 1).sum()), expected)


def streamed(connection: sa.Connection, query: sa.Select[Any], prediction: sa.Column[str]) -> Iterator[list[Any]]:
    """Yield rows, ordered by their prediction, in lists of so many; all of a prediction stand in one list.

    It is the driver's own cursor that gives rows: SQLAlchemy's would take as long as all else together.
    """
    after, many = "", ROWS
    while True:
        result = connection.execute(query.where(prediction >= after).limit(many))
        rows = list(result.cursor.fetchall())
        result.close()
        if len(rows) < many:
            yield rows
            return
        after = rows[-1][0]
        if cut := next((place for place in range(many, 0, -1) if rows[place - 1][0] != after), 0):
            yield rows[:cut]
            many = ROWS
        else:
            many *= 2
