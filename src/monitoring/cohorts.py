"""a month's predictions, outcomes and groups -> what is known of whom, by served form

Months are those of the prediction. The approved are those whose PD is below the threshold that their own row recorded.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from src.journal.archive_tables import ARCHIVED
from src.journal.identifiers import first_id
from src.journal.outcome_tables import OUTCOME_GROUPS, OUTCOMES
from src.journal.tables import PREDICTIONS
from src.monitoring.performance import Bad, Vector
from src.monitoring.progress import utc
from src.monitoring.versions import Version, form_of
from src.serving.outcomes import bads_of


class Month(NamedTuple):
    """A calendar month, UTC."""

    year: int
    month: int

    @property
    def text(self) -> str:
        """Return it as 2026-03."""
        return f"{self.year:04}-{self.month:02}"

    @property
    def start(self) -> datetime:
        """Return when it begins."""
        return datetime(self.year, self.month, 1, tzinfo=UTC)

    @property
    def end(self) -> datetime:
        """Return when it is over."""
        return (self.start + timedelta(days=31)).replace(day=1)

    def since(self, moment: datetime) -> int:
        """Return how many calendar months lie between it and a moment's."""
        moment = utc(moment)
        return (moment.year - self.year) * 12 + moment.month - self.month


class Answered(NamedTuple):
    """A prediction; `bad` is None where the outcome is not known, `months` after how many it was."""

    id: str
    probability_of_default: float
    score: int
    approved: bool
    bad: bool | None = None
    months: int | None = None


class Known(NamedTuple):
    """Approved applicants whose outcome is known, by the column: `bad` is 0 or 1, `months` after how many it was."""

    pd: Vector
    score: NDArray[np.int64]
    bad: Bad
    months: NDArray[np.int64]


class Group(NamedTuple):
    """Predictions of a group, the approved of them, those of these whose outcome is known, bads and expected bads."""

    predictions: int
    approved: int
    known: int
    observed: int
    expected: float


class Batches(NamedTuple):
    """The rows of a month's batch runs: those of which something is known, and of the approved the PDs.

    `groups` are by field and value, `pds` in groups of nearly equal ones: how many, and their mean. `says` tells which
    runs could not be read; their rows are left out, and `lacking` says how many predictions and approved those are.
    """

    approved: int
    known: Sequence[Known]
    groups: Mapping[tuple[str, str], Group]
    pds: Sequence[tuple[int, float]]
    lacking: tuple[int, int] = (0, 0)
    says: Sequence[str] = ()


class Cohort(NamedTuple):
    """A version's month: how many predictions it has, and those of them of which something is known.

    `pds` are those of all approved, once the month is over; `groups` hold a field, a value and who belongs there. What
    is known of the rows of batches stands beside those of the service.
    """

    month: Month
    predictions: int
    approved: int
    known: list[Answered]
    groups: list[tuple[str, str, Answered]]
    pds: list[float]
    batches: Batches | None = None


def read_month(connection: sa.Connection, month: Month, versions: Sequence[Version]) -> dict[str, Cohort]:
    """Return what is known of a month's applications by served form; the counts are left to the caller."""
    found: dict[str, Cohort] = defaultdict(lambda: Cohort(month, 0, 0, [], [], []))
    known: dict[str, tuple[str, Answered]] = {}
    bads = {version.form_sha256: bads_of(version.card) for version in versions if version.card}
    outcome, group = OUTCOMES.c, OUTCOME_GROUPS.c
    for row in joined(connection, month, OUTCOMES, outcome.outcome, outcome.observed_at, outcome.id):
        form = form_of(versions, row.form_sha256, row.model_sha256)
        months = max(0, month.since(row.observed_at))
        known[row.id] = form, answered(row)._replace(bad=row.outcome in bads.get(form, ()), months=months)
    for (
        form,
        one,
    ) in known.values():  # of each prediction its last row: the latest observation, at a tie the later entry
        found[form].known.append(one)
    of: dict[tuple[str, str], tuple[str, str, Answered]] = {}
    for row in joined(connection, month, OUTCOME_GROUPS, group.field, group.value, group.observed_at, group.id):
        form = form_of(versions, row.form_sha256, row.model_sha256)
        of[row.id, row.field] = form, row.value, known[row.id][1] if row.id in known else answered(row)
    for (_, field), (form, value, one) in of.items():
        found[form].groups.append((field, value, one))
    return found


def joined(connection: sa.Connection, month: Month, table: sa.Table, *columns: sa.ColumnElement[Any]) -> list[Any]:
    """Return a month's predictions, archived ones too, beside what `table` tells of them, the oldest observation first.

    It begins with what was told, which by an outer join SQLite does too: it would look at all of a month's predictions.
    """
    told = table.c
    parts = [
        sa.select(row.id, row.form_sha256, row.model_sha256, row.probability_of_default, row.score, row.decision,
                  row.threshold, told.observed_at, told.id.label("place"),
                  *(column for column in columns if column.name not in ("id", "observed_at")))
        .join_from(table, predictions, row.id == told.prediction_id, isouter=True)
        .where(told.prediction_id >= first_id(month.start), told.prediction_id < first_id(month.end))
        .where(row.purpose.is_distinct_from("what-if"))
        for predictions in (PREDICTIONS, ARCHIVED) for row in [predictions.c]
    ]  # fmt: skip
    query = sa.union_all(*parts)
    query = query.order_by(query.selected_columns.observed_at, query.selected_columns.place)
    return [found for found in connection.execute(query) if found.id is not None]


def answered(row: Any) -> Answered:
    """Return a prediction of the log, approved where its PD is below the threshold of that time."""
    pd, threshold = row.probability_of_default, row.threshold
    return Answered(row.id, pd, row.score, row.decision == "approve" if threshold is None else pd < threshold)


def approved_pds(connection: sa.Connection, month: Month, versions: Sequence[Version]) -> dict[str, list[float]]:
    """Return the PDs of all approved applicants of a month by served form."""
    answer = connection.execute(sa.union_all(*(approved(table.c, month) for table in (PREDICTIONS, ARCHIVED))))
    named: dict[tuple[str | None, str], list[float]] = defaultdict(list)
    for form, model, pd in answer.cursor.fetchall():  # the driver's own: a month may have a million
        named[form, model].append(pd)
    answer.close()
    found: dict[str, list[float]] = defaultdict(list)
    for name, pds in named.items():
        found[form_of(versions, *name)] += pds
    return found


def approved(row: Any, month: Month) -> sa.Select[Any]:
    """Return the query of a month's approved applicants."""
    chosen = (row.id >= first_id(month.start)) & (row.id < first_id(month.end))
    below = sa.func.coalesce(row.probability_of_default < row.threshold, row.decision == "approve")
    query = sa.select(row.form_sha256, row.model_sha256, row.probability_of_default)
    return query.where(chosen, below, row.purpose.is_distinct_from("what-if"))


def told(connection: sa.Connection, month: Month) -> tuple[int, int]:
    """Return how many outcomes and groups were told of a month's predictions; groups of who is forgotten leave."""
    counts = [
        sa.select(sa.func.count())
        .where(table.c.prediction_id >= first_id(month.start), table.c.prediction_id < first_id(month.end))
        .scalar_subquery()
        for table in (OUTCOMES, OUTCOME_GROUPS)
    ]
    outcomes, groups = connection.execute(sa.select(*counts)).one()
    return outcomes, groups
