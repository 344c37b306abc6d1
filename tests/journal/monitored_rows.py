"""rows as the monitor leaves them"""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from src.journal.identifiers import new_id
from src.journal.monitoring_tables import ALERT_EVENTS, ALERTS, CHECKS, COHORTS, HOURLY_COUNTS, MONITOR_PROGRESS
from src.journal.monitoring_tables import MONITOR_VIEWS as VIEWS

DAY = timedelta(days=1)
START = datetime(2026, 3, 1, tzinfo=UTC)
FORM = {"form_sha256": "f" * 64, "model_version": "1"}
NOBODY = {"form_sha256": "", "model_version": None}


def check(day: int, kind: str = "drift", subject: str = "duration", **changes: Any) -> dict[str, Any]:
    """A quiet window of one day."""
    starts = START + day * DAY
    none = dict.fromkeys(("model_sha256", "psi", "psi_training", "statistic", "p_value", "value", "limit", "says"))
    told = {"kind": kind, "subject": subject, "window_start": starts, "window_end": starts + DAY, "rows": 300}
    return FORM | none | told | {"alarm": False, "judged_at": starts + DAY} | changes


def cohort(month: str, mature: bool = True, **found: Any) -> dict[str, Any]:
    """A month of applications."""
    return FORM | {"month": month, "mature": mature, "found": json.dumps(found), "time": START}


def alert(kind: str, state: str, day: int, **changes: Any) -> dict[str, Any]:
    """An alert that fired on a day."""
    fired = START + day * DAY
    told = {"text": f"{kind}!", "command": "look", "changed_at": fired, "value": 0.3, "limit": 0.1, "rows": 300}
    none = {"delivered_at": None, "acknowledged_until": None}
    return FORM | {"id": new_id(), "kind": kind, "subject": "", "state": state, "since": fired} | told | none | changes


def seed(connection: sa.Connection) -> list[dict[str, Any]]:
    """Write a few days of everything; return the alerts, the oldest first."""
    gone = {"form_sha256": "e" * 64, "model_version": "0"}
    drift = [check(day, psi=day / 100, p_value=0.5, limit=0.1) for day in range(80, 83)]
    drift += [check(81, subject="score", psi=0.3, p_value=1e-9, alarm=True), check(1, psi=0.9, p_value=0.0, **gone)]
    connection.execute(CHECKS.insert(), [*drift, check(82, "volume", "", **NOBODY)])
    rate = {"known": 200, "bads": 10, "expected": 16.0, "roc_auc": {"value": 0.7, "low": 0.6, "high": 0.8}}
    months = [cohort("2026-01", known=1, bads=1, expected=1.0), cohort("2026-02", **rate)]
    connection.execute(COHORTS.insert(), [*months, cohort("2026-03", mature=False, known=3, bads=3, expected=1.0)])
    told = {"bands": {"bands": [1, 2]}, "version": {"says": "no reference was delivered"}}
    views = [FORM | {"kind": kind, "found": json.dumps(found), "time": START} for kind, found in told.items()]
    connection.execute(VIEWS.insert(), views)
    hours = [
        FORM | {"hour": START + day * DAY, "model_sha256": "a" * 64, "rows": day, "counts": "{}"} for day in (1, 2)
    ]
    connection.execute(HOURLY_COUNTS.insert(), hours)
    alerts = [alert("drift", "resolved", 1), alert("drift", "firing", 2), alert("volume", "acknowledged", 3, **NOBODY)]
    connection.execute(ALERTS.insert(), alerts)
    quiet = {"value": None, "rows": None, "why": None, "by": None, "until": None}
    events = [(0, 1, "firing"), (1, 2, "firing"), (0, 2, "resolved"), (2, 3, "firing"), (2, 4, "acknowledged")]
    history = [{"alert_id": alerts[of]["id"], "time": START + day * DAY, "state": state} for of, day, state in events]
    connection.execute(ALERT_EVENTS.insert(), [event | quiet for event in history])
    run = {"last_success": START.isoformat(), "rows_counted": 7, "receiver": "failing"}
    run |= {"silence_hours": 4, "minutes": 15.0}
    connection.execute(MONITOR_PROGRESS.insert().values(name="run", value=json.dumps(run), time=START))
    return alerts
