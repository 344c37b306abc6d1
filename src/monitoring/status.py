"""what the monitor has written -> which alerts are open, whether messages arrive, when it last succeeded"""

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from src.journal.monitored import last_run, open_alerts
from src.journal.outbox import waiting
from src.monitoring.wording import clock

TOLD = ("id", "kind", "subject", "model_version", "state", "since", "value", "limit", "rows", "text", "command")
TIMES = ("delivered_at", "acknowledged_until")


def status(engine: sa.Engine, patience: timedelta, now: datetime) -> dict[str, Any]:
    """Return the open alerts, the receiver, undelivered messages, the last success and whether that is too long ago."""
    with engine.connect() as connection:
        alerts, left, run = open_alerts(connection), waiting(connection), last_run(connection)
    last = run and run.get("last_success")
    return {
        "alerts": [{name: _plain(alert[name]) for name in (*TOLD, *TIMES)} for alert in alerts],
        "receiver": run["receiver"] if run else "none",
        "undelivered": left.undelivered,
        "refused": left.refused,
        "last_success": last,
        "overdue": not last or now - datetime.fromisoformat(last) > patience,
    }


def described(found: dict[str, Any]) -> str:
    """Return the same for people."""
    last, alerts = found["last_success"], found["alerts"]
    run = f"last success {clock(datetime.fromisoformat(last))}" if last else "no run has succeeded yet"
    lines = [run + (": overdue; see the log of the service `monitor`" if found["overdue"] and last else "")]
    refused = f", {found['refused']} of them refused" if found["refused"] else ""
    lines.append(f"receiver {found['receiver']}, {found['undelivered']} undelivered{refused}")
    for alert in alerts:
        version = f", version {alert['model_version']}" if alert["model_version"] else ""
        head = f"{alert['state']}: {alert['kind']} {alert['subject']}".rstrip()
        body = "\n".join(f"  {line}" for line in alert["text"].splitlines())
        lines.append(f"{head}{version} ({alert['id']})\n{body}")
    return "\n".join(lines if alerts else [*lines, "no alert"])


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
