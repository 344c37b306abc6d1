"""who is to be forgotten -> the predictions that hold something of them, in the log and archived"""

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from src.journal.archive_tables import ARCHIVED, ARCHIVES, FORGOTTEN
from src.journal.outcome_tables import OUTCOME_GROUPS
from src.journal.outcomes import parts
from src.journal.tables import FORGOTTEN_INPUTS, PREDICTIONS, zoned


class Whom(NamedTuple):
    """One applicant, or one prediction."""

    applicant: str | None = None
    prediction: str | None = None

    @property
    def applicants(self) -> list[str]:
        """Return the applicants whose features are meant."""
        return [self.applicant] if self.applicant is not None else []


class Found(NamedTuple):
    """Predictions of whom is meant; those in the log and archives that are not blank yet, groups; when it was done."""

    ids: list[str]
    logged: list[str]
    archives: dict[str, list[str]]
    groups: int
    done_at: datetime | None


def find(connection: sa.Connection, whom: Whom) -> Found:
    """Return what the log knows of whom is meant."""
    tables = [(PREDICTIONS, "id"), (ARCHIVED, "id"), (FORGOTTEN, "prediction_id")]
    if whom.prediction is not None:  # a row of a file that was scored is in none of them, what was told of it is
        tables.append((OUTCOME_GROUPS, "prediction_id"))
    queries = [sa.select(table.c[name]).where(means(table, name, whom)) for table, name in tables]
    ids = sorted({one for query in queries for one in connection.execute(query).scalars()})
    logged: list[str] = []
    done: list[datetime | None] = []
    archives: dict[str, list[str]] = {}
    groups = 0
    for part in parts(ids):
        row, narrow = PREDICTIONS.c, ARCHIVED.c
        full = row.inputs != FORGOTTEN_INPUTS
        logged += connection.execute(sa.select(row.id).where(row.id.in_(part), full)).scalars()
        for one, key in connection.execute(
            sa.select(narrow.id, ARCHIVES.c.object)
            .join(ARCHIVES, ARCHIVES.c.number == narrow.archive)
            .where(narrow.id.in_(part), ~narrow.forgotten)
        ):
            archives.setdefault(key, []).append(one)
        told = sa.select(sa.func.count()).where(OUTCOME_GROUPS.c.prediction_id.in_(part))
        groups += connection.execute(told).scalar_one()
        done += connection.execute(sa.select(FORGOTTEN.c.done_at).where(FORGOTTEN.c.prediction_id.in_(part))).scalars()
    known = [zoned(moment) for moment in done if moment]
    return Found(ids, logged, archives, groups, max(known) if known and len(known) == len(ids) else None)


def means(table: sa.Table, name: str, whom: Whom) -> sa.ColumnElement[bool]:
    """Return the condition on a table's rows; `name` is the column of predictions."""
    return table.c[name] == whom.prediction if whom.prediction is not None else table.c.applicant_id == whom.applicant
