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

from src.journal.monitoring_tables import HOURLY_COUNTS
from src.monitoring.progress import noted, step

log = logging.getLogger(__name__)
ROWS = 5_000  # that are in memory at once
NOTHING = "3:3:"  # PostgreSQL's snapshot in which no transaction is visible: 3 is the first number of any
NAME = "reading"
WHAT = """
    SELECT CASE WHEN purpose = 'what-if' OR inputs = '{{}}' THEN NULL ELSE inputs END,
           probability_of_default, score, decision, {hour}, CASE WHEN {usual} THEN NULL ELSE {served} END, {place}
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
NEWEST = {
    "sqlite": "SELECT form_sha256, model_sha256, model_version FROM predictions ORDER BY rowid DESC LIMIT 1",
    "postgresql": """
        SELECT form_sha256, model_sha256, model_version FROM predictions
        WHERE transaction IS NOT NULL ORDER BY transaction DESC LIMIT 1
    """,
}
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

    `inputs` is a JSON text, None of one that is no application, or was forgotten before it was counted; `served` the
    JSON text of what answered it, None where that is the part's `usual`.
    """

    inputs: str | None
    probability_of_default: float
    score: int
    decision: str
    hour: str
    served: str | None


class Part(NamedTuple):
    """Rows that were not read yet, plain tuples of `Row`'s fields and their place, and what answered most of them.

    The progress is that `before` and `after` them.
    """

    rows: Rows
    usual: Served
    before: Progress | None
    after: Progress | None


def next_part(engine: sa.Engine, rows: int = ROWS) -> Part:
    """Return the next rows, so many at most; none where `after` is `before`: then nothing is left."""
    with engine.begin() as connection:
        before = noted(connection, NAME)
        known = before or {}
        if engine.dialect.name == "sqlite":
            usual, found, after = of_sqlite(connection, known, rows)
        else:
            usual, found, after = of_postgresql(connection, known, rows)
    return Part(found, usual, before, after or None)


def of_sqlite(connection: sa.Connection, known: Progress, rows: int) -> tuple[Served, Rows, Progress]:
    """Return the rows after the one that was read last, which VACUUM may have given another number."""
    after = known.get("rowid", 0)
    if known:
        query = sa.text("SELECT rowid FROM predictions WHERE key_id = :key_id AND id = :id")
        present = connection.execute(query, {"key_id": known["key_id"], "id": known["id"]}).scalar()
        after = after - 1 if present is None else present  # its number may be another row's, where it was deleted
    usual, found = read(connection, SQLITE, {"after": after, "rows": rows})
    if not found:
        return usual, found, known
    last = found[-1][-1]
    who = connection.execute(sa.text("SELECT key_id, id FROM predictions WHERE rowid = :last"), {"last": last})
    return usual, found, {"rowid": last, **who.mappings().one()}


def of_postgresql(connection: sa.Connection, known: Progress, rows: int) -> tuple[Served, Rows, Progress]:
    """Return the rows whose transactions became visible: first those from before transactions were kept.

    While more rows are left than are returned, the snapshot up to which they are read stays the same.
    """
    if "old" not in known:
        start = {"key_id": "", "id": ""} | known
        usual, found = read(connection, POSTGRESQL + OLDER, {**start, "rows": rows})
        if len(found) == rows:
            return usual, found, placed(found[-1], "id", "key_id")
        return usual, found, {"old": NOTHING}
    present = connection.execute(sa.text("SELECT pg_current_snapshot()::text")).scalar_one()
    start = {"new": present, "transaction": 0, "id": "", "key_id": ""} | known
    usual, found = read(connection, POSTGRESQL + NEWER, {**start, "rows": rows})
    if len(found) == rows:
        after = placed(found[-1], "transaction", "id", "key_id")
        return usual, found, {"old": known["old"], "new": start["new"], **after}
    return usual, found, {"old": start["new"]} if found or "new" in known else known


def placed(row: tuple[Any, ...], *names: str) -> Progress:
    """Return where a row stands, by the names of its last fields."""
    return dict(zip(names, row[-len(names) :], strict=True))


def read(connection: sa.Connection, query: str, values: Mapping[str, Any]) -> tuple[Served, Rows]:
    """Return the rows of a query, and what answered those that do not say it.

    Two hashes a row are a fifth of the time that it takes: those of the log's newest row are not given again. It is the
    driver's own cursor that gives rows; SQLAlchemy's would take twice the time.
    """
    newest = connection.execute(sa.text(NEWEST[connection.dialect.name])).one_or_none()
    usual = Served(*newest) if newest else NOBODY
    found = connection.execute(sa.text(query), {**values, **usual._asdict()})
    rows: Rows = list(found.cursor.fetchall())
    found.close()
    return usual, rows


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
