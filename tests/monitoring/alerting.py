"""Judged windows as the monitor leaves them, written by hand, and what came of them"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from src.journal.monitoring_tables import ALERT_EVENTS, ALERTS, CHECKS, MONITOR_PROGRESS, OUTBOX

START = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)
FORM = "f" * 64
SIZES = {
    "drift": {"psi": 0.342, "p_value": 1.2e-14, "limit": 0.1},
    "volume": {"value": 3.4, "limit": 3.0},
    "silence": {"value": 7.5, "limit": 6.0, "rows": 0},
    "calibration": {"value": 1.9, "p_value": 0.0003, "limit": 1.25},
}
WHOLE = {"volume", "silence"}  # of no version


def check(
    day: int, alarm: bool | None, kind: str = "drift", subject: str = "duration", **changes: Any
) -> dict[str, Any]:
    """The window of a day."""
    start, version = START + day * DAY, None if kind in WHOLE else "3"
    row = {"form_sha256": FORM if version else "", "model_version": version, "kind": kind, "subject": subject}
    row |= {"window_start": start, "window_end": start + DAY, "judged_at": start + DAY, "rows": 312, "alarm": alarm}
    return row | dict.fromkeys(("psi", "p_value", "value", "limit")) | SIZES[kind] | changes


def judged(engine: sa.Engine, rows: Iterable[dict[str, Any]]) -> None:
    with engine.begin() as connection:
        connection.execute(CHECKS.insert(), list(rows))


def days(alarms: str, first: int = 0, **changes: Any) -> list[dict[str, Any]]:
    """A window a day: `!` alarms, `.` is quiet, `?` was not judged."""
    return [check(first + n, {"!": True, ".": False, "?": None}[sign], **changes) for n, sign in enumerate(alarms)]


def table(engine: sa.Engine, of: sa.Table) -> list[dict[str, Any]]:
    """All rows of a table, in the order in which they came."""
    with engine.connect() as connection:
        return [dict(row) for row in connection.execute(sa.select(of).order_by(of.c.id)).mappings()]


def states(engine: sa.Engine) -> list[str]:
    return [row["state"] for row in table(engine, ALERTS)]


def history(engine: sa.Engine) -> list[str]:
    return [row["state"] for row in table(engine, ALERT_EVENTS)]


def messages(engine: sa.Engine) -> list[str]:
    return [row["title"] for row in table(engine, OUTBOX)]


def seen(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        query = sa.select(MONITOR_PROGRESS.c.value).where(MONITOR_PROGRESS.c.name == "alerts")
        return int(json.loads(connection.execute(query).scalar_one())["id"])
