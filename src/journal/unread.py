"""the log, a place in it -> predictions that were not read yet, each once, whatever order their identifiers have

Identifiers and times are made before a row's commit, so a row can appear that is older than the newest one read. What
is remembered is therefore not an identifier. SQLite lets one write at a time: the order of rowids is that of commits.
PostgreSQL keeps each row's transaction: a row is new where that is visible in the present snapshot and was not in the
one before. Nothing is locked while rows are read.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import sqlalchemy as sa

NOTHING = "3:3:"  # PostgreSQL's snapshot in which no transaction is visible: 3 is the first number of any
PLACE = {"sqlite": "rowid", "postgresql": "transaction, id, key_id"}  # a row's last columns say where it stands
NEXT = "rowid > :after ORDER BY rowid LIMIT :rows"
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
Progress = dict[str, Any]  # how far was read; empty before the first row


class Wanted(NamedTuple):
    """What is wanted of each row: `SELECT … FROM predictions`, with PLACE's columns last, and the query's values."""

    query: str
    values: Mapping[str, Any] = {}


def unread(connection: sa.Connection, wanted: Wanted, known: Progress, rows: int) -> tuple[Rows, Progress]:
    """Return the next rows, so many at most, and how far that is; nothing is left where that is what was known."""
    read = of_sqlite if connection.dialect.name == "sqlite" else of_postgresql
    return read(connection, wanted, known, rows)


def of_sqlite(connection: sa.Connection, wanted: Wanted, known: Progress, rows: int) -> tuple[Rows, Progress]:
    """Return the rows after the one that was read last, which VACUUM may have given another number."""
    after = known.get("rowid", 0)
    if known:
        present = place_of(connection, known)
        after = after - 1 if present is None else present  # its number may be another row's, where it was deleted
    found = answered(connection, wanted, NEXT, {"after": after, "rows": rows})
    if not found:
        return found, known
    last = found[-1][-1]
    who = connection.execute(sa.text("SELECT key_id, id FROM predictions WHERE rowid = :last"), {"last": last})
    return found, {"rowid": last, **who.mappings().one()}


def place_of(connection: sa.Connection, known: Progress) -> int | None:
    """Return the number that the row that was read last has in SQLite now; None where it is not there any more."""
    query = sa.text("SELECT rowid FROM predictions WHERE key_id = :key_id AND id = :id")
    found: int | None = connection.execute(query, {"key_id": known["key_id"], "id": known["id"]}).scalar()
    return found


def of_postgresql(connection: sa.Connection, wanted: Wanted, known: Progress, rows: int) -> tuple[Rows, Progress]:
    """Return the rows whose transactions became visible: first those from before transactions were kept.

    While more rows are left than are returned, the snapshot up to which they are read stays the same.
    """
    if "old" not in known:
        found = answered(connection, wanted, OLDER, {"key_id": "", "id": "", **known, "rows": rows})
        return found, placed(found[-1], "id", "key_id") if len(found) == rows else {"old": NOTHING}
    start: Progress = {"new": snapshot(connection), "transaction": 0, "id": "", "key_id": "", **known}
    found = answered(connection, wanted, NEWER, {**start, "rows": rows})
    if len(found) == rows:
        after = placed(found[-1], "transaction", "id", "key_id")
        return found, {"old": known["old"], "new": start["new"], **after}
    return found, {"old": start["new"]} if found or "new" in known else known


def snapshot(connection: sa.Connection) -> str:
    """Return PostgreSQL's present snapshot."""
    return str(connection.execute(sa.text("SELECT pg_current_snapshot()::text")).scalar_one())


def placed(row: tuple[Any, ...], *names: str) -> Progress:
    """Return where a row stands, by the names of its last fields."""
    return dict(zip(names, row[-len(names) :], strict=True))


def answered(connection: sa.Connection, wanted: Wanted, where: str, values: Mapping[str, Any]) -> Rows:
    """Return the rows of a query as the driver's own cursor gives them; SQLAlchemy's would take twice the time."""
    query = sa.text(f"{wanted.query} WHERE {where}")
    found = connection.execute(query, {**values, **wanted.values})
    rows: Rows = list(found.cursor.fetchall())
    found.close()
    return rows


def restored(connection: sa.Connection, known: Progress) -> bool:
    """Say whether PostgreSQL's transactions have smaller numbers than those read: it is a copy on another server."""
    if connection.dialect.name == "sqlite":
        return False
    return bool(connection.execute(sa.text(BACK), {"old": known.get("old", NOTHING)}).scalar_one())


def forget_numbers(connection: sa.Connection) -> None:
    """Take from rows the transactions' numbers of another server, which this one has not reached yet."""
    connection.execute(sa.text(FUTURE))
