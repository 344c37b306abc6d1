"""a name -> how far the monitor has come there, a row that one transaction at a time holds"""

import json
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from src.journal.monitoring_tables import MOMENT, MONITOR_PROGRESS

HOLD = sa.text(
    "INSERT INTO monitor_progress (name, value, time) VALUES (:name, 'null', :time) "
    "ON CONFLICT (name) DO UPDATE SET time = monitor_progress.time RETURNING value"
).bindparams(sa.bindparam("time", type_=MOMENT))


def hold(connection: sa.Connection, name: str, now: datetime) -> Any:
    """Return what was noted under a name, None at first; whoever else asks waits until this transaction ends.

    It is a transaction's first statement: SQLite's writer is then alone before it has read anything.
    """
    return json.loads(str(connection.execute(HOLD, {"name": name, "time": now}).scalar_one()))


def note(connection: sa.Connection, name: str, value: Any, now: datetime) -> None:
    """Write what stands under a name that is held."""
    row = MONITOR_PROGRESS.update().where(MONITOR_PROGRESS.c.name == name)
    connection.execute(row.values(value=json.dumps(value), time=now))


def noted(connection: sa.Connection, name: str) -> Any:
    """Return what was noted under a name, None where nothing was; nothing is held."""
    row = MONITOR_PROGRESS.c
    found = connection.execute(sa.select(row.value).where(row.name == name)).scalar_one_or_none()
    return None if found is None else json.loads(found)


def step(connection: sa.Connection, name: str, before: Any, after: Any, now: datetime) -> bool:
    """Note what comes after `before`, as a transaction's first statement; False where another was first."""
    if hold(connection, name, now) != before:
        return False
    note(connection, name, after, now)
    return True


def utc(moment: datetime) -> datetime:
    """Return a moment in UTC; SQLite gives it back without the zone in which it was written."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
