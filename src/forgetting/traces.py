"""predictions -> the bytes that SQLite's file has where a copy of one lies whose values are not gone

A row's texts stand in a file one after the other, without anything between; an index has a text behind the sizes of
what it holds.
"""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from src.forgetting.whom import Whom
from src.journal.archive_tables import ARCHIVED
from src.journal.outcome_tables import OUTCOME_GROUPS
from src.journal.outcomes import parts
from src.journal.tables import PREDICTIONS

INTEGERS = (1, 2, 3, 4, 5, 6, 8, 9)  # SQLite's types of a whole number
LONGEST = 57  # of an applicant's number whose size takes one byte


def traces(connection: sa.Connection, whom: Whom, ids: Iterable[str]) -> list[bytes]:
    """Return the bytes; they can be asked for before the values are taken out and afterwards."""
    field = OUTCOME_GROUPS.c.field
    fields = list(connection.execute(sa.select(field).distinct()).scalars())
    found: list[str] = []
    for part in parts(ids):
        for row in (PREDICTIONS.c, ARCHIVED.c):  # pages that are joined when rows go to an archive keep copies too
            found += connection.execute(sa.select(head(row)).where(row.id.in_(part))).scalars()
        found += [one + name for one in part for name in fields]
    return [*(text.encode() for text in found), *of_applicant(whom.applicant)]


def head(row: Any) -> sa.ColumnElement[str]:
    """Return the texts of a row up to where its inputs begin."""
    version = sa.func.coalesce(row.model_version, "")
    found: sa.ColumnElement[str] = row.id + sa.cast(row.time, sa.Text) + row.model_sha256 + version + '{"'
    return found


def of_applicant(number: str | None) -> list[bytes]:
    """Return the entries that an index may have of an applicant's number."""
    text = (number or "").encode()
    if not text or len(text) > LONGEST:
        return []
    return [bytes([3, 13 + 2 * len(text), kind]) + text for kind in INTEGERS]
