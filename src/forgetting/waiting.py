"""a log -> which of its rows may leave it: those that the monitor has counted, if one has begun

It notes the row up to which it read (src.monitoring.reading), and finds those after it by their place in the table.
SQLite gives the place of the last row again when that row goes, so the last one always stays.
"""

import json
from typing import Any

import sqlalchemy as sa

from src.journal.monitoring_tables import MONITOR_PROGRESS
from src.journal.tables import PREDICTIONS

READING = "reading"  # the monitor's name for it
ROWID = sa.literal_column("predictions.rowid", sa.Integer)
COUNTED = "transaction IS NULL OR pg_visible_in_snapshot(transaction::text::xid8, CAST(:old AS pg_snapshot))"


def free(connection: sa.Connection) -> sa.ColumnElement[bool]:
    """Return the condition of the rows that may leave."""
    query = sa.select(MONITOR_PROGRESS.c.value).where(MONITOR_PROGRESS.c.name == READING)
    known: dict[str, Any] | None = json.loads(connection.execute(query).scalar() or "null")
    if connection.dialect.name == "sqlite":
        return sa.and_(last_place(connection, known) > ROWID)
    if known is None:
        return sa.true()
    return sa.text(f"({COUNTED})").bindparams(old=known["old"]) if "old" in known else sa.false()  # type: ignore[return-value]


def last_place(connection: sa.Connection, known: dict[str, Any] | None) -> int:
    """Return the place of the last row that the monitor has read; of the last one where there is no monitor."""
    if not known:
        return connection.execute(
            sa.select(sa.func.coalesce(sa.func.max(ROWID), 0)).select_from(PREDICTIONS)
        ).scalar_one()
    row = PREDICTIONS.c
    same = sa.and_(row.key_id == known["key_id"], row.id == known["id"])
    place = connection.execute(sa.select(ROWID).where(same)).scalar()
    return int(known["rowid"] if place is None else place)
