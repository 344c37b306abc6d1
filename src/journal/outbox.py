"""what people are to be told -> table outbox, from which the monitor sends it; the API knows no receiver's address"""

from datetime import UTC, datetime
from typing import Literal, NamedTuple

import sqlalchemy as sa

from src.journal.identifiers import new_id
from src.journal.monitoring_tables import OUTBOX

Severity = Literal["info", "warning", "critical"]


class Waiting(NamedTuple):
    """How many messages have not reached their receiver, and how many of these it has refused for good."""

    undelivered: int
    refused: int


def enqueue(
    connection: sa.Connection,
    title: str,
    text: str,
    severity: Severity,
    alert_id: str | None = None,
    now: datetime | None = None,
    message_id: str | None = None,
) -> str:
    """Insert a message in the transaction of `connection` and return its id, which every attempt to send it bears.

    `alert_id` names the alert of which it tells; `now` (with its zone) and the id are the clock's by default.
    """
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    message = {
        "id": message_id or new_id(),
        "alert_id": alert_id,
        "created_at": moment,
        "severity": severity,
        "title": title,
        "text": text,
        "attempts": 0,
        "next_attempt_at": moment,
    }
    connection.execute(OUTBOX.insert().values(message))
    return str(message["id"])


def waiting(connection: sa.Connection) -> Waiting:
    """Return how many messages wait for their receiver."""
    query = sa.select(sa.func.count(), sa.func.count(OUTBOX.c.refused)).where(OUTBOX.c.delivered_at.is_(None))
    return Waiting(*connection.execute(query).one())
