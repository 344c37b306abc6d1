"""a log -> new rows counted, closed windows judged, alerts moved on, messages sent: one run"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from src.journal.database import sqlite_file
from src.lineage.policy import POLICY, Policy, read_policy
from src.monitoring.alerts import advance
from src.monitoring.lock import alone
from src.monitoring.log import failing_as_sentence, log_of
from src.monitoring.measure import measure
from src.monitoring.outbox import Sent, send
from src.monitoring.progress import hold, note
from src.monitoring.settings import ROOT, Settings
from src.monitoring.versions import Version, read_versions
from src.monitoring.webhook import Webhook

RUN = "run"  # what is known of the last success
UNTOLD = ("last_success", "silence_hours", "minutes")  # in the line that says what a run did


class Monitor:
    """One log, its policy, and whom it tells."""

    def __init__(self, engine: sa.Engine, settings: Settings, policy: Policy) -> None:
        self.engine, self.settings, self.policy = engine, settings, policy
        address = settings.slack_webhook_url
        self.webhook = Webhook(address.get_secret_value()) if address else None
        self.file = sqlite_file(settings.journal_url)

    def run(self, now: datetime) -> dict[str, Any] | None:
        """Count, judge, move alerts on and send; return what was done, None where another monitor does it now."""
        with failing_as_sentence(), alone(self.engine, self.file) as mine:
            if not mine:
                return None
            versions = read_versions(self.settings.deliveries, self.settings.models)
            counted = measure(self.engine, versions, self.policy.monitoring, now)._asdict()
            moved = advance(self.engine, self.policy.monitoring.windows, now)
            # for gauges of the API, which reads neither the policy nor these settings
            rings = {"silence_hours": self.policy.monitoring.silence_hours, "minutes": self.settings.monitor_minutes}
            known = self.record(now, Sent(), last_success=now.isoformat(), **rings, **counted)
            started = self.retrain(versions[0], now) if self.policy.monitoring.retrain else {}
        return moved._asdict() | Sent()._asdict() | known | started | self.send(now)

    def retrain(self, champion: Version, now: datetime) -> dict[str, str]:
        """Start a retraining where an alert of the champion asks for one, and return why."""
        from src.monitoring.retraining import retrain_where_due

        why = retrain_where_due(self.engine, self.settings, champion.form_sha256, now)
        return {"retraining": why} if why else {}

    def send(self, now: datetime) -> dict[str, Any]:
        """Send what is due; return how many messages, and where something was due how the receiver is."""
        if self.webhook is None:
            return {}
        with failing_as_sentence():
            sent = send(self.engine, self.webhook, now)
            return sent._asdict() | (self.record(now, sent) if any(sent) else {})

    def record(self, now: datetime, sent: Sent, **changes: Any) -> dict[str, Any]:
        """Note what is known of the last success and of the receiver, and return it."""
        with self.engine.begin() as connection:
            known = hold(connection, RUN, now) or {}
            receiver = receiver_of(self.webhook is not None, sent, known.get("receiver"))
            note(connection, RUN, known := known | changes | {"receiver": receiver}, now)
        return dict(known)


def receiver_of(there: bool, sent: Sent, before: str | None) -> str:
    """Return how the receiver is: none, ok, failing or refused; where nothing was sent, as before."""
    if not there:
        return "none"
    if sent.refused or sent.failing:
        return "refused" if sent.refused else "failing"
    return before if before in ("failing", "refused") and not sent.delivered else "ok"


@contextmanager
def opened(settings: Settings) -> Iterator[Monitor]:
    """Yield the monitor of a deployment; raises LastroError where its log cannot be used."""
    with log_of(settings) as engine:
        monitor = Monitor(engine, settings, read_policy(ROOT / POLICY))
        try:
            yield monitor
        finally:
            if monitor.webhook:
                monitor.webhook.close()


def told(found: dict[str, Any] | None) -> str:
    """Return what a run did, in a line."""
    if found is None:
        return "another monitor works on this log now"
    shown = {name: value for name, value in found.items() if value and name not in UNTOLD}
    numbers = (f"{name.replace('_', ' ')} {value}" for name, value in shown.items())
    return ", ".join(numbers)
