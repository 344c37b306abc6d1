"""an alert of the champion that alarms in two windows running -> `python -m src.lineage.retrain`, at most once a week

Only where policy.yaml says `monitoring.retrain: true`. It runs by itself: the monitor neither waits for it nor hears of
it, and says in a message that it has begun.
"""

import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from src import git
from src.journal.monitoring_tables import ALERTS, CHECKS
from src.journal.outbox import enqueue
from src.monitoring.progress import hold, note, utc
from src.monitoring.settings import ROOT, Settings
from src.monitoring.windows import FIRING
from src.monitoring.wording import clock

NAME = "retrain"  # what was started last
KINDS = ("drift", "calibration")  # what another model could mend
WINDOWS = 2  # running, that alarm
PAUSE = timedelta(days=7)
MORE = "What it does: var/retrain/retrain.log. A person promotes: docs/lifecycle.md#the-way-back"
IN_THE_BACKGROUND = '"$@" &'  # of the shell: nobody is left to wait for it


def retrain_where_due(engine: sa.Engine, settings: Settings, champion: str, now: datetime) -> str | None:
    """Start a retraining where an alert of the champion, a form's sha256, asks for one; return why, or None."""
    here = git.head(ROOT) is not None
    why = due(engine, champion, now, here=here)
    if why is None or not here:
        return None
    start(settings, why, now)
    return why


def due(engine: sa.Engine, champion: str, now: datetime, *, here: bool) -> str | None:
    """Note that a retraining starts, put that into the outbox and return why; None where it is not to start now.

    Whoever is killed afterwards has used up the week. Where none can run `here` the message says so.
    """
    with engine.begin() as connection:
        last = hold(connection, NAME, now)
        if last and now - datetime.fromisoformat(last["started"]) < PAUSE:
            return None
        alert = next((alert for alert in firing(connection, champion) if alarms(connection, alert)), None)
        if alert is None:
            return None
        why = f"{alert['kind']} {alert['subject']}".strip() + f", since {clock(alert['since'])} (alert {alert['id']})"
        title = "Retraining has started" if here else "Retraining cannot start: the monitor runs in no Git checkout"
        enqueue(connection, title, f"{why}\n{MORE}", "info" if here else "warning", None, now)
        note(connection, NAME, {"started": now.isoformat(), "alert": alert["id"]}, now)
    return why


def firing(connection: sa.Connection, champion: str) -> list[dict[str, Any]]:
    """Return the champion's alerts that fire, the oldest first; one that was acknowledged is a person's matter."""
    query = sa.select(ALERTS).where(
        ALERTS.c.form_sha256 == champion, ALERTS.c.state == FIRING, ALERTS.c.kind.in_(KINDS)
    )
    return [dict(row) for row in connection.execute(query.order_by(ALERTS.c.id)).mappings()]


def alarms(connection: sa.Connection, alert: dict[str, Any]) -> bool:
    """Say whether the last two windows of an alert's check alarm."""
    same = [CHECKS.c[name] == alert[name] for name in ("form_sha256", "kind", "subject")]
    query = sa.select(CHECKS.c.alarm).where(*same, CHECKS.c.alarm.is_not(None))
    found = connection.execute(query.order_by(CHECKS.c.window_end.desc(), CHECKS.c.id.desc()).limit(WINDOWS))
    last = found.scalars().all()
    return len(last) == WINDOWS and all(last)


def start(settings: Settings, why: str, now: datetime) -> None:
    """Start the command by itself, on what is known now; its words go to a file of the state's folder."""
    words = ["--why", why, "--until", utc(now).isoformat()]
    command = [sys.executable, "-m", "src.lineage.retrain", *words]
    folder = settings.state / NAME
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "retrain.log").open("ab") as file:
        file.write(f"{clock(now)}: {why}\n".encode())
        file.flush()
        subprocess.run(  # noqa: S603 (the shell gets no text of ours to read, only words to run)
            ["/bin/sh", "-c", IN_THE_BACKGROUND, "sh", *command],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, start_new_session=True,
            check=True,
        )  # fmt: skip
