"""the log -> the rows that were not read yet, each once, whatever order their identifiers have

Identifiers and times are made before a row's commit, so a row can appear that is older than the newest one read. What
is remembered is therefore not an identifier. SQLite lets one write at a time: the order of rowids is that of commits.
PostgreSQL keeps each row's transaction: a row is new where that is visible in the present snapshot and was not in the
one before. Nothing is locked while rows are read; who counts them writes down their `after` only where the progress
is still what it was `before`, so that two who read the same rows do not both count them.
"""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from pydantic_core import from_json

from src.journal.monitoring_tables import HOURLY_COUNTS
from src.monitoring.progress import noted, step

log = logging.getLogger(__name__)
ROWS = 5_000  # that are in memory at once
NOTHING = "3:3:"  # PostgreSQL's snapshot in which no transaction is visible: 3 is the first number of any
NAME = "reading"
WHAT = """
    SELECT CASE WHEN purpose = 'what-if' THEN NULL ELSE inputs END, probability_of_default, score, decision,
           {hour}, CASE WHEN {usual} THEN NULL ELSE {served} END, {place}
    FROM predictions WHERE
"""
SQLITE = (
    WHAT.format(
        hour="substr(time, 1, 13)",
        usual="form_sha256 IS :form_sha256 AND model_sha256 IS :model_sha256 AND model_version IS :model_version",
        served="json_array(form_sha256, model_sha256, model_version)",
        place="rowid",
    )
    + "rowid > :after ORDER BY rowid LIMIT :rows"
)
POSTGRESQL = WHAT.format(
    hour="to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24')",
    usual="""form_sha256 IS NOT DISTINCT FROM CAST(:form_sha256 AS text) AND model_sha256 = CAST(:model_sha256 AS text)
             AND model_version IS NOT DISTINCT FROM CAST(:model_version AS text)""",
    served="json_build_array(form_sha256, model_sha256, model_version)::text",
    place="transaction, id, key_id",
)
OLDER = "transaction IS NULL AND (key_id, id) > (:key_id, :id) ORDER BY key_id, id LIMIT :rows"
NEWER = """
    transaction >= pg_snapshot_xmin(CAST(:old AS pg_snapshot))::text::bigint
    AND (transaction, id, key_id) > (:transaction, :id, :key_id)
    AND pg_visible_in_snapshot(transaction::text::xid8, CAST(:new AS pg_snapshot))
    AND NOT pg_visible_in_snapshot(transaction::text::xid8, CAST(:old AS pg_snapshot))
    ORDER BY transaction, id, key_id LIMIT :rows
"""
BACK = "SELECT pg_snapshot_xmax(pg_current_snapshot()) < pg_snapshot_xmin(CAST(:old AS pg_snapshot))"
FUTURE = """
    UPDATE predictions SET transaction = NULL
    WHERE transaction >= pg_snapshot_xmax(pg_current_snapshot())::text::bigint
"""


Rows = list[tuple[Any, ...]]
Progress = dict[str, Any]


class Served(NamedTuple):
    """What answered a prediction."""

    form_sha256: str | None
    model_sha256: str
    model_version: str | None


NOBODY = Served(None, "", None)


class Row(NamedTuple):
    """What counts of a prediction, as the driver gives it; what says where the row stands comes after.

    `inputs` is a JSON text, None of one that is no application; `served` the JSON text of what answered it, None where
    that is what answered the part's first row too.
    """

    inputs: str | None
    probability_of_default: float
    score: int
    decision: str
    hour: str
    served: str | None


class Part(NamedTuple):
    """Rows that were not read yet, plain tuples of `Row`'s fields and their place, and what answered the first of them.

    The progress is that `before` and `after` them.
    """

    rows: Rows
    first: Served
    before: Progress | None
    after: Progress | None


def next_part(engine: sa.Engine, rows: int = ROWS) -> Part:
    """Return the next rows, so many at most; none where `after` is `before`: then nothing is left."""
    with engine.begin() as connection:
        before = noted(connection, NAME)
        known = before or {}
        if engine.dialect.name == "sqlite":
            first, found, after = of_sqlite(connection, known, rows)
        else:
            first, found, after = of_postgresql(connection, known, rows)
    return Part(found, first, before, after or None)


def of_sqlite(connection: sa.Connection, known: Progress, rows: int) -> tuple[Served, Rows, Progress]:
    """Return the rows after the one that was read last, which VACUUM may have given another number."""
    after = known.get("rowid", 0)
    if known:
        query = sa.text("SELECT rowid FROM predictions WHERE key_id = :key_id AND id = :id")
        present = connection.execute(query, {"key_id": known["key_id"], "id": known["id"]}).scalar()
        after = after - 1 if present is None else present  # its number may be another row's, where it was deleted
    first, found = read(connection, SQLITE, {"after": after, "rows": rows})
    if not found:
        return first, found, known
    last = found[-1][-1]
    who = connection.execute(sa.text("SELECT key_id, id FROM predictions WHERE rowid = :last"), {"last": last})
    return first, found, {"rowid": last, **who.mappings().one()}


def of_postgresql(connection: sa.Connection, known: Progress, rows: int) -> tuple[Served, Rows, Progress]:
    """Return the rows whose transactions became visible: first those from before transactions were kept.

    While more rows are left than are returned, the snapshot up to which they are read stays the same.
    """
    if "old" not in known:
        start = {"key_id": "", "id": ""} | known
        first, found = read(connection, POSTGRESQL + OLDER, {**start, "rows": rows})
        if len(found) == rows:
            return first, found, placed(found[-1], "id", "key_id")
        return first, found, {"old": NOTHING}
    present = connection.execute(sa.text("SELECT pg_current_snapshot()::text")).scalar_one()
    start = {"new": present, "transaction": 0, "id": "", "key_id": ""} | known
    first, found = read(connection, POSTGRESQL + NEWER, {**start, "rows": rows})
    if len(found) == rows:
        after = placed(found[-1], "transaction", "id", "key_id")
        return first, found, {"old": known["old"], "new": start["new"], **after}
    return first, found, {"old": start["new"]} if found or "new" in known else known


def placed(row: tuple[Any, ...], *names: str) -> Progress:
    """Return where a row stands, by the names of its last fields."""
    return dict(zip(names, row[-len(names) :], strict=True))


def read(connection: sa.Connection, query: str, values: Mapping[str, Any]) -> tuple[Served, Rows]:
    """Return the rows of a query, and what answered the first of them.

    Two hashes a row are a fifth of the time that it takes: those of the first row are not given again. It is the
    driver's own cursor that gives rows; SQLAlchemy's would take twice the time.
    """
    first = fetched(connection, query, {**values, **NOBODY._asdict(), "rows": 1})
    if not first:
        return NOBODY, []
    served = Served(*from_json(first[0][Row._fields.index("served")]))
    return served, fetched(connection, query, {**values, **served._asdict()})


def fetched(connection: sa.Connection, query: str, values: Mapping[str, Any]) -> Rows:
    """Return what the driver gives."""
    found = connection.execute(sa.text(query), values)
    rows: Rows = list(found.cursor.fetchall())
    found.close()
    return rows


def begin(engine: sa.Engine, now: datetime) -> None:
    """Begin anew where PostgreSQL's transactions have smaller numbers than those that were read.

    The database was restored on another server. The counts are made of the log again; windows that were judged stay so.
    """
    if engine.dialect.name == "sqlite":
        return
    with engine.begin() as connection:
        before = noted(connection, NAME)
        if not connection.execute(sa.text(BACK), {"old": (before or {}).get("old", NOTHING)}).scalar_one():
            return
        log.warning("the log's database was restored on another server: its rows are counted anew")
        if step(connection, NAME, before, None, now):
            connection.execute(HOURLY_COUNTS.delete())
            connection.execute(sa.text(FUTURE))
