"""a log -> which of its rows may leave it: those that the monitor and the lake have read, where there are any

Each notes the row up to which it read (src.journal.unread), and finds those after it by their place in the table.
SQLite gives the place of the last row again when that row goes, so the last one always stays.
"""

import json
from typing import Any

import sqlalchemy as sa

from src.journal.monitoring_tables import MONITOR_PROGRESS
from src.journal.tables import PREDICTIONS

Progress = dict[str, Any]
READING = "reading"  # the monitor's name for it
ROWID = sa.literal_column("predictions.rowid", sa.Integer)
VISIBLE = "(transaction IS NULL OR pg_visible_in_snapshot(transaction::text::xid8, CAST(:{name} AS pg_snapshot)))"


def free(connection: sa.Connection, lake: Progress | None = None) -> sa.ColumnElement[bool]:
    """Return the condition of the rows that may leave; `lake` is how far the lake has read, where there is one."""
    query = sa.select(MONITOR_PROGRESS.c.value).where(MONITOR_PROGRESS.c.name == READING)
    monitor: Progress | None = json.loads(connection.execute(query).scalar() or "null")
    return sa.and_(read_by(connection, "monitor", monitor), read_by(connection, "lake", lake))


def read_by(connection: sa.Connection, name: str, known: Progress | None) -> sa.ColumnElement[bool]:
    """Return the condition of rows that a reader has read, the last one left out; of all where there is none."""
    if connection.dialect.name == "sqlite":
        return sa.and_(last_place(connection, known) > ROWID)
    if known is None:
        return sa.true()
    if "old" not in known:
        return sa.false()
    return sa.and_(sa.text(VISIBLE.format(name=name)).bindparams(**{name: known["old"]}))


def last_place(connection: sa.Connection, known: Progress | None) -> int:
    """Return the place of the last row that a reader has read; of the last one where there is no reader."""
    if known is not None and "key_id" not in known:  # it has read none yet
        return 0
    if known is None:
        return connection.execute(
            sa.select(sa.func.coalesce(sa.func.max(ROWID), 0)).select_from(PREDICTIONS)
        ).scalar_one()
    row = PREDICTIONS.c
    same = sa.and_(row.key_id == known["key_id"], row.id == known["id"])
    place = connection.execute(sa.select(ROWID).where(same)).scalar()
    return int(known["rowid"] if place is None else place)
